"""What is read of files of every format is as recorded, or a version says that it is not; every run
of five words that is kept stands in the file itself.

Where a test says that a file is read differently, it says what to do: documents that are in use are
read anew only when a version is raised.
"""

from pathlib import Path

import pytest

from core.settings import ROOT
from ingest.reading.formats import FORMATS, READERS
from ingest.reading.load import load
from tests.support.readings import RAISE, files, reading, recorded
from tests.support.words_of_files import look_up

DATA = ROOT / "tests" / "data"
FILES = (
    *sorted((DATA / "formats").glob("*.nl.*")), *sorted((DATA / "pdf").glob("*.pdf")),
    *sorted(DATA.glob("*.*")), *sorted((ROOT / "corpus").rglob("*.md")),
)  # fmt: skip


@pytest.mark.parametrize("name", files())
def test_a_file_is_read_as_recorded(name: str) -> None:
    assert reading(files()[name]) == recorded().get(name), f"{name} is not as recorded. {RAISE}"


def test_every_format_is_recorded_and_looked_up_and_nothing_that_is_gone() -> None:
    assert recorded().keys() == files().keys(), RAISE
    assert {FORMATS[path.suffix] for path in files().values()} == set(READERS)
    assert {FORMATS[path.suffix] for path in FILES} == set(READERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_kept_of_a_file_stands_in_it_word_for_word(path: Path) -> None:
    document = load(path)
    found = look_up(path, document)
    assert found.runs > 20
    assert found.missing == ()
    changed = document.text.replace(" de ", " da ").replace(" the ", " tha ")
    assert look_up(path, document.model_copy(update={"text": changed})).missing
