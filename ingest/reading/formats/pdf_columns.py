"""The reading order of PDF pages: column by column; what spans columns separates them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from ingest.reading.formats.pdf_lines import (
    PdfLine,
    Span,
    grouped,
    lines_of,
    rows_of,
    white_stretches,
)
from ingest.reading.formats.pdf_page import Box, Page, Word
from ingest.reading.formats.pdf_tables import Table, aligned_tables

_Item = PdfLine | Table

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
    own = [_gutter(found, *_sides(found)) for found in lines]
    enough = _SHARE * len(pages)
    usual = [_usual(own[side::2], enough / 2) for side in (0, 1)]
    usual.append(_usual(own, enough))
    found: list[Span | None] = []
    for place, page in enumerate(pages):
        may_be = [gutter for gutter in (own[place], usual[place % 2], usual[2]) if gutter]
        rows = rows_of(page.words) if may_be else []
        counted = [(_rows_beside(rows, gutter), gutter) for gutter in may_be]
        beside, best = max(counted, key=lambda pair: pair[0], default=(0, None))  # first of equals
        found.append(best if beside >= _ROWS_BESIDE else None)
        if found[-1]:
            lines[place] = lines_of(page.number, page.words, found[-1])
    return found, lines


def _sides(content: Sequence[_Item]) -> Span:
    left, right = (item.left for item in content), (item.right for item in content)
    return min(left, default=0), max(right, default=0)


def _usual(of_pages: Sequence[Span | None], enough: float) -> Span | None:
    """The gutter that most pages share, if they are enough."""
    gutters = [gutter for gutter in of_pages if gutter]
    groups = [
        [
            (start, end)
            for start, end in gutters
            if max(abs(start - gutter[0]), abs(end - gutter[1])) < _SAME_GUTTER
        ]
        for gutter in list(dict.fromkeys(gutters))[:_COMPARED]
    ]
    most = max(groups, key=len, default=[])
    if not most or len(most) < enough:
        return None
    return median(start for start, _ in most), median(end for _, end in most)


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
    lines: Sequence[PdfLine], tables: Sequence[Table], rules: Sequence[Box], gutter: Span | None
) -> list[Flow]:
    """A page's lines and tables in reading order; of the page also the rules that are drawn on it,
    and the white between its main columns."""
    content: list[_Item] = sorted([*lines, *tables], key=lambda item: (item.base, item.left))
    return list(_flows(content, *_sides(content), rules, gutter)) if content else []


def _flows(
    content: Sequence[_Item],
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
            first = [item for item in band if _side(item, gutter) == "left"]
            second = [item for item in band if _side(item, gutter) == "right"]
            if first:
                yield from _flows(first, left, max(item.right for item in first), rules)
            if second:
                yield from _flows(second, min(item.left for item in second), right, rules)
        elif known:  # it may have columns of its own, elsewhere
            yield from _flows(band, left, right, rules)
        else:
            yield Flow(left, right, tuple(_with_tables(band)))


def _side(item: _Item, gutter: Span) -> str:
    """The side of a gutter that a thing is on: "left", "right" or "" (across). A word or a figure's
    label may reach into it."""
    start, end = gutter
    middle = (start + end) / 2
    if item.right <= max(middle, start + 1):
        return "left"
    return "right" if item.left >= min(middle, end - 1) else ""


def _bands(
    content: Sequence[_Item], gutter: Span, rules: Sequence[Box]
) -> list[tuple[bool, list[_Item]]]:
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
    left, right = _sides(content)
    columns = {"left": (left, start), "right": (end, right)}
    bands: list[tuple[bool, list[_Item]]] = []
    for row in grouped(content, lambda first, item: item.base - first.base <= _SAME_ROW):
        in_columns = all(_side(item, gutter) for item in row)
        last = bands[-1][1][-1].base if bands else 0.0
        is_cut = in_columns and any(last < cut < row[0].base for cut in cuts)
        if bands and bands[-1][0] == in_columns and not is_cut:
            bands[-1][1].extend(row)
        else:
            bands.append((in_columns, row))
    merged: list[tuple[bool, list[_Item]]] = []
    kinds = [True, *(in_columns for in_columns, _ in bands), True]
    for above, (in_columns, band), below in zip(kinds, bands, kinds[2:], strict=False):
        is_enclosed = not (above or below)
        if in_columns and _are_columns(band, columns, gutter, is_enclosed=is_enclosed):
            merged.append((True, band))
        elif merged and not merged[-1][0]:
            merged[-1][1].extend(band)
        else:
            merged.append((False, band))
    return merged


def _are_columns(
    band: Sequence[_Item], columns: Mapping[str, Span], gutter: Span, *, is_enclosed: bool
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


def _with_tables(content: Sequence[_Item]) -> Iterator[_Item]:
    """Ordered content, in which aligned lines become tables without rules."""
    for is_table, group in groupby(content, key=lambda item: isinstance(item, Table)):
        if is_table:
            yield from group
        else:
            yield from aligned_tables([item for item in group if isinstance(item, PdfLine)])


def _gutter(content: Sequence[_Item], left: float, right: float) -> Span | None:
    """The white stretch between two columns of text, or None."""
    lines = [item for item in content if isinstance(item, PdfLine)]
    if len(lines) < 2 * _MIN_LINES:
        return None
    size = median(line.size for line in lines)
    best: Span | None = None
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


def _tightened(lines: Sequence[PdfLine], start: float, end: float) -> Span:
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
