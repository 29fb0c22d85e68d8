"""What makes documents count as changed besides their files: versions of our code and libraries."""

import ast
import sys
from importlib.metadata import packages_distributions

import pytest

from core.settings import ROOT
from ingest.publishing import plan
from ingest.publishing.plan import LIBRARIES, reading_fingerprint
from ingest.reading.formats import FORMATS, READERS, Reader

SHARED = ("ingest.reading.load", "ingest.reading.question_file", "ingest.passages.split")


def _fingerprints() -> dict[str, str]:
    return {name: reading_fingerprint(f"plan.nl{suffix}") for suffix, name in FORMATS.items()}


def _changed(before: dict[str, str]) -> set[str]:
    return {name for name, now in _fingerprints().items() if now != before[name]}


def test_formats_that_are_the_same_module_have_one_fingerprint_and_others_another() -> None:
    assert set(FORMATS.values()) == set(READERS)
    assert len(set(_fingerprints().values())) == len(READERS)
    assert reading_fingerprint("a.PDF") == reading_fingerprint("b/c.pdf")
    assert reading_fingerprint("plan.doc") == ""  # as of a format that was read once


@pytest.mark.parametrize("name", READERS)
def test_a_raised_version_changes_the_documents_of_its_format_alone(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = _fingerprints()
    reader = READERS[name]
    monkeypatch.setitem(READERS, name, Reader(reader.version + 1, reader.libraries))
    assert _changed(before) == {name}


def test_a_raised_version_of_what_all_share_changes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _fingerprints()
    monkeypatch.setattr(plan, "VERSION", plan.VERSION + 1)
    assert _changed(before) == set(READERS)


@pytest.mark.parametrize(
    ("library", "changed"),
    [
        ("pypdfium2", {"pdf"}),
        ("mammoth", {"docx"}),
        ("openpyxl", {"xlsx"}),
        ("python-pptx", {"pptx"}),
        ("sentencex", set(READERS)),
        ("numpy", set()),
    ],
)
def test_another_version_of_a_library_changes_the_formats_that_are_read_with_it(
    monkeypatch: pytest.MonkeyPatch, library: str, changed: set[str]
) -> None:
    before, real = _fingerprints(), plan.version
    plan._fingerprint.cache_clear()
    monkeypatch.setattr(plan, "version", lambda name: "99" if name == library else real(name))
    try:
        assert _changed(before) == changed
    finally:
        plan._fingerprint.cache_clear()


def test_every_library_that_files_are_read_with_is_counted() -> None:
    shared = _libraries(*SHARED)
    assert shared == set(LIBRARIES)
    for name, reader in READERS.items():
        assert _libraries(f"ingest.reading.formats.{name}") - shared == set(reader.libraries), name


def _libraries(*modules: str) -> set[str]:
    """The distributions that modules of ours import, themselves or by others of ours."""
    ahead, seen = list(modules), set[str]()
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += _imports(name)
    foreign = {name.partition(".")[0] for name in seen} - sys.stdlib_module_names
    names = packages_distributions()
    return {names[module][0].lower() for module in foreign - {"core", "ingest", "language"}}


def _imports(module: str) -> list[str]:
    """What a module of `ingest` or `language` imports; of any other nothing."""
    path = ROOT / module.replace(".", "/")
    file = next(
        (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), 0
    )
    if not file or module.partition(".")[0] not in ("ingest", "language"):
        return []
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found
