"""What makes documents count as changed besides their files: the code and the libraries."""

import ast
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from ingest.publishing import fingerprint


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    fingerprint.splitter_fingerprint.cache_clear()
    yield
    fingerprint.splitter_fingerprint.cache_clear()


def test_another_version_of_a_library_that_reads_files_is_another_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = fingerprint.splitter_fingerprint()
    fingerprint.splitter_fingerprint.cache_clear()
    real = fingerprint.version
    monkeypatch.setattr(
        fingerprint, "version", lambda name: "99" if name == "pypdfium2" else real(name)
    )
    assert fingerprint.splitter_fingerprint() != before


def test_a_comment_or_docstring_is_none_and_other_code_is_another() -> None:
    plain = "def cut(text):\n    return text[:9]\n"
    told = (
        '"""Cuts."""\n\n# because\ndef cut(text):\n    """Nine."""\n    return text[:9]  # nine\n'
    )
    assert fingerprint.meaning(plain) == fingerprint.meaning(told)
    assert fingerprint.meaning(plain) != fingerprint.meaning(plain.replace("9", "8"))
    assert fingerprint.meaning("class A:\n    x = 1") != fingerprint.meaning("class A:\n    x = 2")


def test_a_comment_in_the_splitter_changes_no_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = fingerprint.splitter_fingerprint()
    for file in fingerprint.code_files():
        copy = tmp_path / file.relative_to(fingerprint.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    splitter = tmp_path / "ingest/passages/split.py"
    for added, same in (("# a remark\n", True), ("TARGET_TOKENS = 9\n", False)):
        splitter.write_text(splitter.read_text("utf-8") + added, "utf-8")
        fingerprint.splitter_fingerprint.cache_clear()
        assert (fingerprint.splitter_fingerprint() == before) is same


def test_every_library_that_the_code_reads_with_is_counted() -> None:
    imported = set[str]()
    for file in fingerprint.code_files():
        if file.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    foreign = imported - sys.stdlib_module_names - {"core", "ingest", "language"}
    names = packages_distributions()
    assert {names[module][0].lower() for module in foreign} == set(fingerprint.LIBRARIES)
