"""Every run of five words that is kept stands in the file itself, in every format."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from pptx import Presentation
from reportlab.lib.pagesizes import A5
from reportlab.platypus import ListFlowable, Paragraph, SimpleDocTemplate

from core.settings import ROOT
from ingest.reading import formats
from ingest.reading.load import load
from tests.support import pdf_files
from tests.support.office_files import open_text, word
from tests.support.words_of_files import look_up, look_up_in, source_text

DATA = ROOT / "tests" / "data"
FILES = (
    *sorted((DATA / "formats").glob("*.nl.*")), *sorted((DATA / "pdf").glob("*.pdf")),
    *sorted(DATA.glob("*.*")), *sorted((ROOT / "corpus").rglob("*.md")),
)  # fmt: skip

# Dashes, stars and dots within lines are words of a text, whatever they mean at its beginning.
LINES = (
    "Het beleid – zoals in 2019 – geldt voor onderzoeks- en ontwikkelingswerk - ook later.",
    "Onderzoeks- en ontwikkelingsbeleid – voor 2021 – 2025 wordt door de Commissie herzien;",
    "camera's in metro- en treinstations * en in bussen * worden door de politie bekeken;",
    "uit in- en uitvoer van 3 - 4 miljard euro per jaar — of meer — blijkt een stijging.",
)
ITEMS = "".join(f"<li>{line}</li>" for line in LINES[1:])
PAGE = f"<html><body><h1>Het plan</h1><p>{LINES[0]}</p><ul>{ITEMS}</ul></body></html>"
MARKDOWN = "\n\n".join((LINES[0], *(f"- {line}" for line in LINES[1:])))


def written(path: Path, text: str = PAGE) -> Path:
    path.write_text(text, "utf-8")
    return path


def word_file(path: Path) -> None:
    def write(file: Any) -> None:
        file.add_heading("Het plan", 1)
        file.add_paragraph(LINES[0])
        for line in LINES[1:]:
            file.add_paragraph(line, style="List Bullet")

    word(path, write)


def open_document(path: Path) -> None:
    items = "".join(
        f"<text:list-item><text:p>{line}</text:p></text:list-item>" for line in LINES[1:]
    )
    open_text(path, f"<text:p>{LINES[0]}</text:p><text:list>{items}</text:list>")


def slides(path: Path) -> None:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Het plan"
    slide.placeholders[1].text = "\n".join(LINES)
    presentation.save(str(path))


def workbook(path: Path) -> None:
    file = Workbook()
    moment = datetime.datetime(2020, 7, 24, 9, 30)
    for number, line in enumerate(LINES):
        cells = [line, number / 3, 0.39, 10**16, moment.date(), moment, moment.time()]
        file.active.append(cells)
        file.active.cell(number + 1, 3).number_format = "0.0%"
    file.save(path)


def pdf(path: Path) -> None:
    first, *items = (Paragraph(line, pdf_files.BODY) for line in LINES)
    SimpleDocTemplate(str(path), pagesize=A5).build([first, ListFlowable(items, "bullet")])


FORMATS: dict[str, Callable[[Path], object]] = {
    ".html": written,
    ".htm": written,
    ".xhtml": written,
    ".md": lambda path: written(path, f"---\nid: a\n---\n\n{MARKDOWN}"),
    ".markdown": lambda path: written(path, f"---\nid: a\n---\n\n{MARKDOWN}"),
    ".txt": lambda path: written(path, "\n\n".join(LINES)),
    ".docx": word_file,
    ".odt": open_document,
    ".pptx": slides,
    ".xlsx": workbook,
    ".pdf": pdf,
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_kept_of_a_file_stands_in_it_word_for_word(path: Path) -> None:
    found = look_up(path, load(path))
    assert found.runs > 20
    assert found.missing == ()


def test_every_format_is_looked_at() -> None:
    assert set(FORMATS) == set(formats.FORMATS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_words_dashes_and_stars_are_kept_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plan.nl{suffix}"
    FORMATS[suffix](path)
    document = load(path)
    found = look_up(path, document)
    assert found.missing == ()
    assert found.runs >= sum(len(line.split()) - 4 for line in LINES)
    for text, other in (
        ("zoals in 2019", "zoals in 2018"),
        (" – geldt", " geldt"),
        ("onderzoeks- en", "onderzoeksen"),
    ):
        assert document.text.count(text) == 1
        changed = document.text.replace(text, other.ljust(len(text)))
        missing = look_up(path, document.model_copy(update={"text": changed})).missing
        assert any(other.strip() in run for run in missing)


TEXT = "The markets of the Union grow as in 2019."


@pytest.mark.parametrize(
    "page",
    [
        "The mar-\nkets of the Union\ngrow as in 2019.",
        "The markets of the Union grow\n12\nPage 3 of 4\nas in 2019.",
        "The\u00a0markets of the Un\u00adion grow as in\u200b 2019.",
    ],
    ids=["hyphen", "foot of a page", "what nobody sees"],
)
def test_what_a_page_adds_to_its_text_is_nothing_that_is_missing(page: str) -> None:
    assert look_up_in(TEXT, page).missing == ()


@pytest.mark.parametrize(
    "page",
    [
        '<p>The markets(1) of the <a href="#n2">(2)</a>Union ▼M1 grow ►C1 as◄ in 2019.</p>',
        '<p>The markets<a href="#n1"><sup>1</sup></a> of the Un&shy;ion <b>grow</b> as in 2019.',
        "<p>The markets of the Union<script>alert(1)</script> grow <!-- ! -->as in 2019.</p>",
    ],
)
def test_marks_of_notes_and_of_changes_are_no_words_of_a_page(tmp_path: Path, page: str) -> None:
    source = source_text(written(tmp_path / "a.html", page))
    assert look_up_in(TEXT, source).missing == ()
    assert look_up_in(TEXT.replace("the", "a"), source).missing
