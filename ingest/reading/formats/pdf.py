"""Reads PDF: pages -> lines -> blocks -> headings -> Markdown; the cover's title and date.

"Document Cover Page. / Subject: ... / Date: 24 June 2022. / Language: EN." in lines of their own.
"""

import ctypes
import datetime
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pypdfium2
from pypdfium2 import raw

from core.errors import DocumentError
from ingest.reading.clean import Parsed, Value
from ingest.reading.formats import markdown
from ingest.reading.formats.legal_lines import Division, division
from ingest.reading.formats.pdf_blocks import (
    Flow,
    PdfBlock,
    blocks_of,
    body_size,
    flows,
    in_lines,
    without_running_lines,
)
from ingest.reading.formats.pdf_lines import LIST_MARK, PdfLine, ruled_tables, underlines
from ingest.reading.formats.pdf_markdown import Footnote, Joiner, take_notes, to_markdown
from ingest.reading.formats.pdf_page import Box, Page, read_page
from language.dates import calendar_day, day_in
from language.matching import fold
from language.official import OFFICIAL

# Metadata on the cover of a PDF of the Council, which is a picture with an alternative text.


_FIELD = re.compile(r"^(Subject|Date|Language): (.+?)\.?\s*$", re.MULTILINE)
_NOT_SET = "Not Set"
_MOST = 2000  # elements of a page's tags; a damaged file may claim any number
_LONGEST = 20_000  # bytes of an alternative text, which get memory before any is read


def read_cover(document: pypdfium2.PdfDocument) -> dict[str, Value]:
    """The title, language and date on the cover; empty without such a cover."""
    page = document[0]
    try:
        texts = list(_alternatives(page))
    finally:
        page.close()
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


# PDF: the text of its pages in reading order, as Markdown.


log = logging.getLogger(__name__)

_END = b"%%EOF"
_NEAR_END = 2048  # bytes; some programs write after the end mark, and Acrobat allows 1,024
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)")
_TITLE_PAGES = 2  # cover and title page, which must have the stated title; later pages name others
_SPACES = 2  # at least, in a stated title that replaces the shown one; with fewer it names a file
_BOOKMARKS = 10_000  # as many as a document may have headings (ingest/reading/clean.py)
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


# Headings of a PDF, by how their lines look, and their levels.


# What tells a heading of a PDF from text: the style of a block (no table), its numbering, the part
# of an act that it begins.


LARGER = 1.08  # of the body's type size: 12 points to 11 (1.09) is larger, rounding is not
NUMBERING = re.compile(
    r"(?P<decimal>\d{1,2}(?:\.\d{1,2})*)(?:[.)]\s|\s)|(?P<roman>[IVX]+)[.)]\s|(?P<letter>[A-Z])[.)]\s"
)
_ENCLOSED = re.compile(r"[(\[].*[)\]]|[“‘„«\"].*[”’“»\"]", re.DOTALL)
_WIDE = 2.2  # of the type size: words this far apart do not belong together


@dataclass(frozen=True)
class Look:
    """The style that headings of one level share; `numbering` is its kind, with its depth."""

    size: float
    bold: bool
    italic: bool
    capitals: bool
    numbering: str = ""
    underlined: bool = False


def text_of(block: PdfBlock) -> str:
    return " ".join(line.text for line in block.lines)


def part_of(block: PdfBlock) -> Division | None:
    """The part of an act that a block begins, if its first line is only its label."""
    found = division(block.lines[0].text)
    return found if found and (found.alone or all(line.bold for line in block.lines)) else None


def look_of(block: PdfBlock, *, plain: bool = False) -> Look:
    """The style of a block; `plain`: without its numbering."""
    return Look(
        size=round(2 * block.lines[0].size) / 2,
        bold=all(line.bold for line in block.lines),
        italic=all(line.italic for line in block.lines),
        capitals=text_of(block).isupper(),
        numbering="" if plain else numbering_of(block),
    )


def numbering_of(block: PdfBlock) -> str:
    """The kind of numbering a text begins with: "decimal", "decimal.", "roman", "letter" or ""."""
    match = NUMBERING.match(text_of(block))
    if match is None or match.lastgroup is None:
        return ""
    return match.lastgroup + "." * match[match.lastgroup].count(".")


