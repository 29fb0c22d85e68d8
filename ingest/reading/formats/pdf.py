"""PDF: the text of its pages in reading order, as Markdown.

    pdf_page      characters -> words with place and style
    pdf_drawing   ruled lines, and bullets that are drawn
    pdf_tables    words within ruled lines, and cells in columns -> tables
    pdf_lines     words -> lines
    pdf_running_lines  lines -> those without running headers and page numbers
    pdf_columns   lines -> flows in reading order
    pdf_notes     flows -> footnotes apart
    pdf_blocks    flows -> paragraphs, list items, tables, over columns and pages
    pdf_headings  which of them are headings
    pdf_markdown  blocks and footnotes -> text and where pages begin

A PDF states where marks are on paper, not what they are; all else is inferred (decision 10).
"""

import datetime
import logging
import re
from collections.abc import Collection
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from core.errors import DocumentError
from ingest.reading.formats import markdown
from ingest.reading.formats.blocks import Parsed
from ingest.reading.formats.pdf_blocks import blocks_of, body_size
from ingest.reading.formats.pdf_columns import Flow, flows
from ingest.reading.formats.pdf_cover import read_cover
from ingest.reading.formats.pdf_drawing import Box
from ingest.reading.formats.pdf_headings import with_headings
from ingest.reading.formats.pdf_hyphens import Joiner
from ingest.reading.formats.pdf_lines import PdfLine, underlines
from ingest.reading.formats.pdf_markdown import to_markdown
from ingest.reading.formats.pdf_notes import Footnote, take_notes
from ingest.reading.formats.pdf_page import Page, read_page
from ingest.reading.formats.pdf_running_lines import without_running_lines
from ingest.reading.formats.pdf_tables import ruled_tables
from language.dates import calendar_day
from language.matching import fold

log = logging.getLogger(__name__)

_END = b"%%EOF"
_NEAR_END = 2048  # bytes; some programs write after the end mark, and Acrobat allows 1,024
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)")
_TITLE_PAGES = 2  # cover and title page, which must have the stated title; later pages name others
_SPACES = 2  # at least, in a stated title that replaces the shown one; with fewer it names a file
_BOOKMARKS = 10_000  # as many as a document may have headings (limits.py)
_AGAIN = "Fetch the file again, or open it in a PDF program and save it again"


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a PDF.

    Raises:
        DocumentError: it is damaged, needs a password or has no text.
    """
    document = _open(path, data)
    try:
        pages = [_read(path, document, number) for number in range(1, len(document) + 1)]
        stated, created = (
            document.get_metadata_value("Title"),
            document.get_metadata_value("CreationDate"),
        )
        cover = read_cover(document)
        bookmarks = {fold(entry.get_title()) for entry in islice(document.get_toc(), _BOOKMARKS)}
    finally:
        document.close()
    text, starts = _text(pages, bookmarks, bool(cover))
    _check_text(path, pages, text)
    parsed = markdown.read(text)
    return replace(
        parsed,
        page_starts=starts,
        stated=cover,
        title=_title(
            stated,
            text[: starts[_TITLE_PAGES]] if len(starts) > _TITLE_PAGES else text,
            next((b.title for b in parsed.blocks if b.kind == "heading" and b.level == 1), ""),
        ),
        date=_date(created),
    )


def _open(path: Path, data: bytes) -> pypdfium2.PdfDocument:
    if not data:
        raise DocumentError(path, None, "is empty", f"{_AGAIN}.", "damaged")
    if _END not in data[-_NEAR_END:]:
        problem = "is cut off or no PDF (its end is missing)"
        raise DocumentError(path, None, problem, f"{_AGAIN}.", "damaged")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentError(
                path, None, "needs a password", "Save a copy without one and use that.", "password"
            ) from None
        raise DocumentError(path, None, "is damaged or no PDF", f"{_AGAIN}.", "damaged") from None
    if not len(document):
        raise DocumentError(path, None, "has no pages", f"{_AGAIN}.", "no_text")
    return document


def _read(path: Path, document: pypdfium2.PdfDocument, number: int) -> Page:
    try:
        return read_page(document, number)
    except pypdfium2.PdfiumError:
        raise DocumentError(
            path, None, f"page {number} is damaged", f"{_AGAIN}.", "damaged"
        ) from None


def _check_text(path: Path, pages: list[Page], text: str) -> None:
    if not any(map(str.isalnum, text)):  # at most the page numbers that a scanner adds
        raise DocumentError(
            path,
            None,
            "has no text, only pictures of it (a scan)",
            "Have the text recognised, for example with: ocrmypdf scan.pdf text.pdf",
            "scan",
        )
    if empty := [page.number for page in pages if not page.words]:
        numbers = ", ".join(map(str, empty))
        log.warning("%s: no text on page %s (blank, or a picture)", path, numbers)


def _text(
    pages: list[Page], bookmarks: Collection[str], has_cover: bool
) -> tuple[str, tuple[int, ...]]:
    """The Markdown of all pages, and the offsets at which they begin."""
    tables, without_tables = [], []
    boxes: dict[int, list[Box]] = {}
    for page in pages:
        found, boxes[page.number], words = ruled_tables(page)
        tables.append(found)
        without_tables.append(replace(page, words=words))
    lines = without_running_lines(without_tables)
    body = body_size(line for own in lines for line in own)
    in_order: list[Flow] = []
    notes: dict[int, list[Footnote]] = {0: []}
    for page, own, ruled in zip(pages, lines, tables, strict=True):
        before = notes[page.number - 1]
        content, notes[page.number], carried = take_notes(
            flows(own, ruled), page.rules, body, before
        )
        if carried:
            before[-1] = replace(before[-1], lines=(*before[-1].lines, *carried))
        in_order += content

    def is_boxed(line: PdfLine) -> bool:
        return any(
            box.left < line.left < box.right and box.top < line.base < box.bottom
            for box in boxes[line.page]
        )

    def is_underlined(line: PdfLine) -> bool:
        return underlines(line, pages[line.page - 1].rules)

    blocks = with_headings(
        blocks_of(in_order, body),
        body,
        bookmarks=bookmarks,
        is_boxed=is_boxed,
        is_underlined=is_underlined,
        has_cover=has_cover,
    )
    joiner = Joiner([line.text for own in lines for line in own])
    return to_markdown(blocks, notes, joiner, len(pages))


def _title(stated: str, text: str, shown: str) -> str:
    """The stated title, if the first pages have it (else it is a template's) and the title they
    show does not contain it; else the shown title."""
    title = " ".join(stated.split())
    is_there = bool(title) and fold(title) in fold(text) and fold(title) not in fold(shown)
    return title if is_there and (not shown or title.count(" ") >= _SPACES) else shown


def _date(created: str) -> datetime.date | None:
    match = _DATE.match(created)
    return calendar_day(int(match[1]), int(match[2]), int(match[3])) if match else None
