"""Every run of five words that is kept stands in the file itself, in every format."""

from pathlib import Path

import pytest

from core.settings import ROOT
from ingest.reading import formats
from ingest.reading.load import load
from tests.support.words_of_files import look_up

DATA = ROOT / "tests" / "data"
FILES = (
    *sorted((DATA / "formats").glob("*.nl.*")), *sorted((DATA / "pdf").glob("*.pdf")),
    *sorted(DATA.glob("*.*")), *sorted((ROOT / "corpus").rglob("*.md")),
)  # fmt: skip


def test_a_file_of_each_format_is_looked_at() -> None:
    assert {formats.FORMATS[path.suffix] for path in FILES} == set(formats.READERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_kept_of_a_file_stands_in_it_word_for_word(path: Path) -> None:
    document = load(path)
    found = look_up(path, document)
    assert found.runs > 20
    assert found.missing == ()
    changed = document.text.replace(" de ", " da ").replace(" the ", " tha ")
    assert look_up(path, document.model_copy(update={"text": changed})).missing
