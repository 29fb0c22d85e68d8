"""Reads PDF: pages -> lines -> blocks -> headings -> Markdown; what a Council cover states."""

import ctypes
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
from pypdfium2 import raw

from core.errors import DocumentError, Fault
from ingest.reading.blocks import Parsed, Value
from ingest.reading.formats import markdown
from ingest.reading.formats.pdf_blocks import Footnote, blocks_of, body_size, take_notes
from ingest.reading.formats.pdf_columns import Flow, flows, in_lines
from ingest.reading.formats.pdf_headings import with_headings
from ingest.reading.formats.pdf_lines import PdfLine, underlines, without_running_lines
from ingest.reading.formats.pdf_markdown import Joiner, to_markdown
from ingest.reading.formats.pdf_page import Page, read_page
from ingest.reading.formats.pdf_tables import ruled_tables
from language.figures import calendar_day, day_in
from language.identify import OFFICIAL
from language.words import fold

log = logging.getLogger(__name__)

_FIELD = re.compile(r"^(Subject|Date|Language): (.+?)\.?\s*$", re.MULTILINE)
_NOT_SET = "Not Set"
_MOST = 2000  # elements of a page's tags; a damaged file may claim any number
_LONGEST = 20_000  # bytes of an alternative text, which get memory before any is read
_END = b"%%EOF"
_NEAR_END = 2048  # bytes; some programs write after the end mark, and Acrobat allows 1,024
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)")
_TITLE_PAGES = 2  # cover and title page, which must have the stated title; later pages name others
_SPACES = 2  # at least, in a stated title that replaces the shown one; with fewer it names a file


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a PDF. Raises DocumentError: it is damaged, needs a password or has no text."""
    with closing(_open(path, data)) as document:
        pages = [_read(path, document, number) for number in range(1, len(document) + 1)]
        stated = document.get_metadata_value("Title")
        created = _DATE.match(document.get_metadata_value("CreationDate"))
        cover = _read_cover(document)
    text, starts = _text(pages, bool(cover))
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
        date=calendar_day(*map(int, created.groups())) if created else None,
    )


def _open(path: Path, data: bytes) -> pypdfium2.PdfDocument:
    if not data:
        raise _damaged(path, "is empty")
    if _END not in data[-_NEAR_END:]:
        raise _damaged(path, "is cut off or no PDF (its end is missing)")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentError(
                path, None, "needs a password", "Save a copy without one and use that.", "password"
            ) from None
        raise _damaged(path, "is damaged or no PDF") from None
    if not len(document):
        raise _damaged(path, "has no pages", "no_text")
    return document


def _damaged(path: Path, problem: str, fault: Fault = "damaged") -> DocumentError:
    remedy = "Fetch the file again, or open it in a PDF program and save it again."
    return DocumentError(path, None, problem, remedy, fault)


def _read(path: Path, document: pypdfium2.PdfDocument, number: int) -> Page:
    try:
        return read_page(document, number)
    except pypdfium2.PdfiumError:
        raise _damaged(path, f"page {number} is damaged") from None


def _check_text(path: Path, pages: list[Page], text: str) -> None:
    if not any(map(str.isalnum, text)):  # at most the page numbers that a scanner adds
        problem = "has no text, only pictures of it (a scan)"
        remedy = "Have the text recognised, for example with: ocrmypdf scan.pdf text.pdf"
        raise DocumentError(path, None, problem, remedy, "scan")
    if empty := [page.number for page in pages if not page.words]:
        numbers = ", ".join(map(str, empty))
        log.warning("%s: no text on page %s (blank, or a picture)", path, numbers)


def _text(pages: list[Page], has_cover: bool) -> tuple[str, tuple[int, ...]]:
    """The Markdown of all pages, and the offsets at which they begin."""
    tables, without_tables = [], []
    for page in pages:
        found, words = ruled_tables(page)
        tables.append(found)
        without_tables.append(replace(page, words=words))
    gutters, of_pages = in_lines(without_tables)
    lines = without_running_lines(without_tables, of_pages)
    body = body_size(line for own in lines for line in own)
    in_order: list[Flow] = []
    notes: dict[int, list[Footnote]] = {0: []}
    for page, own, ruled, gutter in zip(pages, lines, tables, gutters, strict=True):
        before = notes[page.number - 1]
        content, notes[page.number], carried = take_notes(
            flows(own, ruled, page.rules, gutter), page.rules, body, before
        )
        if carried:
            before[-1] = replace(before[-1], lines=(*before[-1].lines, *carried))
        in_order += content

    def is_underlined(line: PdfLine) -> bool:
        return underlines(line, pages[line.page - 1].rules)

    blocks = with_headings(
        blocks_of(in_order, body), body, is_underlined=is_underlined, has_cover=has_cover
    )
    joiner = Joiner([line.text for own in lines for line in own])
    return to_markdown(blocks, notes, joiner, len(pages))


def _title(stated: str, text: str, shown: str) -> str:
    """The stated title, if the first pages have it (else it is a template's) and the title they
    show does not contain it; else the shown title."""
    title = " ".join(stated.split())
    is_there = bool(title) and fold(title) in fold(text) and fold(title) not in fold(shown)
    return title if is_there and (not shown or title.count(" ") >= _SPACES) else shown


def _read_cover(document: pypdfium2.PdfDocument) -> dict[str, Value]:
    """The title, language and date on the cover of the Council; empty without such a cover.

    The cover is a picture with an alternative text, which has lines such as "Subject: ..." and
    "Date: 24 June 2022.".
    """
    with closing(document[0]) as page:
        texts = list(_alternatives(page))
    for text in texts:
        stated = {name: " ".join(value.split()) for name, value in _FIELD.findall(text)}
        language = stated.get("Language", "").lower()
        if language in OFFICIAL and stated.get("Subject", _NOT_SET) != _NOT_SET:
            return {
                "title": stated["Subject"],
                "language": language,
                "date": day_in(stated.get("Date", ""), language),
            }
    return {}


def _alternatives(page: pypdfium2.PdfPage) -> Iterator[str]:
    """The alternative texts of the figures of a page."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return
    try:
        for element in islice(_elements(tree), _MOST):
            length = raw.FPDF_StructElement_GetAltText(element, None, 0)
            if 2 < length <= _LONGEST:
                buffer = ctypes.create_string_buffer(length)
                raw.FPDF_StructElement_GetAltText(element, buffer, length)
                yield buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
    finally:
        raw.FPDF_StructTree_Close(tree)


def _elements(tree: Any) -> Iterator[Any]:
    """All elements of the tags of a page."""
    left = [
        raw.FPDF_StructTree_GetChildAtIndex(tree, index)
        for index in range(raw.FPDF_StructTree_CountChildren(tree))
    ]
    while left:
        element = left.pop()
        if element:
            yield element
            count = min(raw.FPDF_StructElement_CountChildren(element), _MOST)
            left += [raw.FPDF_StructElement_GetChildAtIndex(element, n) for n in range(count)]