def is_bullet(block: PdfBlock) -> bool:
    mark = LIST_MARK.fullmatch(block.lines[0].words[0].text)
    return mark is not None and mark["bullet"] is not None and all(w.bold for w in block.lines)


def is_apart(block: PdfBlock) -> bool:
    """Whether a block is a remark, a quotation, or things beside each other."""
    if _ENCLOSED.fullmatch(text_of(block)) and not part_of(block):
        return True
    last = block.lines[-1]  # the others may be stretched to the full width
    is_numbered = len(block.lines) == 1 and (numbering_of(block) or is_bullet(block))
    words = last.words[1:] if is_numbered else last.words
    return any(b.left - a.right > _WIDE * last.size for a, b in pairwise(words))


# The levels of the headings of a PDF: by numbering, kind of part, and type size.


_DEEPEST = 6  # levels of headings in Markdown


@dataclass(frozen=True)
class Heading:
    """A look, and the part of an act that the heading begins, if any."""

    look: Look
    part: Division | None

    @property
    def depth(self) -> int:
        """The depth of a decimal number: 2 for "2.1"; 0 without one."""
        numbering = self.look.numbering
        return 1 + numbering.count(".") if numbering.startswith("decimal") else 0


def levels_of(found: Mapping[int, Heading], title: int) -> dict[int, int]:
    """The level of each heading: one more than the number of headings above it."""
    order = _order([heading.look for heading in found.values()])
    levels: dict[int, int] = {}
    above: list[Heading] = []
    for number, heading in found.items():
        if number == title:
            levels[number], above = 1, []
            continue
        above = _above(heading, above, order)
        levels[number] = min(_DEEPEST, len(above) + 2)
        above.append(heading)
    return levels


def _above(heading: Heading, path: Sequence[Heading], order: dict[Look, int]) -> list[Heading]:
    """The headings of a path that are above another one in the outline."""
    for place, other in enumerate(path):
        if other == heading or (heading.depth and other.depth == heading.depth):
            return list(path[:place])
    kept = list(path)
    while kept and not _is_above(kept[-1], heading, order):
        kept.pop()
    if heading.depth > 1:
        shallower = [n for n, other in enumerate(path) if 0 < other.depth < heading.depth]
        return list(path[: shallower[-1] + 1]) if shallower else kept
    return kept


def _is_above(upper: Heading, lower: Heading, order: dict[Look, int]) -> bool:
    if upper.part and lower.part:
        return upper.part.rank < lower.part.rank
    if upper.part or lower.part:
        is_larger = upper.look.size >= LARGER * lower.look.size
        is_smaller = lower.look.size >= LARGER * upper.look.size
        return is_larger or (upper.part is not None and not is_smaller)
    if upper.depth and lower.depth:
        return upper.depth < lower.depth
    return order[upper.look] < order[lower.look]


def _order(looks: Sequence[Look]) -> dict[Look, int]:
    """Ranks styles: larger type first, then the first to occur. A style without numbering ranks
    like the first such style with it."""
    numbered: dict[Look, Look] = {}
    for look in looks:
        if look.numbering:
            numbered.setdefault(replace(look, numbering=""), look)
    same = {look: numbered.get(look, look) for look in looks}
    ranks = sorted(dict.fromkeys(same.values()), key=lambda look: -look.size)
    places = {look: place for place, look in enumerate(ranks)}
    return {look: places[rank] for look, rank in same.items()}


# Finds the headings of a PDF: by type size, weight and numbering.


_NOT_SMALLER = 0.95  # of the body's type size: less is a note; sizes are rounded
# Characters of a heading, in larger type or not; more is text.
_LONGEST_HEADING = {True: 300, False: 160}
_LONGEST_TITLE = 600  # characters; titles of acts have several lines, more is a paragraph
_MAX_LINES = 6  # of a heading; more is a paragraph in bold type
_NO_HEADING = (".", ";", ",", ":", "-")
_AFTER_END = "”’‘“»\"'⁰¹²³⁴⁵⁶⁷⁸⁹▌▐* "
_LOWER = re.compile(r"[“‘\"'(\[]*[a-zà-öø-ÿα-ωа-я]")
_SENTENCES = re.compile(r"[^\W\d_]{3}[.!?][”’»\"]?\s+[“‘„«\"]?[^\W\d_a-zà-öø-ÿα-ωа-я]")
_CLOSE = 1.6  # of the type size, between the lines of a heading: farther may be the next one
_NEAR = 4.0  # of the type size, between the lines of a centred title, which are set far apart
_CENTRED = 8.0  # points: middles this near are one, left ends this near are aligned
_RUNNING = 120  # characters of a paragraph of running text; covers have shorter ones as well
_TITLE = 8  # letters; fewer are a logo, a kind of document or a number
_SPACES_OF_TITLE = 2  # in a title; with fewer, as a name or a logo has, it comes second
_NO_TITLE = re.compile(r"(?:\S+ ){0,4}\(?\d{1,4}[./ -]{1,2}\S{1,12}[./ -]{1,2}\d{2,4}\b")  # a date


def with_headings(
    blocks: Sequence[PdfBlock],
    body: float,
    *,
    bookmarks: Collection[str],
    is_boxed: Callable[[PdfLine], bool],
    is_underlined: Callable[[PdfLine], bool],
    has_cover: bool,
) -> list[PdfBlock]:
    """The blocks, in which headings are marked with their level (1-6).

    The title has level 1. A number or the kind of a part gives the depth; without these larger type
    has a higher level, and of equal type what comes first. What stands on a cover or above the
    title is no heading.

    Args:
        blocks: of the whole document.
        body: the type size of its running text.
        bookmarks: the titles in the file's outline, folded: a line that is one of them need not
            stand out.
        is_boxed: whether a line stands in a drawn box.
        is_underlined: whether all of a line is underlined.
        has_cover: whether the first page is a form that is filled in.
    """
    merged = _merged(blocks, body)
    found = _headings(merged, body, bookmarks, is_boxed, is_underlined)
    start = next((n for n, block in enumerate(merged) if _is_running(block)), len(merged))
    title = _title_heading({n: h for n, h in found.items() if n < start}, merged, has_cover)
    if start < len(merged):
        looks = {h.look for n, h in found.items() if n >= start - 1}
        found = {
            number: heading
            for number, heading in found.items()
            if number >= start - 1
            or number == title
            or (number > title and _is_in_text(heading, looks, merged[number], has_cover))
        }
    levels = levels_of(found, title)
    return [
        replace(block, kind="heading", level=levels[number]) if number in levels else block
        for number, block in enumerate(merged)
    ]


def _headings(
    blocks: Sequence[PdfBlock],
    body: float,
    bookmarks: Collection[str],
    is_boxed: Callable[[PdfLine], bool],
    is_underlined: Callable[[PdfLine], bool],
) -> dict[int, Heading]:
    """The headings by the index of their block."""
    found: dict[int, Heading] = {}
    for number, block in enumerate(blocks[:-1]):  # the last heads nothing
        if block.table or not _may_be_heading(block) or any(map(is_boxed, block.lines)):
            continue
        part = part_of(block)
        if _stands_out(block, body) or part or fold(text_of(block)) in bookmarks:
            found[number] = Heading(look_of(block), part)
        elif block.lines[0].size > _NOT_SMALLER * body and all(map(is_underlined, block.lines)):
            found[number] = Heading(replace(look_of(block), underlined=True), part)
    captions = {h.look for n, h in found.items() if blocks[n + 1].table is not None}
    captions -= {h.look for n, h in found.items() if blocks[n + 1].table is None}
    return {
        number: heading
        for number, heading in found.items()
        if heading.look not in captions and not _is_listed(heading, found.get(number + 1))
    }


def _is_listed(heading: Heading, below: Heading | None) -> bool:
    """Whether parts are only listed, as in a table of correlations."""
    return bool(heading.part and below and below.part and heading.part.rank == below.part.rank > 0)


def _is_in_text(
    heading: Heading, looks: Collection[Look], block: PdfBlock, has_cover: bool
) -> bool:
    """Whether a heading above all running text belongs to the text, not to a cover."""
    if heading.part or heading.look.numbering:
        return True
    return heading.look in looks and not (has_cover and block.page == 1)


