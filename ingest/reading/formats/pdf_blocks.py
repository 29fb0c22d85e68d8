"""Blocks of PDF pages: columns, running lines left out, paragraphs."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import Literal

from ingest.reading.formats.legal_lines import division
from ingest.reading.formats.pdf_lines import (
    LIST_MARK,
    PdfLine,
    Span,
    Table,
    aligned_tables,
    lines_of,
    rows_of,
    white_stretches,
)
from ingest.reading.formats.pdf_page import Box, Page, Word
from language.matching import fold
from language.official import OFFICIAL

# Leaves out the lines of PDF pages that repeat from page to page, and tables of contents.


_MARGIN = 0.15  # of the page's height, 4.5 cm of A4: more would take headings for running headers
_SAME_HEIGHT = 4  # points; less would part headers, more would join neighbouring lines
_LEADERS = re.compile(r"(?:[.…·_]\s?){5,}\s*[\divxlc]*$")  # of a table of contents
_PAGE_NUMBER = re.compile(r"[\s\-–—|]*(\d+)[\s\-–—|]*")
_LANGUAGE_MARKS = frozenset(language.upper() for language in OFFICIAL)
_DIGITS = re.compile(r"\d{1,4}")
_ROMAN = re.compile(r"^\W*[ivxlc]+\W*$")  # a page number


def without_running_lines(
    pages: Sequence[Page], found: Sequence[Sequence[PdfLine]]
) -> list[list[PdfLine]]:
    """The lines of each page, without running headers and footers, page numbers and tables of
    contents.

    A running line is in the margin of several pages at the same height, and differs only in the
    page number.

    Args:
        pages: of the whole document.
        found: the lines of each.
    """
    seen: defaultdict[tuple[str, bool, int], set[int]] = defaultdict(set)
    for page, lines in zip(pages, found, strict=True):
        for line in lines:
            for place in _places(page, line):
                seen[place].add(page.number)
    enough = min(3, max(2, math.ceil(len(pages) / 2)))
    running = {place for place, numbers in seen.items() if len(numbers) >= enough}
    return [
        list(
            _without_contents(
                line
                for line in lines
                if running.isdisjoint(_places(page, line))
                and not _is_page_number(page, line)
                and not _is_language(page, line)
            )
        )
        for page, lines in zip(pages, found, strict=True)
    ]


def _without_contents(lines: Iterable[PdfLine]) -> Iterator[PdfLine]:
    """Drops the entries of a table of contents: lines that end in leaders and a number, and a line
    above that continues in one."""
    above: PdfLine | None = None
    for line in lines:
        is_entry = _LEADERS.search(line.text) is not None
        if above is not None and not (is_entry and line.text[0].islower()):
            yield above
        above = None if is_entry else line
    if above is not None:
        yield above


def _places(page: Page, line: PdfLine) -> Iterator[tuple[str, bool, int]]:
    """The keys that a running line shares with its repetitions.

    Its first or last figure may count the pages, from any number on, but not the figure of an
    article, as articles can begin on each of several pages.
    """
    at_top = line.base < page.height / 2
    distance = line.base if at_top else page.height - line.base
    if distance > _MARGIN * page.height:
        return
    height, text = round(distance / _SAME_HEIGHT), fold(line.text)
    yield _ROMAN.sub("#", text), at_top, height
    figures = [] if division(line.text) else list(_DIGITS.finditer(text))
    for figure in figures[:1] + figures[-1:]:
        count = f"#{int(figure[0]) - page.number}"
        yield text[: figure.start()] + count + text[figure.end() :], at_top, height


def _is_page_number(page: Page, line: PdfLine) -> bool:
    number = _PAGE_NUMBER.fullmatch(line.text)
    return number is not None and _in_margin(page, line) and int(number[1]) == page.number


def _is_language(page: Page, line: PdfLine) -> bool:
    """Whether a line is the language mark at the foot of a page of the Union: "EN 3 EN"."""
    words = {word for word in line.text.split() if not word.isdigit()}
    return _in_margin(page, line) and bool(words) and words <= _LANGUAGE_MARKS


def _in_margin(page: Page, line: PdfLine) -> bool:
    return min(line.base, page.height - line.base) < _MARGIN * page.height


# The reading order of a page: column by column; what spans columns separates them.


_MIN_LINES = 4  # on each side of a gutter; fewer stand side by side in a letterhead
_FILL = 0.6  # of a column's width, filled by its typical line; cells of a table fill less
_SAME_GUTTER = 8.0  # points: the columns of a document are set at the same places, not exactly
_SAME_ROW = 2.0  # points: what is nearer in height stands in one row
_COMPARED = 200  # gutters with all others: what most pages share is among the first
_SHARE = 0.1  # of the pages: where fewer share a gutter, the document is in one column
_ROWS_BESIDE = 6  # rows of a page that have words on both sides of a gutter, and none across


@dataclass(frozen=True)
class Flow:
    """Lines and tables below each other in a column from `left` to `right`."""

    left: float
    right: float
    content: tuple[PdfLine | Table, ...]


def in_lines(pages: Sequence[Page]) -> tuple[list[Span | None], list[list[PdfLine]]]:
    """The white between the two main columns of each page, None for a page without, and the lines
    of each.

    Columns stand at the same places on all left and on all right pages, so a page with figures or
    tables, where little text shows them, has the gutter of the others, if its words leave it white.
    """
    lines = [lines_of(page.number, page.words) for page in pages]
    own = [_own_gutter(one) for one in lines]
    enough = _SHARE * len(pages)
    usual = [_usual([one for one in own[side::2] if one], enough / 2) for side in (0, 1)]
    usual.append(_usual([one for one in own if one], enough))
    found: list[Span | None] = []
    for place, page in enumerate(pages):
        may_be = [one for one in (own[place], usual[place % 2], usual[2]) if one]
        rows = rows_of(page.words) if may_be else []
        counted = [(_rows_beside(rows, one), one) for one in may_be]
        beside, best = max(counted, key=lambda pair: pair[0], default=(0, None))  # first of equals
        found.append(best if beside >= _ROWS_BESIDE else None)
        if found[-1]:
            lines[place] = lines_of(page.number, page.words, found[-1])
    return found, lines


def _own_gutter(lines: Sequence[PdfLine]) -> Span | None:
    if not lines:
        return None
    return _gutter(lines, min(one.left for one in lines), max(one.right for one in lines))


def _usual(gutters: Sequence[Span], enough: float) -> Span | None:
    """The gutter that most pages share, if they are enough."""
    groups = [
        [
            other
            for other in gutters
            if max(abs(one[0] - other[0]), abs(one[1] - other[1])) < _SAME_GUTTER
        ]
        for one in list(dict.fromkeys(gutters))[:_COMPARED]
    ]
    most = max(groups, key=len, default=[])
    if not most or len(most) < enough:
        return None
    return median(one[0] for one in most), median(one[1] for one in most)


def _rows_beside(rows: Sequence[Sequence[Word]], gutter: Span) -> int:
    """How many rows have words on both sides of a gutter, and none across."""
    start, end = gutter
    return sum(
        any(word.right <= start + 1 for word in row)
        and any(end - 1 <= word.left < end + 2 * word.size for word in row)
        and not any(word.left < end - 1 and word.right > start + 1 for word in row)
        for row in rows
    )


def flows(
    lines: Sequence[PdfLine],
    tables: Sequence[Table],
    rules: Sequence[Box] = (),
    gutter: Span | None = None,
) -> list[Flow]:
    """A page's lines and tables in reading order.

    Args:
        lines, tables: of the page.
        rules: the lines that are drawn on it.
        gutter: the white between its main columns.
    """
    content: list[PdfLine | Table] = [*lines, *tables]
    if not content:
        return []
    left, right = min(item.left for item in content), max(item.right for item in content)
    return list(_flows(sorted(content, key=_place), left, right, rules, gutter))


def _place(item: PdfLine | Table) -> tuple[float, float]:
    return (item.base, item.left)


def _flows(
    content: Sequence[PdfLine | Table],
    left: float,
    right: float,
    rules: Sequence[Box],
    gutter: Span | None = None,
) -> Iterator[Flow]:
    known, gutter = gutter, gutter or _gutter(content, left, right)
    if gutter is None:
        yield Flow(left, right, tuple(_with_tables(content)))
        return
    for in_columns, band in _bands(content, gutter, rules):
        if in_columns:
            sides = [_side(item, gutter) for item in band]
            first = [item for item, side in zip(band, sides, strict=True) if side == "left"]
            second = [item for item, side in zip(band, sides, strict=True) if side == "right"]
            if first:
                yield from _flows(first, left, max(item.right for item in first), rules)
            if second:
                yield from _flows(second, min(item.left for item in second), right, rules)
        elif known:  # it may have columns of its own, elsewhere
            yield from _flows(band, left, right, rules)
        else:
            yield Flow(left, right, tuple(_with_tables(band)))


def _side(item: PdfLine | Table, gutter: Span) -> str:
    """The side of a gutter that a thing is on: "left", "right" or "" (across). A word or a figure's
    label may reach into it."""
    start, end = gutter
    middle = (start + end) / 2
    if item.right <= max(middle, start + 1):
        return "left"
    return "right" if item.left >= min(middle, end - 1) else ""


def _bands(
    content: Sequence[PdfLine | Table], gutter: Span, rules: Sequence[Box]
) -> list[tuple[bool, list[PdfLine | Table]]]:
    """Splits ordered content into bands, from the top down: whether it is in columns there.

    A row with anything across the gutter is across, and so are the cells of a table between rules
    that run across, and a few lines on one side between two bands across, as the short last line of
    a paragraph is.
    """
    start, end = gutter
    cuts = sorted(
        rule.top for rule in rules if rule.size[0] > rule.size[1]
        and rule.left < start and rule.right > end
    )  # fmt: skip
    left, right = min(item.left for item in content), max(item.right for item in content)
    columns = {"left": (left, start), "right": (end, right)}
    bands: list[tuple[bool, list[PdfLine | Table]]] = []
    for row in _beside(content):
        in_columns = all(_side(item, gutter) for item in row)
        above = bands[-1] if bands else None
        is_cut = above is not None and any(above[1][-1].base < cut < row[0].base for cut in cuts)
        if above is not None and above[0] == in_columns and not (is_cut and in_columns):
            above[1].extend(row)
        else:
            bands.append((in_columns, list(row)))
    merged: list[tuple[bool, list[PdfLine | Table]]] = []
    for number, (in_columns, band) in enumerate(bands):
        around = [other for other, _ in (*bands[max(0, number - 1) : number],
                                         *bands[number + 1 : number + 2])]  # fmt: skip
        if in_columns:
            in_columns = _are_columns(band, columns, gutter, is_enclosed=around == [False, False])
        if merged and merged[-1][0] == in_columns and not in_columns:
            merged[-1][1].extend(band)
        else:
            merged.append((in_columns, band))
    return merged


def _beside(content: Sequence[PdfLine | Table]) -> Iterator[list[PdfLine | Table]]:
    """Ordered content in rows of what stands at one height."""
    row: list[PdfLine | Table] = []
    for item in content:
        if row and item.base - row[0].base > _SAME_ROW:
            yield row
            row = []
        row.append(item)
    if row:
        yield row


def _are_columns(
    band: Sequence[PdfLine | Table], columns: Mapping[str, Span], gutter: Span, *, is_enclosed: bool
) -> bool:
    """Whether a band without anything across is text in columns, not cells or the end of a line."""
    sides = [_side(item, gutter) for item in band]
    if is_enclosed and len(set(sides)) == 1 and len(band) < _MIN_LINES:
        return False
    return any(
        isinstance(item, Table)
        or item.right - item.left >= _FILL * (columns[side][1] - columns[side][0])
        for item, side in zip(band, sides, strict=True)
    )


def _with_tables(content: Sequence[PdfLine | Table]) -> Iterator[PdfLine | Table]:
    """Ordered content, in which aligned lines become tables without rules."""
    for is_table, group in groupby(content, key=lambda item: isinstance(item, Table)):
        if is_table:
            yield from group
        else:
            yield from aligned_tables([item for item in group if isinstance(item, PdfLine)])


def _gutter(
    content: Sequence[PdfLine | Table], left: float, right: float
) -> tuple[float, float] | None:
    """The white stretch between two columns of text, or None."""
    lines = [item for item in content if isinstance(item, PdfLine)]
    if len(lines) < 2 * _MIN_LINES:
        return None
    size = median(line.size for line in lines)
    best: tuple[float, float] | None = None
    for white in white_stretches([[(line.left, line.right)] for line in lines], size):
        start, end = _tightened(lines, *white)
        first = [line for line in lines if line.right <= start + 1]
        second = [line for line in lines if line.left >= end - 1]
        if (
            min(len(first), len(second)) >= _MIN_LINES
            and _is_text(first, left, start)
            and _is_text(second, end, right)
            and _overlap(first, second)
            and (best is None or end - start > best[1] - best[0])
        ):
            best = (start, end)
    return best


def _tightened(lines: Sequence[PdfLine], start: float, end: float) -> tuple[float, float]:
    """A stretch that few lines cross, narrowed to where most lines end before it and begin after
    it."""
    before = [line.right for line in lines if line.right < end and line.left < start]
    after = [line.left for line in lines if line.left > start and line.right > end]
    return max(before, default=start), min(after, default=end)


def _is_text(lines: Sequence[PdfLine], left: float, right: float) -> bool:
    """Whether lines fill a column, or are in columns themselves."""
    widths = median(line.right - line.left for line in lines)
    return widths >= _FILL * (right - left) or _gutter(lines, left, right) is not None


def _overlap(first: Sequence[PdfLine], second: Sequence[PdfLine]) -> bool:
    """Whether both are next to each other, rather than one below the other."""
    top = max(first[0].base, second[0].base)
    bottom = min(first[-1].base, second[-1].base)
    return bottom - top > 2 * first[0].size


# Makes paragraphs, list items and tables of the lines of a PDF; footnotes are apart.


_ENDS = re.compile(r"[.:;?!…][”“»\"')\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_STARTS = re.compile(r"[“„«\"'(\[–•]*[^\W_a-zà-öø-ÿα-ωа-я]")  # with a capital or figure
_SURE_BULLETS = "•◦▪▫■□●○‣⁃➢➔→⇒✓✔►▶▸◆◇◊❖❑☐"
_INDENT = 0.8  # of the type size: a line that hangs out less is only set inexactly
_WIDER_GAP = 1.25  # of the usual distance between lines: less is inexact, more parts paragraphs
_USUAL_GAPS = (0.9, 2.2)  # of the type size: closer lines overlap, farther ones are apart
_OTHER_SIZE = 0.05  # of the type size: a smaller difference is rounding, no other type
_FAR = 2.5  # of the usual distance: no paragraph goes on beyond it
_SHORT = 0.25  # of the text's width: a line that leaves as much free ends on purpose
_LONGEST_UNIT = 8  # words; a bracket that is never closed would take the whole line


@dataclass(frozen=True)
class PdfBlock:
    """A paragraph, heading or list item (`lines`), or a table.

    `level` is that of a heading or the depth of an item (from 1), `room` the free space to the
    right of its last line.
    """

    kind: Literal["paragraph", "item", "table", "heading"]
    lines: tuple[PdfLine, ...] = ()
    table: Table | None = None
    level: int = 0
    room: float = 0

    @property
    def page(self) -> int:
        return self.table.page if self.table else self.lines[0].page


def body_size(lines: Iterable[PdfLine]) -> float:
    """The type size that most of a document is set in; 0 without lines."""
    lengths: Counter[float] = Counter()
    for line in lines:
        lengths[line.size] += len(line.text)
    return max(lengths, key=lambda size: lengths[size], default=0)


def blocks_of(flows: Iterable[Flow], body: float) -> list[PdfBlock]:
    """The blocks of a document in reading order; paragraphs go on over columns and pages.

    Args:
        flows: of the whole document.
        body: the type size of its running text.
    """
    found: list[PdfBlock] = []
    for flow in flows:
        own = list(_blocks(flow, body))
        if found and own:
            if _goes_on(found[-1], own[0]):
                above = found.pop()
                lines = above.lines + own[0].lines
                own[0] = replace(above, lines=lines, room=own[0].room)
            elif table := _whole_table(found[-1].table, own[0].table):
                own[0] = replace(found.pop(), table=table)
        found.extend(own)
    return found


def _whole_table(above: Table | None, below: Table | None) -> Table | None:
    """Joins a table with its part in the next column or on the next page; a repeated header is
    dropped."""
    if above is None or below is None or len(above.rows[0]) != len(below.rows[0]):
        return None
    first, header = (
        [line.text for cell in table.rows[0] for line in cell] for table in (below, above)
    )
    return replace(above, rows=above.rows + below.rows[first == header :])


def _blocks(flow: Flow, body: float) -> Iterator[PdfBlock]:
    indents: list[float] = []  # of the list items above
    for group in _groups(flow, body):
        if isinstance(group, Table):
            yield PdfBlock("table", table=group)
            continue
        first, room = group[0], flow.right - group[-1].right
        if not _has_mark(first):
            indents = [indent for indent in indents if indent < first.left - first.size]
            yield PdfBlock("paragraph", tuple(group), room=room)
            continue
        while indents and indents[-1] > first.left + first.size / 2:
            indents.pop()
        if not indents or indents[-1] < first.left - first.size / 2:
            indents.append(first.left)
        yield PdfBlock("item", tuple(group), level=len(indents), room=room)


def _groups(flow: Flow, body: float) -> Iterator[list[PdfLine] | Table]:
    """The tables of a flow, and its lines in groups of one paragraph or item."""
    gap = _usual_gap([item for item in flow.content if isinstance(item, PdfLine)], flow.right, body)
    group: list[PdfLine] = []
    for item in flow.content:
        if group and (isinstance(item, Table) or _begins_another(group, item, flow, gap)):
            yield group
            group = []
        if isinstance(item, Table):
            yield item
        else:
            group.append(item)
    if group:
        yield group


def _usual_gap(lines: Sequence[PdfLine], right: float, body: float) -> float:
    """The line spacing within paragraphs, as a multiple of the type size.

    Measured below full lines of running text if there are any: small print is set closer, and a
    short line may end its paragraph.
    """
    low, high = _USUAL_GAPS
    gaps = [((below.base - line.base) / below.size, line, below) for line, below in pairwise(lines)]
    usual = [entry for entry in gaps if low < entry[0] < high]
    running = [e for e in usual if e[1].size == e[2].size and e[2].size >= (1 - _OTHER_SIZE) * body]
    full = [e for e in running if not _has_room(right - e[1].right, e[2])]
    return median([gap for gap, _, _ in full or running or usual] or [1.2])


def _begins_another(group: Sequence[PdfLine], line: PdfLine, flow: Flow, gap: float) -> bool:
    """Whether a line below a group begins another paragraph, item or heading."""
    last = group[-1]
    distance = line.base - last.base
    if distance <= 0.5 * last.size:  # next to it
        return False
    if abs(line.size - last.size) > _OTHER_SIZE * last.size:
        return True
    room = flow.right - last.right
    had_room, ended = _has_room(room, line), _ENDS.search(last.text) is not None
    if _has_mark(line) and (had_room or ended or line.text[0] in _SURE_BULLETS):
        return True
    usual = gap * max(line.size, last.size)
    if not (ended or had_room) and line.text[0].islower() and distance < _FAR * usual:
        return False
    if distance > _WIDER_GAP * usual:
        return True
    is_other_style = (line.bold, line.italic) != (last.bold, last.italic)
    is_short = room > _SHORT * (flow.right - flow.left)
    if had_room and (ended or (_STARTS.match(line.text) and (is_other_style or is_short))):
        return True
    indent = _INDENT * line.size
    if len(group) > 1 or _has_mark(last):
        return line.left < last.text_left - indent and (had_room or len(group) > 1)
    return False


def _has_mark(line: PdfLine) -> bool:
    return len(line.words) > 1 and LIST_MARK.fullmatch(line.words[0].text) is not None


def _has_room(room: float, line: PdfLine) -> bool:
    """Whether the first words of a line would have fitted on the line above: then it was broken
    there on purpose."""
    return _unit(line) - line.left + 0.5 * line.size < room


def _unit(line: PdfLine) -> float:
    """The right edge of the first words that are kept together: "No 525/2013", "(OJ L 335, p. 1)".

    Publishers set them with non-breaking spaces, which the file shows as normal ones.
    """
    words = line.words[:_LONGEST_UNIT]
    for number, (word, following) in enumerate(pairwise(words)):
        opened = sum(w.text.count("(") - w.text.count(")") for w in words[: number + 1])
        if opened <= 0 and not following.text[0].isdigit():
            return word.right
    return words[-1].right


def _goes_on(block: PdfBlock, following: PdfBlock) -> bool:
    """Whether a paragraph or item continues in the next column or on the next page.

    A full last line that ends a sentence is more often in the middle of a paragraph than its end.
    """
    if block.table or following.table or following.kind == "item":
        return False
    last, first = block.lines[-1], following.lines[0]
    if abs(first.size - last.size) > _OTHER_SIZE * last.size:
        return False
    is_full, is_lower = not _has_room(block.room, first), first.text[0].islower()
    if first.bold != last.bold:  # a heading, or changes shown in bold
        return is_full and is_lower and not _ENDS.search(last.text)
    if _ENDS.search(last.text):
        kinds = {block.kind, following.kind}
        return (
            is_full and kinds == {"paragraph"} and min(map(len, (block.lines, following.lines))) > 1
        )
    return is_full or is_lower
