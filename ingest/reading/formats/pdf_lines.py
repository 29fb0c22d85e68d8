"""Lines and tables of PDF pages, made of words by where they stand and by the white between."""

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median

from ingest.reading.formats.encoding import raised
from ingest.reading.formats.markdown import is_value
from ingest.reading.formats.pdf_page import Box, Page, Word

# White gaps from top to bottom on a page, which separate columns of text.


Span = tuple[float, float]
"""From left to right, in points."""

_ZONE = (0.2, 0.8)  # of the whole width: nearer to its edges a gap sets off the marks of a list
_NARROWEST = 0.7  # of the type size; narrower: spaces between words, below each other by chance
_CROSSED = 0.5  # of the usual crossings: a title, an abstract or a figure may go across


def white_stretches(rows: Sequence[Sequence[Span]], size: float) -> Iterator[Span]:
    """The gaps that few rows cross.

    Args:
        rows: the spans that each row covers.
        size: the type size, in points.
    """
    spans = [span for row in rows for span in row]
    left, right = min(start for start, _ in spans), max(end for _, end in spans)
    first, last = (round(left + share * (right - left)) for share in _ZONE)
    crossing = [0] * (last - first + 1)
    for row in rows:
        covered = {
            x for start, end in row for x in range(max(first, int(start)), min(last, int(end)) + 1)
        }
        for x in covered:
            crossing[x - first] += 1
    x = first
    most = _CROSSED * median(crossing)
    for is_white, run in groupby(crossing, key=lambda count: count <= most):
        length = len(list(run))
        if is_white and length >= _NARROWEST * size:
            yield x, x + length
        x += length


# Makes lines of the words on PDF pages.


LIST_MARK = re.compile(
    r"(?P<bullet>[>•◦▪▫■□●○‣⁃∙·*‒–—−➢➔→⇒✓✔►▶▸◆◇◊❖❑☐»›o\uf000-\uf0ff-])(?=\s|$)|"
    r"(?P<number>\d{1,3}[.)])(?=\s|$)|"
    r"(?P<letter>\((?:[a-z\d]{1,4}(?:[-–][a-z\d]{1,2})?|[ivxl]{1,7})\)|"  # (b), (8b), (36-a)
    r"\d{1,3}[-–]?[a-z]{1,2}[.)]|[a-z]\)|(?:i{1,3}|iv|vi{0,3}|ix|x)\.)(?=\s|$)"  # 5a. iv.
)

_GAP = 1.1  # of the type size: a wider one may be a gutter or the border of a cell
_SURE_GAP = 2.2  # and this one is; in between it is if twice as wide as the row's narrowest space,
_LOOSE = 2.0  # for in justified type the spaces of a row are equally wide
_WORD_GAP = 0.15  # of the type size, as in pdf_page.py: a wider gap is a space
_FEW_ROWS = 8  # in fewer the spaces of a text may stand below each other by chance
_IN_COMMON = 0.8  # of a gutter, that a gap must cover: words may reach into its edges
_BASELINE = 0.15  # of the type size: lines are not set exactly
_RAISED = (0.15, 0.7)  # of the type size: the mark of a note, the power of a unit
_LOWERED = -0.3  # of the type size: an index as in CO₂; what is lower is of the next line
_SMALLER = 0.86  # of the type size: what is larger is text, not an index or a raised mark
_TOUCHES = 0.5  # of the type size: a mark farther from a word is not that word's
_UNDER = 0.3  # of the type size: how far below a line its underlining is; a lower rule parts text
_NOTE_GAP = 4.0  # of the type size, from a note's raised number to its text: a tab's width


