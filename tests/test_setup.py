"""A fresh machine: what the Makefile, the lock and the settings of Streamlit promise."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from core.settings import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_every_package_in_the_lock_has_hashes_and_no_address_of_an_index() -> None:
    packages = re.split(r"\n(?=\S)", LOCK.partition("\n\n")[2] or LOCK)
    pinned = [package for package in packages if "==" in package.splitlines()[0]]
    assert len(pinned) > 100
    assert all("--hash=sha256:" in package for package in pinned)
    assert "://" not in LOCK
    assert "--index-url" not in LOCK
    assert "--find-links" not in LOCK


def test_every_declared_dependency_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!~\[ ]", dependency)[0] for dependency in wanted}
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.M))
    assert names <= locked


def test_every_package_of_ours_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    ours = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for top in ("core", "ingest", "prompts", "vectorstore", "chain", "ui", "eval")
        for file in (ROOT / top).rglob("__init__.py")
    }
    assert set(declared["packages"]) == ours


def test_help_lists_every_chore_once() -> None:
    printed = _make("help").stdout
    for chore in ("chat", "ingest", "eval", "test", "test-model", "lint", "format", "help"):
        assert len(re.findall(rf"^  make {chore}(?!\S)", printed, re.M)) == 1


@pytest.mark.parametrize(
    ("fails_on", "message"),
    [
        ("ensurepip", "apt install python3-venv"),
        ("version_info", "Python 3.11, 3.12 or 3.13 is needed"),
    ],
)
def test_a_missing_prerequisite_is_named_with_its_remedy(
    tmp_path: Path, fails_on: str, message: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *{fails_on}*) exit 1;; esac\n', "utf-8")
    python.chmod(0o755)
    result = _make(f"PYTHON={python}", f"VENV={tmp_path / 'venv'}", "ingest")
    assert result.returncode != 0
    assert message in result.stderr


def test_a_missing_python_is_named_with_its_remedy(tmp_path: Path) -> None:
    result = _make("PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}", "ingest")
    assert result.returncode != 0
    assert "Install Python 3.11" in result.stderr


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


def test_telemetry_is_off() -> None:
    streamlit = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert streamlit["browser"]["gatherUsageStats"] is False
    assert "anonymized_telemetry=False" in (ROOT / "vectorstore" / "chroma.py").read_text("utf-8")


def test_the_readme_shows_the_two_commands_and_real_files() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make chat" in readme
    assert "make test" in readme
    for path in re.findall(r"\]\(((?!http)[^)#]+)", readme):
        assert (ROOT / path).exists(), path


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_no_secret_or_index_is_tracked() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    assert not [path for path in tracked if path == ".env" or path.startswith(("data/", ".venv/"))]
