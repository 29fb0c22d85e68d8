"""A fresh machine: what the Makefile, the lock and the settings of Streamlit promise."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import cache_from_source
from pathlib import Path

import chromadb
import pytest

from core import VERSION
from core.settings import ROOT, Settings
from vectorstore import chroma

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
DEV_LOCK = (ROOT / "requirements-dev.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LEFT_OUT = PROJECT["tool"]["uv"]["exclude-dependencies"]


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True
    )


@pytest.mark.parametrize("lock", [LOCK, DEV_LOCK])
def test_every_package_in_a_lock_has_hashes_and_no_address_of_an_index(lock: str) -> None:
    packages = re.split(r"\n(?=\S)", lock.partition("\n\n")[2] or lock)
    pinned = [package for package in packages if "==" in package.splitlines()[0]]
    assert len(pinned) > 100
    assert all("--hash=sha256:" in package for package in pinned)
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock
    assert len(LEFT_OUT) > 3  # what others require in vain
    assert not {*LEFT_OUT} & _pinned(lock).keys()


def _pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.M))


def test_every_declared_dependency_is_in_its_lock_and_those_of_the_tests_only_in_theirs() -> None:
    project = PROJECT["project"]
    names, dev = (
        {re.split(r"[<>=!~\[ ]", dependency)[0] for dependency in wanted}
        for wanted in (project["dependencies"], project["optional-dependencies"]["dev"])
    )
    assert names <= _pinned(LOCK).keys()
    assert dev - names <= _pinned(DEV_LOCK).keys() - _pinned(LOCK).keys()
    assert _pinned(LOCK).items() <= _pinned(DEV_LOCK).items()


WITHOUT = """
import pkgutil, sys
left_out, packages = (names.split() for names in sys.argv[1:])
sys.modules.update(dict.fromkeys(left_out))  # so importing one is an error
for package in packages:
    for module in pkgutil.walk_packages([package], f"{package}."):
        if not module.name.endswith((".__main__", ".env")):  # these run something
            __import__(module.name)
from chain.__main__ import main
sys.exit(main(["Wat is EMPACT?"]))
"""


@pytest.mark.long
def test_what_is_left_out_is_told_and_not_missed(settings: Settings) -> None:
    told = (ROOT / "docs/dependencies.md").read_text("utf-8")
    assert not [name for name in LEFT_OUT if not re.search(rf"^\|[^|]*\b{name}\b", told, re.M)]
    no_product = {"tests", "research"}
    packages = sorted({file.parent.name for file in ROOT.glob("*/__init__.py")} - no_product)
    command = [sys.executable, "-c", WITHOUT, " ".join(LEFT_OUT), " ".join(packages)]
    environment = {**os.environ, "STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[1]" in done.stdout


def test_no_page_shows_a_data_frame() -> None:
    """For that Streamlit needs packages that are left out."""
    frames = r"\bst\.(dataframe|data_editor|table|\w+_chart|map)\("
    pages = {file: file.read_text("utf-8") for file in (ROOT / "ui").rglob("*.py")}
    assert len(pages) > 20
    found = [call for text in pages.values() for call in re.findall(frames, text)]
    assert found == []


def test_the_checkout_is_what_runs() -> None:
    """A package would lack app.py, .streamlit/ and corpus/, and a command in it would not work."""
    assert PROJECT["tool"]["setuptools"]["packages"] == []
    assert "package-data" not in PROJECT["tool"]["setuptools"]
    assert not {"scripts", "gui-scripts", "entry-points"} & PROJECT["project"].keys()


def test_the_version_is_in_one_place_and_the_newest_of_the_changelog() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "core.VERSION"}
    told = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert told is not None
    assert told[1] == VERSION


def test_help_lists_every_chore_once() -> None:
    printed = _make("help").stdout
    tests = ("test", "test-all", "test-model", "lint")
    for chore in ("chat", "install", "ingest", "eval", *tests, "format", "lock", "help"):
        assert len(re.findall(rf"^  make {chore}(?!\S)", printed, re.M)) == 1


def test_what_is_installed_for_a_service_is_compiled(tmp_path: Path) -> None:
    """The account of the service may not write there, so it would compile at every start."""
    python = tmp_path / ".venv" / "bin" / "python"
    ours = [tmp_path / name for name in ("app.py", "ours/__init__.py", "ours/below/part.py")]
    theirs = tmp_path / ".venv" / "lib" / "theirs.py"
    template = theirs.with_name("template.py")
    for file in (*ours, theirs, template, python):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{{ name }} =" if file == template else "x = 1\n", "utf-8")
    python.unlink()
    python.symlink_to(sys.executable)
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv" / ".installed").touch()
    result = subprocess.run(["make", "install"], cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert not [file for file in (*ours, theirs) if not Path(cache_from_source(file)).exists()]


@pytest.mark.parametrize(
    ("fails_on", "message"),
    [
        ("ensurepip", "apt install python3-venv"),
        ("version_info", "Python 3.11, 3.12 or 3.13 is needed"),
        ("", "Install Python 3.11"),
    ],
)
def test_a_missing_prerequisite_is_named(tmp_path: Path, fails_on: str, message: str) -> None:
    """What fails for a Python, or that there is none."""
    python = tmp_path / "python"
    if fails_on:
        python.write_text(f'#!/bin/sh\ncase "$*" in *{fails_on}*) exit 1;; esac\n', "utf-8")
        python.chmod(0o755)
    result = _make(f"PYTHON={python}", f"VENV={tmp_path / 'venv'}", "ingest")
    assert result.returncode != 0
    assert message in result.stderr


def test_streamlit_reports_no_use() -> None:
    """As Streamlit itself reads its settings here."""
    command = [sys.executable, "-m", "streamlit", "config", "show"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall("^.*gatherUsageStats = .*$", shown, re.M) == ["gatherUsageStats = false"]


@pytest.mark.parametrize(
    ("client", "url"), [("PersistentClient", ""), ("HttpClient", "http://chroma.example:8000")]
)
def test_chroma_reports_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str, url: str
) -> None:
    """Whatever variables of its own are in the environment."""
    monkeypatch.setenv("CHROMA_OTEL_GRANULARITY", "all")
    monkeypatch.setenv("CHROMA_OTEL_COLLECTION_ENDPOINT", "http://elsewhere.example:4317")
    asked_with = []
    monkeypatch.setattr(chromadb, client, lambda **options: asked_with.append(options["settings"]))
    chroma.connect(Settings(data_dir=tmp_path, chroma_url=url))
    assert [settings.anonymized_telemetry for settings in asked_with] == [False]
    assert [settings.chroma_otel_granularity for settings in asked_with] == ["none"]


def test_onnxruntime_reports_no_use(settings: Settings, tmp_path: Path) -> None:
    """It keeps an identifier in the home folder before it reports; told not to, it makes none."""
    ask = "import sys; from pathlib import Path; from vectorstore.e5 import e5, keep_in; " + (
        "keep_in(Path(sys.argv[1])); print(len(e5().vector('Wat is EMPACT?')))"
    )
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-c", ask, settings.data_dir / "model"]
    environment = {"HOME": str(home)}  # no more: in what looks like CI it reports nothing anyway
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "384\n"
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize(("published", "served"), [(True, True), (False, False)])
def test_chat_serves_what_was_published_when_a_document_is_bad(
    tmp_path: Path, published: bool, served: bool
) -> None:
    """The Python of this environment has no index, and an ingest of which one document fails."""
    python, index = tmp_path / "bin/python", tmp_path / "index"
    python.parent.mkdir()
    python.write_text(
        f"""#!/bin/sh
case "$*" in
  *status) test -e {index} ;;
  *ingest) echo "NOT TAKEN: bad.md"; {f"touch {index};" if published else ""} exit 1 ;;
  *streamlit*) echo served ;;
esac
""",
        "utf-8",
    )
    python.chmod(0o755)
    (tmp_path / ".installed").touch()
    result = _make(f"VENV={tmp_path}", "chat")
    assert "NOT TAKEN: bad.md" in result.stdout
    assert ("served" in result.stdout) == served
    assert (result.returncode == 0) == served


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_no_secret_or_index_is_tracked() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    assert not [path for path in tracked if path == ".env" or path.startswith(("data/", ".venv/"))]
