"""The reading order of a page: column by column; what spans columns separates them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from ingest.reading.formats.pdf_lines import PdfLine
from ingest.reading.formats.pdf_tables import Table, aligned_tables
from ingest.reading.formats.pdf_white import white_stretches

_MIN_LINES = 4  # on each side of a gutter; fewer stand side by side in a letterhead
_FILL = 0.6  # of a column's width, filled by its typical line; cells of a table fill less


@dataclass(frozen=True)
class Flow:
    """Lines and tables below each other in a column from `left` to `right`."""

    left: float
    right: float
    content: tuple[PdfLine | Table, ...]


def flows(lines: Sequence[PdfLine], tables: Sequence[Table]) -> list[Flow]:
    """A page's lines and tables in reading order."""
    content: list[PdfLine | Table] = [*lines, *tables]
    if not content:
        return []
    left, right = min(item.left for item in content), max(item.right for item in content)
    return list(_flows(sorted(content, key=_place), left, right))


def _place(item: PdfLine | Table) -> tuple[float, float]:
    return (item.base, item.left)


def _flows(content: Sequence[PdfLine | Table], left: float, right: float) -> Iterator[Flow]:
    gutter = _gutter(content, left, right)
    if gutter is None:
        yield Flow(left, right, tuple(_with_tables(content)))
        return
    sides = _sides(content, *gutter)
    for across, band in groupby(zip(content, sides, strict=True), key=lambda pair: not pair[1]):
        here = list(band)
        if across:
            yield Flow(left, right, tuple(_with_tables([item for item, _ in here])))
            continue
        first = [item for item, side in here if side == "left"]
        second = [item for item, side in here if side == "right"]
        if first:
            yield from _flows(first, left, max(item.right for item in first))
        if second:
            yield from _flows(second, min(item.left for item in second), right)


def _sides(content: Sequence[PdfLine | Table], start: float, end: float) -> list[str]:
    """The side of a gutter that each thing is on: "left", "right" or "" (across).

    The short last line of a paragraph across the gutter is across too.
    """
    sides: list[str] = []
    for number, item in enumerate(content):
        side = "left" if item.right <= start + 1 else "right" if item.left >= end - 1 else ""
        above = content[number - 1] if number else None
        if side == "left" and above is not None and not sides[-1] and _is_next(above, item):
            beside = content[number + 1 : number + 2]
            side = "left" if beside and beside[0].base - item.base < 2 else ""
        sides.append(side)
    return sides


def _is_next(above: PdfLine | Table, item: PdfLine | Table) -> bool:
    """Whether a line looks like the next one of its paragraph."""
    return (
        isinstance(above, PdfLine)
        and isinstance(item, PdfLine)
        and above.size == item.size
        and item.base - above.base < 1.6 * item.size
        and abs(above.left - item.left) < 1
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