@dataclass(frozen=True)
class PdfLine:
    """Adjacent words on one page, left to right, without a gap."""

    page: int
    words: tuple[Word, ...]

    @cached_property
    def size(self) -> float:
        """The type size of most of it."""
        lengths: Counter[float] = Counter()
        for word in self.words:
            lengths[word.size] += len(word.text)
        return max(lengths, key=lambda size: (lengths[size], size))

    @cached_property
    def base(self) -> float:
        sized = [word for word in self.words if word.size == self.size]
        return sized[0].base

    @cached_property
    def left(self) -> float:
        return self.words[0].left

    @cached_property
    def right(self) -> float:
        return max(word.right for word in self.words)

    @cached_property
    def text_left(self) -> float:
        """The left edge of the text, after the mark of a list item."""
        if len(self.words) > 1 and LIST_MARK.fullmatch(self.words[0].text):
            return self.words[1].left
        return self.left

    @cached_property
    def bold(self) -> bool:
        return all(word.bold for word in self._lettered)

    @cached_property
    def italic(self) -> bool:
        return all(word.italic for word in self._lettered)

    @cached_property
    def text(self) -> str:
        """Its words, with raised figures as superscripts."""
        parts = [self._shown(self.words[0])]
        for word, following in pairwise(self.words):
            wide = following.left - word.right > _WORD_GAP * self.size
            parts.append(" " if word.spaced or wide else "")
            parts.append(self._shown(following))
        return "".join(parts)

    @property
    def _lettered(self) -> list[Word]:
        """The words that show its style: not bullets and superscripts."""
        own = [word for word in self.words if word.size == self.size]
        return [w for w in own if any(map(str.isalpha, w.text))] or own

    def _shown(self, word: Word) -> str:
        is_raised = word.base < self.base - _RAISED[0] * self.size
        text = raised(word.text) if is_raised else word.text
        return text[:-1].replace("\xad", "") + text[-1:]


def lines_of(page: int, words: Iterable[Word], gutter: Span | None = None) -> list[PdfLine]:
    """The lines of a page or of a cell, top down and from left to right.

    Words at one height with a wide gap between (columns of text, cells) are separate lines, but the
    mark of a list item belongs to its text.

    Args:
        page: its number.
        words: of the page or cell.
        gutter: the white between its columns, if it is known.
    """
    lines: list[PdfLine] = []
    rows = rows_of(words)
    gutters = [*_gutters(rows), *([gutter] if gutter else [])]
    for row in rows:
        row.sort(key=lambda word: word.left)
        own = row[:1] + [b for a, b in pairwise(row) if not _is_printed_twice(a, b)]
        spaces = [b.left - a.right for a, b in pairwise(own)]
        narrow = min((s for s in spaces if s > _WORD_GAP * own[0].size), default=0)
        current = own[:1]
        for word, space in zip(own[1:], spaces, strict=True):
            size = max(word.size, current[-1].size)
            is_wide = space > _SURE_GAP * size or space > max(_GAP * size, _LOOSE * narrow)
            is_mark = len(current) == 1 and (
                LIST_MARK.fullmatch(word_text := current[0].text)
                or (word_text.isdigit() and current[0].size <= _SMALLER * word.size)  # of a note
            )
            gap = (current[-1].right, word.left)
            if not is_mark and (is_wide or any(_spans(gap, gutter) for gutter in gutters)):
                lines.append(PdfLine(page, tuple(current)))
                current = []
            current.append(word)
        lines.append(PdfLine(page, tuple(current)))
    return sorted(lines, key=lambda line: (line.base, line.left))


def _gutters(rows: Sequence[Sequence[Word]]) -> list[Span]:
    """The white between columns of text; empty if there are too few rows to find it."""
    if len(rows) < _FEW_ROWS:
        return []
    spans = [[(word.left, word.right) for word in row] for row in rows]
    return list(white_stretches(spans, median(row[0].size for row in rows)))


def _spans(gap: Span, gutter: Span) -> bool:
    """Whether a gap between words covers the white between columns."""
    common = min(gap[1], gutter[1]) - max(gap[0], gutter[0])
    return common >= _IN_COMMON * (gutter[1] - gutter[0])


def underlines(line: PdfLine, rules: Sequence[Box]) -> bool:
    """Whether rules run below all of a line, apart from its mark."""
    own = [
        rule
        for rule in rules
        if 0 <= rule.top - line.base < _UNDER * line.size
        and rule.bottom - rule.top < rule.right - rule.left
    ]
    return (
        bool(own)
        and min(rule.left for rule in own) < line.text_left + line.size
        and line.right - line.size < max(rule.right for rule in own) < line.right + line.size
    )


def rows_of(words: Iterable[Word]) -> list[list[Word]]:
    """Words at the same height; smaller raised or lowered ones join the row they touch."""
    rows: list[list[Word]] = []  # the first word gives the size and height of its row
    by_height: defaultdict[int, list[list[Word]]] = defaultdict(list)  # in points
    for word in sorted(words, key=lambda word: (-word.size, word.base, word.left)):
        size = rows[0][0].size if rows else 0  # the largest
        height, reach = round(word.base), 1 + math.ceil(_RAISED[1] * size)
        heights = range(height - reach, height + reach + 1)
        close = (
            [row for at in heights for row in by_height.get(at, ())] if reach < len(rows) else rows
        )
        near = [row for row in close if _is_script_in(word, row)] or [
            row for row in close if abs(row[0].base - word.base) <= _BASELINE * row[0].size
        ]
        row = min(near, key=lambda row: abs(row[0].base - word.base), default=None)
        if row is None:
            rows.append([word])
            by_height[height].append(rows[-1])
        else:
            row.append(word)
    return rows