def _is_running(block: PdfBlock) -> bool:
    """Whether a block is running text, not a line of a cover."""
    if block.table or len(block.lines) < 2:
        return False
    text = text_of(block)
    return len(text) >= _RUNNING and text.rstrip(_AFTER_END).endswith(_NO_HEADING)


def _title_heading(found: dict[int, Heading], blocks: Sequence[PdfBlock], has_cover: bool) -> int:
    """The index of the title among the first headings, or -1: the largest; of equally large ones
    the first of several words, else the first."""

    def rank(number: int) -> tuple[float, bool, int]:
        is_long = text_of(blocks[number]).count(" ") >= _SPACES_OF_TITLE
        return found[number].look.size, is_long, -number

    return max(
        (
            number
            for number, heading in found.items()
            if not (heading.part or heading.look.numbering)
            and sum(map(str.isalpha, text_of(blocks[number]))) >= _TITLE
            and not _NO_TITLE.match(text_of(blocks[number]))
            and not (has_cover and blocks[number].page == 1)
        ),
        key=rank,
        default=-1,
    )


def _merged(blocks: Sequence[PdfBlock], body: float) -> list[PdfBlock]:
    """The blocks, with the lines of a heading that is broken on purpose joined."""
    merged: list[PdfBlock] = []
    for block in blocks:
        if merged and _is_one_heading(merged[-1], block, body):
            merged[-1] = replace(merged[-1], lines=merged[-1].lines + block.lines)
        else:
            merged.append(block)
    return merged


def _is_one_heading(above: PdfBlock, below: PdfBlock, body: float) -> bool:
    if above.table or below.table or above.page != below.page or part_of(below):
        return False
    if numbering_of(below) or below.kind == "item" or is_apart(below) or is_apart(above):
        return False
    gap = below.lines[0].base - above.lines[-1].base
    size = max(above.lines[-1].size, below.lines[0].size)
    if not 0 < gap < _NEAR * size:
        return False
    part = part_of(above)
    if part and part.alone and len(above.lines) == 1:
        return _may_be_heading(below) and len(below.lines) <= _MAX_LINES
    if not (_stands_out(above, body) and _stands_out(below, body)):
        return False
    if gap < _CLOSE * size and look_of(above, plain=True) == look_of(below):
        return True
    fits = len(text_of(above)) + len(text_of(below)) <= _LONGEST_TITLE
    return fits and _is_centred((*above.lines, *below.lines))


def _is_centred(lines: Sequence[PdfLine]) -> bool:
    """Whether lines of different length have the same centre."""
    middles = [(line.left + line.right) / 2 for line in lines]
    lefts = [line.left for line in lines]
    return max(middles) - min(middles) < _CENTRED < max(lefts) - min(lefts)


def _may_be_heading(block: PdfBlock) -> bool:
    """Whether the words of a block may be a heading: no sentence, not all in parentheses or quotes,
    not beginning with a small letter."""
    text = text_of(block)
    unmarked = text.split(" ", 1)[-1] if is_bullet(block) else text
    numbering = numbering_of(block)
    return (
        len(block.lines) <= _MAX_LINES + 2 * (block.page <= 3)
        and len(text) <= _LONGEST_TITLE
        and not text.rstrip(_AFTER_END).endswith(_NO_HEADING)
        and any(len(word) > 2 for word in re.findall(r"[^\W\d_]+", text))
        and (block.kind != "item" or bool(numbering) or is_bullet(block))
        and not (_LOWER.match(unmarked) and not numbering)
        and not is_apart(block)
        and not _SENTENCES.search(NUMBERING.sub("", text, count=1))
    )


def _stands_out(block: PdfBlock, body: float) -> bool:
    """Whether a block has the type or the numbering of a heading."""
    text, look = text_of(block), look_of(block)
    size = block.lines[0].size
    is_larger = size >= LARGER * body
    if len(text) > _LONGEST_HEADING[is_larger] * (2 if block.page <= 3 else 1):
        return False
    is_styled = look.bold or look.italic or (look.capitals and look.numbering)
    return is_larger or (size > _NOT_SMALLER * body and bool(is_styled or "." in look.numbering))
