"""Headings of a PDF, found by type size, weight and numbering, and their levels."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.reading.formats.legal_lines import Division, division
from ingest.reading.formats.pdf_blocks import PdfBlock
from ingest.reading.formats.pdf_lines import PdfLine
from ingest.reading.noise import is_general_heading

_LARGER = 1.08  # of the body's type size: 12 points to 11 (1.09) is larger, rounding is not
_NUMBERING = re.compile(
    r"(?P<decimal>\d{1,2}(?:\.\d{1,2})*)(?:[.)]\s|\s)|(?P<roman>[IVX]+)[.)]\s|(?P<letter>[A-Z])[.)]\s"
)
_ENCLOSED = re.compile(r"[(\[].*[)\]]|[“‘„«\"].*[”’“»\"]", re.DOTALL)
_WIDE = 2.2  # of the type size: words this far apart do not belong together

_DEEPEST = 6  # levels of headings in Markdown

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
_NO_TITLE = re.compile(r"(?:\S+ ){0,4}\(?\d{1,4}[./ -]{1,2}\S{1,12}[./ -]{1,2}\d{2,4}\b")  # a date
_SPACES_OF_TITLE = 2  # in a title; with fewer, as a name or a logo has, it comes second


@dataclass(frozen=True)
class _Look:
    """The style that headings of one level share; `numbering` is its kind, with its depth."""

    size: float
    bold: bool
    italic: bool
    capitals: bool
    numbering: str = ""
    underlined: bool = False


@dataclass(frozen=True)
class _Heading:
    """A look, and the part of an act that the heading begins, if any."""

    look: _Look
    part: Division | None

    @property
    def depth(self) -> int:
        """The depth of a decimal number: 2 for "2.1"; 0 without one."""
        numbering = self.look.numbering
        return 1 + numbering.count(".") if numbering.startswith("decimal") else 0


def with_headings(
    blocks: Sequence[PdfBlock],
    body: float,
    *,
    is_underlined: Callable[[PdfLine], bool],
    has_cover: bool,
) -> list[PdfBlock]:
    """The blocks of a document whose running text has the type size `body`, in which headings are
    marked with their level (1-6); `has_cover`: the first page is a form that is filled in.

    The title has level 1. A number or the kind of a part gives the depth; without these larger type
    has a higher level, and of equal type what comes first. What stands on a cover or above the
    title is no heading.
    """
    merged = _merged(blocks, body)
    found = _headings(merged, body, is_underlined)
    start = next((n for n, block in enumerate(merged) if _is_running(block)), len(merged))
    title = _title_heading({n: h for n, h in found.items() if n < start}, merged, has_cover)
    if title < 0 and not has_cover and (title := _title_above(found, merged)) >= 0:
        found = {title: _Heading(_look_of(merged[title]), None), **found}
    if start < len(merged):
        looks = {h.look for n, h in found.items() if n >= start - 1}
        found = {
            number: heading
            for number, heading in found.items()
            if number >= start - 1
            or number == title
            or (number > title and _is_in_text(heading, looks, merged[number], has_cover))
        }
    levels = _levels_of(found, title)
    return [
        replace(block, kind="heading", level=levels[number]) if number in levels else block
        for number, block in enumerate(merged)
    ]


def _part_of(block: PdfBlock) -> Division | None:
    """The part of an act that a block begins, if its first line is only its label."""
    found = division(block.lines[0].text)
    return found if found and (found.alone or all(line.bold for line in block.lines)) else None


def _look_of(block: PdfBlock) -> _Look:
    return _Look(
        size=round(2 * block.lines[0].size) / 2,
        bold=all(line.bold for line in block.lines),
        italic=all(line.italic for line in block.lines),
        capitals=block.text.isupper(),
        numbering=_numbering_of(block),
    )


def _numbering_of(block: PdfBlock) -> str:
    """The kind of numbering a text begins with: "decimal", "decimal.", "roman", "letter" or ""."""
    match = _NUMBERING.match(block.text)
    if match is None or match.lastgroup is None:
        return ""
    return match.lastgroup + "." * match[match.lastgroup].count(".")


def _is_apart(block: PdfBlock) -> bool:
    """Whether a block is a remark, a quotation, or things beside each other."""
    if _ENCLOSED.fullmatch(block.text) and not _part_of(block):
        return True
    last = block.lines[-1]  # the others may be stretched to the full width
    words = last.words[1:] if _numbering_of(block) else last.words
    return any(b.left - a.right > _WIDE * last.size for a, b in pairwise(words))


def _levels_of(found: Mapping[int, _Heading], title: int) -> dict[int, int]:
    """The level of each heading: one more than the number of headings above it."""
    order = _order([heading.look for heading in found.values()])
    levels: dict[int, int] = {}
    above: list[_Heading] = []
    for number, heading in found.items():
        if number == title:
            levels[number], above = 1, []
            continue
        while above and not _is_above(above[-1], heading, order):
            above.pop()
        levels[number] = min(_DEEPEST, len(above) + 2)
        above.append(heading)
    return levels


def _is_above(upper: _Heading, lower: _Heading, order: dict[_Look, int]) -> bool:
    """Whether the one is above the other in the outline."""
    if upper.part and lower.part:
        return upper.part.rank < lower.part.rank
    if upper.part or lower.part:
        is_larger = upper.look.size >= _LARGER * lower.look.size
        is_smaller = lower.look.size >= _LARGER * upper.look.size
        return is_larger or (upper.part is not None and not is_smaller)
    if upper.depth and lower.depth:
        return upper.depth < lower.depth
    return order[upper.look] < order[lower.look]


def _order(looks: Sequence[_Look]) -> dict[_Look, int]:
    """Ranks styles: larger type first, then the first to occur. A style without numbering ranks
    like the first such style with it."""
    numbered = {replace(look, numbering=""): look for look in reversed(looks) if look.numbering}
    same = {look: numbered.get(look, look) for look in looks}
    ranks = sorted(dict.fromkeys(same.values()), key=lambda look: -look.size)
    places = {look: place for place, look in enumerate(ranks)}
    return {look: places[rank] for look, rank in same.items()}


def _headings(
    blocks: Sequence[PdfBlock], body: float, is_underlined: Callable[[PdfLine], bool]
) -> dict[int, _Heading]:
    """The headings by the index of their block."""
    found: dict[int, _Heading] = {}
    for number, block in enumerate(blocks[:-1]):  # the last heads nothing
        if block.table or not _may_be_heading(block):
            continue
        part = _part_of(block)
        if _stands_out(block, body) or part:
            found[number] = _Heading(_look_of(block), part)
        elif block.lines[0].size > _NOT_SMALLER * body and all(map(is_underlined, block.lines)):
            found[number] = _Heading(replace(_look_of(block), underlined=True), part)
    captions = {h.look for n, h in found.items() if blocks[n + 1].table is not None}
    captions -= {h.look for n, h in found.items() if blocks[n + 1].table is None}
    return {n: heading for n, heading in found.items() if heading.look not in captions}


def _is_in_text(
    heading: _Heading, looks: Collection[_Look], block: PdfBlock, has_cover: bool
) -> bool:
    """Whether a heading above all running text belongs to the text, not to a cover."""
    if heading.part or heading.look.numbering:
        return True
    return heading.look in looks and not (has_cover and block.page == 1)


def _is_running(block: PdfBlock) -> bool:
    """Whether a block is running text, not a line of a cover."""
    is_long = len(block.lines) > 1 and len(block.text) >= _RUNNING
    return is_long and block.text.rstrip(_AFTER_END).endswith(_NO_HEADING)


def _title_heading(found: dict[int, _Heading], blocks: Sequence[PdfBlock], has_cover: bool) -> int:
    """The index of the title among the first headings, or -1: the largest; of equally large ones
    the first of several words, else the first; not one such as "Summary"."""

    def rank(number: int) -> tuple[float, bool, int]:
        is_long = blocks[number].text.count(" ") >= _SPACES_OF_TITLE
        return found[number].look.size, is_long, -number

    return max(
        (
            number
            for number, heading in found.items()
            if not (heading.part or heading.look.numbering)
            and sum(map(str.isalpha, blocks[number].text)) >= _TITLE
            and not _NO_TITLE.match(blocks[number].text)
            and not is_general_heading(blocks[number].text)
            and not (has_cover and blocks[number].page == 1)
        ),
        key=rank,
        default=-1,
    )


def _title_above(found: Mapping[int, _Heading], blocks: Sequence[PdfBlock]) -> int:
    """The index of the largest text above the first heading, where that is no title ("Summary") and
    is on the first page; -1 if there is none or it is running text."""
    first = min(found, default=0)
    if first not in found or blocks[first].page > 1 or not is_general_heading(blocks[first].text):
        return -1
    above = [
        number
        for number, block in enumerate(blocks[:first])
        if block.kind == "paragraph"
        and sum(map(str.isalpha, block.text)) >= _TITLE
        and block.text.count(" ") >= _SPACES_OF_TITLE
        and len(block.text) <= _LONGEST_HEADING[True]
        and not block.text.rstrip().endswith(_NO_HEADING)
        and not _NO_TITLE.match(block.text)
    ]
    return max(above, key=lambda number: (blocks[number].lines[0].size, -number), default=-1)


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
    if above.table or below.table or above.page != below.page or _part_of(below):
        return False
    if _numbering_of(below) or below.kind == "item" or _is_apart(below) or _is_apart(above):
        return False
    gap = below.lines[0].base - above.lines[-1].base
    size = max(above.lines[-1].size, below.lines[0].size)
    if not 0 < gap < _NEAR * size:
        return False
    part = _part_of(above)
    if part and part.alone and len(above.lines) == 1:
        return _may_be_heading(below) and len(below.lines) <= _MAX_LINES
    if not (_stands_out(above, body) and _stands_out(below, body)):
        return False
    if gap < _CLOSE * size and replace(_look_of(above), numbering="") == _look_of(below):
        return True
    fits = len(above.text) + len(below.text) <= _LONGEST_TITLE
    return fits and _is_centred((*above.lines, *below.lines))


def _is_centred(lines: Sequence[PdfLine]) -> bool:
    """Whether lines of different length have the same centre."""
    middles = [(line.left + line.right) / 2 for line in lines]
    lefts = [line.left for line in lines]
    return max(middles) - min(middles) < _CENTRED < max(lefts) - min(lefts)


def _may_be_heading(block: PdfBlock) -> bool:
    """Whether the words of a block may be a heading: no sentence, not all in parentheses or quotes,
    not beginning with a small letter."""
    text = block.text
    numbering = _numbering_of(block)
    return (
        len(block.lines) <= _MAX_LINES + 2 * (block.page <= 3)
        and len(text) <= _LONGEST_TITLE
        and not text.rstrip(_AFTER_END).endswith(_NO_HEADING)
        and any(len(word) > 2 for word in re.findall(r"[^\W\d_]+", text))
        and (block.kind != "item" or bool(numbering))
        and not (_LOWER.match(text) and not numbering)
        and not _is_apart(block)
        and not _SENTENCES.search(_NUMBERING.sub("", text, count=1))
    )


def _stands_out(block: PdfBlock, body: float) -> bool:
    """Whether a block has the type or the numbering of a heading."""
    text, look = block.text, _look_of(block)
    size = block.lines[0].size
    is_larger = size >= _LARGER * body
    if len(text) > _LONGEST_HEADING[is_larger] * (2 if block.page <= 3 else 1):
        return False
    is_styled = look.bold or look.italic or (look.capitals and look.numbering)
    return is_larger or (size > _NOT_SMALLER * body and bool(is_styled or "." in look.numbering))
