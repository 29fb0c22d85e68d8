"""Data flows one way: every import of ours points to a room further down."""

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_BELOW_CHAIN = ("vectorstore", "prompts", "language", "core")
_BELOW_INGEST = ("vectorstore", "language", "core")
_BELOW_DRAFTS = ("chain/reading", "chain/model", "chain/request.py", *_BELOW_CHAIN)
MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "core": (),
    "language": ("core",),
    "userdata": ("language", "core"),
    "prompts": ("language", "core"),
    "vectorstore": ("language", "core"),
    "ingest/reading": _BELOW_INGEST,
    "ingest/passages": ("ingest/reading", *_BELOW_INGEST),
    "ingest/publishing": ("ingest/passages", "ingest/reading", *_BELOW_INGEST),
    "ingest/official": ("core",),
    "ingest/commands": ("ingest", *_BELOW_INGEST),
    "chain/model": ("chain/request.py", *_BELOW_CHAIN),
    "chain/understanding": ("chain/model", *_BELOW_CHAIN),
    "chain/reading": ("chain/understanding", "chain/request.py", *_BELOW_CHAIN),
    "chain/request.py": ("chain/reading/quotables.py", *_BELOW_CHAIN),
    "chain/writing": _BELOW_DRAFTS,
    "chain/checking": _BELOW_DRAFTS,
    "chain/proposing.py": ("chain/reading", "chain/model", *_BELOW_CHAIN),
    "chain/answer": ("chain/writing", "chain/checking", "chain/understanding", *_BELOW_DRAFTS),
    "ingest": _BELOW_INGEST,
    "chain": _BELOW_CHAIN,
    "eval": ("userdata", "chain", "ingest", *_BELOW_CHAIN),
    "research": ("eval", "userdata", "chain", "ingest", *_BELOW_CHAIN),
    "ui": ("eval", "userdata", "chain", "ingest", *_BELOW_CHAIN),
    "api": ("userdata", "chain", *_BELOW_CHAIN),
    "app.py": ("ui", "api"),
    "command": ("api", "eval", "userdata", "chain", "ingest", *_BELOW_CHAIN),
}
"""Of each room those that it may import, besides itself."""
PACKAGES = tuple(dict.fromkeys(room.partition("/")[0] for room in MAY_IMPORT))
ONLY_HERE = {
    "chromadb": "vectorstore/chroma.py",
    "opentelemetry": "core/telemetry*.py",
    "prometheus_client": "core/telemetry_sdk.py",
}


@functools.cache
def _imports(file: Path, *, for_types: bool = True) -> tuple[str, ...]:
    """The modules that a file imports, at its top or later, dotted; with those of types alone."""
    return tuple(_imported(ast.parse(file.read_text("utf-8")), for_types))


def _imported(tree: ast.Module, for_types: bool) -> Iterator[str]:
    for_checkers = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not for_types and node in for_checkers:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                inside = ROOT.joinpath(*node.module.split("."), alias.name)
                is_module = inside.is_dir() or inside.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def _files(room: str) -> list[Path]:
    place = ROOT / room
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def _place(module: str) -> str:
    """Where a module of ours is, as a path; empty for others."""
    path = module.replace(".", "/")
    if path.partition("/")[0] not in PACKAGES:
        return ""
    return path if (ROOT / path).is_dir() else f"{path}.py"


def _is_in(place: str, room: str) -> bool:
    return place == room or place.startswith(f"{room}/")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_arrow_points_back(room: str) -> None:
    files = _files(room)
    assert files
    for file in files:
        for place in filter(None, map(_place, _imports(file))):
            allowed = any(_is_in(place, one) for one in (room, *MAY_IMPORT[room]))
            assert allowed, f"{file.relative_to(ROOT)} imports {place}"


def test_no_module_is_in_a_circle() -> None:
    """Imports within functions count; a package that imports its own modules is no circle."""
    arrows = {
        file.relative_to(ROOT).as_posix(): {
            place for place in map(_place, _imports(file, for_types=False)) if place.endswith(".py")
        }
        for package in PACKAGES
        for file in _files(package)
    }
    assert arrows["app.py"]
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


def test_every_package_has_a_room() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == {package for package in PACKAGES if not package.endswith(".py")}


@pytest.mark.parametrize(("library", "place"), ONLY_HERE.items())
def test_a_store_has_one_importer(library: str, place: str) -> None:
    importers = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in _files(package)
        if any(module.partition(".")[0] == library for module in _imports(file))
    }
    assert importers == {str(file.relative_to(ROOT)) for file in ROOT.glob(place)}


def test_only_settings_read_the_environment() -> None:
    """core/environment.py sets what libraries read there, and reads nothing itself."""
    users = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in _files(package)
        if any(word in file.read_text("utf-8") for word in ("os.environ", "getenv"))
    }
    assert users == {"core/settings.py", "core/environment.py"}
    assert "environ.get(" not in (ROOT / "core/environment.py").read_text("utf-8")
    assert "environ[" not in (ROOT / "core/environment.py").read_text("utf-8")


def test_all_daemon_threads_are_begun_where_their_end_is_seen_to() -> None:
    """`core.background.begin`: one that the end of the interpreter cuts off in native code would
    abort the process."""
    makers = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in _files(package)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if (isinstance(node, ast.keyword) and node.arg == "daemon")
        or (isinstance(node, ast.Attribute) and node.attr in ("daemon", "setDaemon"))
    }
    assert makers == {"core/background.py"}


def test_what_serves_reads_its_settings_in_one_way() -> None:
    """By `current`, which is the same for pages, API and the assistant that answers."""
    serving = [*_files("ui"), *_files("api"), *_files("app.py")]
    assert [file.name for file in serving if "Settings()" in file.read_text("utf-8")] == []


def test_a_module_is_one_subject_and_needs_no_headlines() -> None:
    """Comments that stand alone between blank lines at the left margin."""
    headline = re.compile(r"(?:\A|\n\n)(#(?!!)[^\n]*)(?:\n#[^\n]*)*(?=\n\n|\n?\Z)")
    headed = {
        str(file.relative_to(ROOT)): found
        for package in PACKAGES
        for file in _files(package)
        if (found := headline.findall(file.read_text("utf-8")))
    }
    assert headed == {}


def test_tests_share_what_is_in_support_and_import_no_other_tests() -> None:
    importers = {
        str(file.relative_to(ROOT)): found
        for file in (ROOT / "tests").rglob("*.py")
        if (found := re.findall(r"^from tests\.\S*\btest_\w+", file.read_text("utf-8"), re.M))
    }
    assert importers == {}


def test_without_a_model_its_client_is_not_loaded() -> None:
    """It takes a fifth of a second, at every start."""
    told = "import chain.assistant, ui.chat.page, sys; print('openai' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split()[-1] == "False"
