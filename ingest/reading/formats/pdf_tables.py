"""Tables of a PDF: by their ruled lines, or by aligned columns."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.reading.formats.pdf_drawing import Box
from ingest.reading.formats.pdf_lines import PdfLine, lines_of
from ingest.reading.formats.pdf_page import Page, Word

Cell = tuple[PdfLine, ...]
Row = tuple[Cell, ...]

_TOUCHING = 3.0  # points between rules that belong together: they are drawn inexactly, or double
_WITH_TEXT = 0.35  # of the cells have text; with fewer it is a drawing
_BORDER = 0.8  # of the page's height: a higher one frames the page
_IN_BOX = 4  # lines: fewer may be a heading with a frame
_ROW_GAP = 2.6  # of the type size, between rows of a table without rules; more parts two things
_FEWEST_ROWS = 3  # of a table without rules: fewer may be loose lines
_SAME_ROW = 0.15  # of the type size, as _BASELINE in pdf_lines.py: cells are not set exactly


@dataclass(frozen=True)
class Table:
    """Rows of cells, each a few lines; `base` is the baseline of its first line of text."""

    page: int
    left: float
    right: float
    base: float
    bottom: float
    rows: tuple[Row, ...]


def ruled_tables(page: Page) -> tuple[list[Table], list[Box], tuple[Word, ...]]:
    """The tables of a page that are drawn with lines, the boxes with several lines of text that are
    no tables, and the words outside of the tables."""
    words, tables, boxes = page.words, [], []
    for group in _connected(page.rules):
        columns = _distinct(x for rule in group for x in (rule.left, rule.right))
        heights = _distinct(y for rule in group for y in (rule.top, rule.bottom))
        if len(columns) < 2 or len(heights) < 2:
            continue
        inside = [
            word
            for word in words
            if columns[0] < _middle(word) < columns[-1] and heights[0] < word.base < heights[-1]
        ]
        table = _table(page.number, inside, columns, heights)
        if table is None:
            box = Box(columns[0], heights[0], columns[-1], heights[-1])
            is_border = box.size[1] > _BORDER * page.height
            if not is_border and len({word.base for word in inside}) >= _IN_BOX:
                boxes.append(box)
        else:
            tables.append(table)
            taken = set(map(id, inside))
            words = tuple(word for word in words if id(word) not in taken)
    return tables, boxes, words


def _middle(word: Word) -> float:
    return (word.left + word.right) / 2


def _distinct(places: Iterable[float]) -> list[float]:
    """The places in order, without near-duplicates."""
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > _TOUCHING:
            found.append(place)
    return found


def _connected(rules: Sequence[Box]) -> list[list[Box]]:
    """Rules in groups that touch."""
    groups: list[list[Box]] = []
    for rule in dict.fromkeys(rules):
        touching = [group for group in groups if any(_touch(rule, other) for other in group)]
        merged = [rule, *(other for group in touching for other in group)]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left - _TOUCHING <= other.right
        and other.left - _TOUCHING <= one.right
        and one.top - _TOUCHING <= other.bottom
        and other.top - _TOUCHING <= one.bottom
    )


def _table(
    page: int, words: Sequence[Word], columns: Sequence[float], heights: Sequence[float]
) -> Table | None:
    cells: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        place = (bisect_right(heights, word.base), bisect_right(columns, _middle(word)))
        cells.setdefault(place, []).append(word)
    rows = sorted({row for row, _ in cells})
    used = sorted({column for _, column in cells})
    if len(rows) < 2 or len(used) < 2 or len(cells) < _WITH_TEXT * len(rows) * len(used):
        return None
    return Table(
        page=page,
        left=columns[0],
        right=columns[-1],
        base=min(word.base for word in words),
        bottom=heights[-1],
        rows=tuple(
            tuple(tuple(lines_of(page, cells.get((row, column), ()))) for column in used)
            for row in rows
        ),
    )


def aligned_tables(lines: Sequence[PdfLine]) -> Iterator[PdfLine | Table]:
    """The lines of a flow, in order, in which aligned lines become tables without rules."""
    rows: list[list[PdfLine]] = []
    for line in lines:
        if rows and line.base - rows[-1][0].base <= _SAME_ROW * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.left)
    number = 0
    while number < len(rows):
        run = _run(rows[number:])
        table = _aligned(run)
        if table is not None:
            yield table
        else:
            run = rows[number : number + 1]
            yield _one_line(run[0])
        number += len(run)


def _one_line(row: Sequence[PdfLine]) -> PdfLine:
    """Joins stretches that a wide space separates, as in justified type."""
    return PdfLine(row[0].page, tuple(word for line in row for word in line.words))


def _run(rows: Sequence[list[PdfLine]]) -> list[list[PdfLine]]:
    """The first rows that may be one table: each has several cells, or more of a cell above."""
    run: list[list[PdfLine]] = []
    for row in rows:
        if run:
            first = run[-1][0]
            if row[0].base - first.base > _ROW_GAP * first.size:
                break
            continues = len(row) == 1 and row[0].left > run[0][0].right
            if len(row) == 1 and not continues:
                break
        elif len(row) == 1:
            break
        run.append(row)
    return run


def _aligned(run: Sequence[Sequence[PdfLine]]) -> Table | None:
    several = [row for row in run if len(row) > 1]
    if len(several) < _FEWEST_ROWS:
        return None
    columns = _columns([line for row in run for line in row])
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
    first = run[0][0]
    return Table(
        page=first.page,
        left=starts[0],
        right=columns[-1][1],
        base=first.base,
        bottom=run[-1][0].base,
        rows=tuple(tuple(tuple(cell) for cell in cells) for cells in rows),
    )


def _columns(lines: Sequence[PdfLine]) -> list[tuple[float, float]]:
    """The horizontal stretches that lines cover, with white between them."""
    columns: list[tuple[float, float]] = []
    for line in sorted(lines, key=lambda line: line.left):
        if columns and line.left < columns[-1][1] + line.size / 2:
            columns[-1] = (columns[-1][0], max(columns[-1][1], line.right))
        else:
            columns.append((line.left, line.right))
    return columns
