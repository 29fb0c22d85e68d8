"""Data flows one way: every import of ours points to a package further down."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "core": set(),
    "prompts": {"core"},
    "vectorstore": {"core"},
    "ingest": {"vectorstore", "core"},
    "chain": {"vectorstore", "prompts", "core"},
    "eval": {"chain", "ingest", "vectorstore", "prompts", "core"},
    "ui": {"chain", "eval", "ingest", "vectorstore", "prompts", "core"},
    "app": {"ui"},
    "command": {"chain", "eval", "ingest", "vectorstore", "prompts", "core"},
}
ONLY_HERE = {"chromadb": "vectorstore/chroma.py", "tantivy": "vectorstore/keyword.py"}


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def _files(package: str) -> list[Path]:
    return [ROOT / "app.py"] if package == "app" else sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_arrow_points_back(package: str) -> None:
    files = _files(package)
    assert files
    for file in files:
        ours = _imports(file) & MAY_IMPORT.keys() - {package}
        assert ours <= MAY_IMPORT[package], f"{file.relative_to(ROOT)} imports {sorted(ours)}"


@pytest.mark.parametrize(("library", "place"), ONLY_HERE.items())
def test_a_store_has_one_importer(library: str, place: str) -> None:
    importers = {
        str(file.relative_to(ROOT))
        for package in MAY_IMPORT
        for file in _files(package)
        if library in _imports(file)
    }
    assert importers == {place}


def test_only_settings_read_the_environment() -> None:
    readers = {
        str(file.relative_to(ROOT))
        for package in MAY_IMPORT
        for file in _files(package)
        if any(word in file.read_text("utf-8") for word in ("os.environ", "getenv"))
    }
    assert readers == {"core/settings.py"}