def _is_script_in(word: Word, row: Sequence[Word]) -> bool:
    size, rise = row[0].size, row[0].base - word.base
    return (
        word.size <= _SMALLER * size
        and _LOWERED * size <= rise <= _RAISED[1] * size
        and (
            any(
                -_TOUCHES * size < gap < _TOUCHES * size
                for other in row
                for gap in (word.left - other.right, other.left - word.right)
            )
            or (
                word.text.isdigit()  # the number of a note, set apart
                and 0 < min(other.left for other in row) - word.right < _NOTE_GAP * size
            )
        )
    )


def _is_printed_twice(word: Word, other: Word) -> bool:
    """Whether a word is printed over another, as some programs make bold type."""
    return word.text == other.text and abs(word.left - other.left) < 0.2 * word.size


# Tables of a PDF: by their ruled lines, or by aligned columns.


Cell = tuple[PdfLine, ...]
Row = tuple[Cell, ...]

_TOUCHING = 3.0  # points between rules that belong together: they are drawn inexactly, or double
_NARROW = 100.0  # points; shorter rules underline words
_HIGH_ROW = 90.0  # points; rules farther apart part sections
_FEWEST_RULES = 4  # below each other, that part the rows of a table
_COLUMN_GAP = 0.35  # of the type size: what no row of such a table covers
_WITH_VALUE = 0.6  # of the rows have a figure in one column; fewer are a form or a list
_WITH_TEXT = 0.35  # of the cells have text; with fewer it is a drawing
_BORDER = 0.8  # of the page's height: a higher one frames the page
_IN_BOX = 4  # lines: fewer may be a heading with a frame
_ROW_GAP = 2.6  # of the type size, between rows of a table without rules; more parts two things
_NEARER = 0.9  # of the distance to its rows: what stands as near to the text above is of that text
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
    words = page.words
    tables: list[Table] = []
    boxes: list[Box] = []
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
        if table is None:
            box = Box(columns[0], heights[0], columns[-1], heights[-1])
            is_border = box.size[1] > _BORDER * page.height
            if not is_border and len({word.base for word in inside}) >= _IN_BOX:
                boxes.append(box)
        else:
            tables.append(table)
            taken = set(map(id, inside))
            words = tuple(word for word in words if id(word) not in taken)
    for rows in _stacked(free):
        if found := _lined_table(page.number, words, rows):
            tables.append(found[0])
            words = tuple(word for word in words if id(word) not in found[1])
    return tables, boxes, words


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
    columns: list[list[float]] = []
    for word in sorted(body, key=lambda word: word.left):
        if columns and word.left < columns[-1][1] + _COLUMN_GAP * size:
            columns[-1][1] = max(columns[-1][1], word.right)
        else:
            columns.append([word.left, word.right])
    starts = [(above[1] + below[0]) / 2 for above, below in pairwise(columns)]
    cells: defaultdict[tuple[int, int], list[Word]] = defaultdict(list)
    for word in inside:
        cells[bisect_right(bounds, word.base), bisect_right(starts, _middle(word))].append(word)
    rows = [
        tuple(tuple(lines_of(page, cells.get((row, column), ()))) for column in range(len(columns)))
        for row in range(1, len(bounds))
    ]
    rows = [row for row in rows if sum(map(bool, row)) > 1]
    of_values = (
        sum(len(row[column]) == 1 and is_value(row[column][0].text) for row in rows)
        for column in range(1, len(columns))
    )
    if not rows or max(of_values, default=0) < _WITH_VALUE * len(rows):
        return None
    lines = [line for row in rows for cell in row for line in cell]
    taken = {id(word) for line in lines for word in line.words}
    first = min(line.base for line in lines)
    left, right = columns[0][0], columns[-1][1]
    return Table(page, left, right, first, max(line.base for line in lines), tuple(rows)), taken


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
        if table is None and len(rows[number]) == 1 and number + 1 < len(rows):
            above = rows[number - 1][0].base if number else -math.inf
            run = [rows[number], *_run(rows[number + 1 :])]
            table = _aligned(run) if _heads_column(run, above) else None
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
