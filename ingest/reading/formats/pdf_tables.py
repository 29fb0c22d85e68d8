"""Tables of PDF pages: by their ruled lines, or by aligned columns."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.reading.formats.markdown import is_value
from ingest.reading.formats.pdf_lines import BASELINE, PdfLine, Span, grouped, lines_of
from ingest.reading.formats.pdf_page import Box, Page, Word

Cell = tuple[PdfLine, ...]
Row = tuple[Cell, ...]

_TOUCHING = 3.0  # points between rules that belong together: they are drawn inexactly, or double
_NARROW = 100.0  # points; shorter rules underline words
_HIGH_ROW = 90.0  # points; rules farther apart part sections
_FEWEST_RULES = 4  # below each other, that part the rows of a table
_COLUMN_GAP = 0.35  # of the type size: what no row of such a table covers
_WITH_VALUE = 0.6  # of the rows have a figure in one column; fewer are a form or a list
_WITH_TEXT = 0.35  # of the cells have text; with fewer it is a drawing
_ROW_GAP = 2.6  # of the type size, between rows of a table without rules; more parts two things
_NEARER = 0.9  # of the distance to its rows: what stands as near to the text above is of that text
_FEWEST_ROWS = 3  # of a table without rules: fewer may be loose lines


@dataclass(frozen=True)
class Table:
    """Rows of cells, each a few lines."""

    page: int
    left: float
    right: float
    base: float  # of its first line of text
    rows: tuple[Row, ...]


def ruled_tables(page: Page) -> tuple[list[Table], tuple[Word, ...]]:
    """The tables of a page that are drawn with lines, and the words outside of them."""
    words = page.words
    tables: list[Table] = []
    free: list[Box] = []
    for group in _connected(page.rules):
        columns = _distinct(x for rule in group for x in (rule.left, rule.right))
        heights = _distinct(y for rule in group for y in (rule.top, rule.bottom))
        if len(columns) < 2 or len(heights) < 2:
            free += group
            continue
        inside = [
            word
            for word in words
            if columns[0] < _middle(word) < columns[-1] and heights[0] < word.base < heights[-1]
        ]
        table = _table(page.number, inside, columns, heights)
        if table:
            tables.append(table)
            taken = set(map(id, inside))
            words = tuple(word for word in words if id(word) not in taken)
    for rows in _stacked(free):
        if found := _lined_table(page.number, words, rows):
            tables.append(found[0])
            words = tuple(word for word in words if id(word) not in found[1])
    return tables, words


def _stacked(rules: Sequence[Box]) -> list[list[Box]]:
    """Groups of horizontal rules below each other, equally wide, as between the rows of a table."""
    groups: list[list[Box]] = []
    for rule in sorted(set(rules), key=lambda rule: rule.top):
        width, height = rule.size
        if height >= width or width < _NARROW:
            continue
        near = (
            group
            for group in groups
            if abs(group[-1].left - rule.left) < _TOUCHING
            and abs(group[-1].right - rule.right) < _TOUCHING
            and rule.top - group[-1].top < _HIGH_ROW
        )
        if (group := next(near, None)) is None:
            groups.append([rule])
        elif rule.top - group[-1].top > _TOUCHING:
            group.append(rule)
    return [group for group in groups if len(group) >= _FEWEST_RULES]


def _lined_table(
    page: int, words: Sequence[Word], rules: Sequence[Box]
) -> tuple[Table, set[int]] | None:
    """The table whose rows rules part, and whose columns white does, with the ids of its words;
    None where no column has a value in most rows.

    The rows of the header and of the first values stand above the first rule, or between.
    """
    heights = [rule.top for rule in rules]
    usual = median(b - a for a, b in pairwise(heights))
    bounds = [heights[0] - 2 * usual, heights[0] - usual, *heights, heights[-1] + usual]
    inside = [
        word
        for word in words
        if bounds[0] < word.base < bounds[-1] and word.left > rules[0].left - _TOUCHING
    ]
    body = [word for word in inside if heights[0] < word.base < heights[-1]]
    if not body:
        return None
    size = median(word.size for word in body)
    columns = _columns((word.left, word.right, _COLUMN_GAP * size) for word in body)
    borders = [(left[1] + right[0]) / 2 for left, right in pairwise(columns)]
    rows = [row for row in _rows(page, inside, borders, bounds) if sum(map(bool, row)) > 1]
    of_values = (
        sum(len(row[column]) == 1 and is_value(row[column][0].text) for row in rows)
        for column in range(1, len(columns))
    )
    if not rows or max(of_values, default=0) < _WITH_VALUE * len(rows):
        return None
    lines = [line for row in rows for cell in row for line in cell]
    taken = {id(word) for line in lines for word in line.words}
    first = min(line.base for line in lines)
    return Table(page, columns[0][0], columns[-1][1], first, tuple(rows)), taken


def _middle(word: Word) -> float:
    return (word.left + word.right) / 2


def _distinct(places: Iterable[float]) -> list[float]:
    """The places in order, without near-duplicates."""
    return [near[0] for near in grouped(sorted(places), lambda a, b: b - a <= _TOUCHING)]


def _connected(rules: Sequence[Box]) -> list[list[Box]]:
    """Rules in groups that touch."""
    groups: list[list[Box]] = []
    for rule in dict.fromkeys(rules):
        touching = [group for group in groups if any(_touch(rule, other) for other in group)]
        merged = [rule, *(other for group in touching for other in group)]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups


def _touch(rule: Box, other: Box) -> bool:
    return (
        rule.left - _TOUCHING <= other.right
        and other.left - _TOUCHING <= rule.right
        and rule.top - _TOUCHING <= other.bottom
        and other.top - _TOUCHING <= rule.bottom
    )


def _table(
    page: int, words: Sequence[Word], columns: Sequence[float], heights: Sequence[float]
) -> Table | None:
    rows = _rows(page, words, columns, heights)
    cells = [cell for row in rows for cell in row]
    is_table = len(rows) > 1 and len(rows[0]) > 1
    if not is_table or sum(map(bool, cells)) < _WITH_TEXT * len(cells):
        return None
    first = min(word.base for word in words)
    return Table(page, columns[0], columns[-1], first, tuple(rows))


def _rows(
    page: int, words: Iterable[Word], columns: Sequence[float], heights: Sequence[float]
) -> list[Row]:
    """Words in the rows and columns that these borders part, without the empty ones."""
    cells: defaultdict[tuple[int, int], list[Word]] = defaultdict(list)
    for word in words:
        cells[bisect_right(heights, word.base), bisect_right(columns, _middle(word))].append(word)
    used = sorted({column for _, column in cells})
    return [
        tuple(tuple(lines_of(page, cells.get((row, column), ()))) for column in used)
        for row in sorted({row for row, _ in cells})
    ]


def aligned_tables(lines: Sequence[PdfLine]) -> Iterator[PdfLine | Table]:
    """The lines of a flow, in order, in which aligned lines become tables without rules."""
    rows = grouped(lines, lambda first, line: line.base - first.base <= BASELINE * line.size)
    for row in rows:
        row.sort(key=lambda line: line.left)
    number = 0
    while number < len(rows):
        run = _run(rows[number:])
        table = _aligned(run)
        if table is None and len(rows[number]) == 1 and number + 1 < len(rows):
            above = rows[number - 1][0].base if number else -math.inf
            run = [rows[number], *_run(rows[number + 1 :])]
            table = _aligned(run) if _heads_column(run, above) else None
        if table is not None:
            yield table
        else:
            run = rows[number : number + 1]  # a wide space may be one of justified type
            yield PdfLine(run[0][0].page, tuple(word for line in run[0] for word in line.words))
        number += len(run)


def _run(rows: Sequence[list[PdfLine]]) -> list[list[PdfLine]]:
    """The first rows that may be one table: each has several cells, or more of a cell above."""
    run: list[list[PdfLine]] = []
    for row in rows:
        above = run[-1][0] if run else row[0]
        goes_on = len(row) > 1 or (run and row[0].left > run[0][0].right)
        if not goes_on or row[0].base - above.base > _ROW_GAP * above.size:
            break
        run.append(row)
    return run


def _heads_column(run: Sequence[Sequence[PdfLine]], above: float) -> bool:
    """Whether the single line above aligned rows is the name of one of their columns, not of the
    first, and no more of the text above it, whose last line has the base `above`."""
    name = run[0][0]
    starts = sorted({line.left for row in run[1:] for line in row})
    gap = run[1][0].base - name.base if len(run) > 1 else math.inf
    return (
        gap < _ROW_GAP * name.size
        and name.base - above > _NEARER * gap
        and any(
            start > starts[0] + name.size and abs(name.left - start) < name.size / 2
            for start in starts
        )
    )


def _aligned(run: Sequence[Sequence[PdfLine]]) -> Table | None:
    several = [row for row in run if len(row) > 1]
    if len(several) < _FEWEST_ROWS:
        return None
    columns = _columns((line.left, line.right, line.size / 2) for row in run for line in row)
    if len(columns) < 2:
        return None
    starts = [left for left, _ in columns]
    rows: list[list[list[PdfLine]]] = []
    for row in run:
        cells: list[list[PdfLine]] = [[] for _ in columns]
        for line in row:
            cells[bisect_right(starts, line.left) - 1].append(line)
        if rows and not cells[0]:  # the second line of cells
            for cell, more in zip(rows[-1], cells, strict=True):
                cell.extend(more)
        else:
            rows.append(cells)
    first, filled = run[0][0], tuple(tuple(map(tuple, cells)) for cells in rows)
    return Table(first.page, starts[0], columns[-1][1], first.base, filled)


def _columns(stretches: Iterable[tuple[float, float, float]]) -> list[Span]:
    """Joins horizontal stretches (left, right, gap) that are nearer than their gap."""
    columns: list[Span] = []
    for left, right, gap in sorted(stretches, key=lambda stretch: stretch[0]):
        if columns and left < columns[-1][1] + gap:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns
