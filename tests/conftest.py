"""Fixtures: real settings, real indexes; nothing that we ship is replaced by a fake."""

import gc
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from chain.reading.confidence import Chance
from core import background
from core.settings import ROOT, Settings
from tests.support.apps import begin_anew
from tests.support.kept import MODEL, Kept, copy_index, ingested
from tests.support.small import Small
from tests.support.waiting import until
from vectorstore.e5 import E5

if TYPE_CHECKING:  # each takes time to load, and most tests need neither
    from playwright.sync_api import Browser

    from tests.support.databases import Postgresql
    from tests.support.openai_server import Script
    from userdata.database import Database

# What takes longest begins first, so that no worker is left alone with it; but while a worker makes
# the index over the bundled briefs the others do what needs none.
FOLDERS = ("faults", "browser", "servers", "ui", "index", "unit", "policy")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers on two cores: part of a run is waiting for browsers and servers."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by its folder, and puts them in its order."""
    for item in items:
        item.add_marker(item.path.parent.name)
    items.sort(key=lambda item: FOLDERS.index(item.path.parent.name))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Looking for garbage among what is loaded here and stays took a tenth of the whole."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    """Tests do not depend on the variables or the `.env` of whoever runs them."""
    for name in list(os.environ):
        if name.startswith(("STRATEGIEWIJZER_", "OPENAI_")):
            del os.environ[name]
    Settings.model_config["env_file"] = None
    Settings.model_config["secrets_dir"] = ()


@pytest.fixture(autouse=True)
def _a_start_of_its_own() -> None:
    """Settings that hold from the start of a process hold from that of a test."""
    begin_anew()


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """A test ends when the work has that a process would not end without, such as to warm up the
    assistant of pages and then forget what is old: not in a store that the next test removes."""
    yield
    until(
        lambda: (
            not [
                one
                for one in threading.enumerate()
                if isinstance(one, background._Thread) and one.stop is None
            ]
        ),
        "what the test began in the background is done",
    )


@pytest.fixture(autouse=True)
def _the_program_stays() -> Iterator[None]:
    """Streamlit puts the script of a page in the place of the program, which a process that is
    spawned later would run."""
    program = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = program


# All that an index over the bundled briefs is made by.
_MAKERS = ("core", "corpus", "ingest", "language", "vectorstore", "requirements.lock")
# All that the vector of a text is made by.
_EMBEDDER = ("vectorstore/e5.py", "requirements.lock")

_MAKE = """
import sys
from pathlib import Path
from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.kept import Kept
Settings.model_config["env_file"] = None
with Kept(Path(sys.argv[2])).in_place():
    ingest(Settings(data_dir=Path(sys.argv[1]), corpus_dirs=(Path("corpus"),)))
"""


def _fingerprint(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for top in (ROOT / name for name in names):
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _kept(config: pytest.Config, name: str, made_by: tuple[str, ...]) -> Path:
    """A folder of pytest's cache for what is made by this code; that of other code is removed."""
    folder = config.cache.mkdir(name)
    kept = folder / _fingerprint(made_by)
    with FileLock(folder / "lock"):
        if not kept.exists():
            for old in (path for path in folder.iterdir() if path.is_dir()):
                shutil.rmtree(old)
            kept.mkdir()
    return kept


@pytest.fixture(scope="session")
def kept_indexes(pytestconfig: pytest.Config) -> Path:
    """The folder with indexes that tests made before."""
    return _kept(pytestconfig, "indexes", _MAKERS)


@pytest.fixture(scope="session")
def vectors(pytestconfig: pytest.Config) -> Path:
    """The file with vectors that tests computed before."""
    return _kept(pytestconfig, "vectors", _EMBEDDER) / "vectors.sqlite"


@pytest.fixture(autouse=True, scope="session")
def made_once(vectors: Path) -> Iterator[Kept]:
    """Vectors and reading processes that tests share."""
    found = Kept(vectors)
    with found.in_place():
        yield found


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first statement is given as the answer, however likely it is."""
    monkeypatch.setattr(Chance, "is_sure", True)


@pytest.fixture
def nothing_kept(made_once: Kept) -> Iterator[None]:
    """For tests of the embedder and of reading processes: each is computed and started anew."""
    with made_once.set_aside():
        yield


@pytest.fixture(scope="session")
def settings(
    kept_indexes: Path,
    vectors: Path,
    tmp_path_factory: pytest.TempPathFactory,
    _no_settings_from_outside: None,
) -> Settings:
    """Settings of an index over the bundled briefs: do not ingest into it.

    It is built once per state of the code that builds it, by a process of its own, and kept in
    pytest's cache; each session, and each of several workers, has a copy.
    """
    made = kept_indexes / "bundled"
    with FileLock(kept_indexes / "lock"):
        if not made.exists():
            making = kept_indexes / "making"
            subprocess.run([sys.executable, "-c", _MAKE, making, vectors], cwd=ROOT, check=True)
            making.rename(made)
    data = tmp_path_factory.mktemp("data") / "index"
    copy_index(made, data)
    return Settings(data_dir=data, corpus_dirs=(ROOT / "corpus",))


@pytest.fixture(scope="session")
def give_model(pytestconfig: pytest.Config) -> Callable[[Path], Path]:
    """Gives a new data folder the embedding model, so that no process makes it anew, in .7 s of a
    processor; returns the folder."""
    made = _kept(pytestconfig, "model", _EMBEDDER) / "data"
    with FileLock(made.with_name("lock")):
        if not made.exists():
            E5(made / MODEL)

    def give(data_dir: Path) -> Path:
        copy_index(made, data_dir)
        return data_dir

    return give


@pytest.fixture
def small(tmp_path: Path, give_model: Callable[[Path], Path]) -> Small:
    """Writes these files (name -> text) into a folder of their own; returns settings for it.

    Called again it changes the files; nothing is ingested yet.
    """
    data_dir = give_model(tmp_path / "data")

    def make(files: Mapping[str, str]) -> Settings:
        folder = tmp_path / "documents"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            if old.is_file():
                old.unlink()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        return Settings(data_dir=data_dir, corpus_dirs=(folder,), documents_dir=folder)

    return make


@pytest.fixture
def indexed(small: Small, kept_indexes: Path) -> Small:
    """As `small`, and they are ingested; an index that a test made before is copied."""

    def make(files: Mapping[str, str]) -> Settings:
        settings = small(files)
        ingested(settings, files, kept_indexes)
        return settings

    return make


@pytest.fixture
def server() -> Iterator["Script"]:
    """The server of a scripted model."""
    from tests.support.openai_server import openai_server

    with openai_server() as script:
        yield script


@pytest.fixture(scope="session")
def postgresql() -> Iterator["Postgresql"]:
    """One server for all tests of a worker."""
    from tests.support.databases import running_postgresql

    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kept_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Database"]:
    """An empty database of each kind."""
    from userdata.database import Database

    server = request.param == "postgresql" and request.getfixturevalue("postgresql")
    found = Database(tmp_path / "data", server.new_database() if server else "")
    yield found
    found.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One browser for all tests; each opens pages of its own."""
    from tests.support.browser import started

    with started() as found:
        yield found


@pytest.fixture(scope="session")
def address(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the app on the bundled briefs."""
    from tests.support.browser import served

    with served(settings.data_dir, tmp_path_factory.mktemp("app") / "log") as found:
        yield found
