"""Lines of PDF pages, made of words by place and white space; without those that run over pages."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median
from typing import TypeVar

from ingest.reading.formats.encoding import raised
from ingest.reading.formats.legal_lines import division
from ingest.reading.formats.pdf_page import WORD_GAP, Box, Page, Word
from ingest.reading.noise import page_of_count
from language.identify import OFFICIAL
from language.words import fold

Span = tuple[float, float]
"""From left to right, in points."""

_ZONE = (0.2, 0.8)  # of the whole width: nearer to its edges a gap sets off the marks of a list
_NARROWEST = 0.7  # of the type size; narrower: spaces between words, below each other by chance
_CROSSED = 0.5  # of the usual crossings: a title, an abstract or a figure may go across

LIST_MARK = re.compile(
    r"(?P<bullet>[>•◦▪▫■□●○‣⁃∙·*‒–—−➢➔→⇒✓✔►▶▸◆◇◊❖❑☐»›o\uf000-\uf0ff-])(?=\s|$)|"
    r"(?P<number>\d{1,3}[.)])(?=\s|$)|"
    r"(?P<letter>\((?:[a-z\d]{1,4}(?:[-–][a-z\d]{1,2})?|[ivxl]{1,7})\)|"  # (b), (8b), (36-a)
    r"\d{1,3}[-–]?[a-z]{1,2}[.)]|[a-z]\)|(?:i{1,3}|iv|vi{0,3}|ix|x)\.)(?=\s|$)"  # 5a. iv.
)

_GAP = 1.1  # of the type size: a wider one may be a gutter or the border of a cell
_SURE_GAP = 2.2  # and this one is; in between it is if twice as wide as the row's narrowest space,
_LOOSE = 2.0  # for in justified type the spaces of a row are equally wide
_FEW_ROWS = 8  # in fewer the spaces of a text may stand below each other by chance
_IN_COMMON = 0.8  # of a gutter, that a gap must cover: words may reach into its edges
BASELINE = 0.15  # of the type size: lines are not set exactly
_RAISED = (0.15, 0.7)  # of the type size: the mark of a note, the power of a unit
_LOWERED = -0.3  # of the type size: an index as in CO₂; what is lower is of the next line
_SMALLER = 0.86  # of the type size: what is larger is text, not an index or a raised mark
_TOUCHES = 0.5  # of the type size: a mark farther from a word is not that word's
_UNDER = 0.3  # of the type size: how far below a line its underlining is; a lower rule parts text
_NOTE_GAP = 4.0  # of the type size, from a note's raised number to its text: a tab's width

_MARGIN = 0.15  # of the page's height, 4.5 cm of A4: more would take headings for running headers
_SAME_HEIGHT = 4  # points; less would part headers, more would join neighbouring lines
_LEADERS = re.compile(r"(?:[.…·_]\s?){5,}\s*[\divxlc]*$")  # of a table of contents
_PAGE_NUMBER = re.compile(r"[\s\-–—|]*(\d+)[\s\-–—|]*")
_COUNT_WORDS = 5  # of "Seite 1 von 4", with a mark before it
_LANGUAGE_MARKS = frozenset(language.upper() for language in OFFICIAL)
_DIGITS = re.compile(r"\d{1,4}")
_ROMAN = re.compile(r"^\W*[ivxlc]+\W*$")  # a page number

_T = TypeVar("_T")


def grouped(ordered: Iterable[_T], belongs: Callable[[_T, _T], bool]) -> list[list[_T]]:
    """Ordered things in groups, where each `belongs` to the first of its group."""
    groups: list[list[_T]] = []
    for thing in ordered:
        if groups and belongs(groups[-1][0], thing):
            groups[-1].append(thing)
        else:
            groups.append([thing])
    return groups


def white_stretches(rows: Sequence[Sequence[Span]], size: float) -> Iterator[Span]:
    """The gaps that few rows cross, of the spans that each row covers and their type size."""
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
        return next(word.base for word in self.words if word.size == self.size)

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
            wide = following.left - word.right > WORD_GAP * self.size
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
    """The lines of a page or of a cell, top down and from left to right; `gutter` is the white
    between its columns, if that is known.

    Words at one height with a wide gap between (columns of text, cells) are separate lines, but the
    mark of a list item belongs to its text.
    """
    lines: list[PdfLine] = []
    rows = rows_of(words)
    gutters = [*_gutters(rows), *([gutter] if gutter else [])]
    for row in rows:
        row.sort(key=lambda word: word.left)
        own = row[:1] + [b for a, b in pairwise(row) if not _is_printed_twice(a, b)]
        spaces = [b.left - a.right for a, b in pairwise(own)]
        narrow = min((s for s in spaces if s > WORD_GAP * own[0].size), default=0)
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
            row for row in close if abs(row[0].base - word.base) <= BASELINE * row[0].size
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


def without_running_lines(
    pages: Sequence[Page], of_pages: Sequence[Sequence[PdfLine]]
) -> list[list[PdfLine]]:
    """The lines of each page, without running headers and footers, page numbers and tables of
    contents.

    A running line is in the margin of several pages at the same height, and differs only in the
    page number.
    """
    seen: defaultdict[tuple[str, bool, int], set[int]] = defaultdict(set)
    for page, lines in zip(pages, of_pages, strict=True):
        for line in lines:
            for place in _places(page, line):
                seen[place].add(page.number)
    enough = min(3, max(2, math.ceil(len(pages) / 2)))
    running = {place for place, numbers in seen.items() if len(numbers) >= enough}
    return [
        list(
            _without_contents(
                rest
                for line in lines
                if running.isdisjoint(_places(page, line)) and not _is_page_mark(page, line)
                if (rest := _without_page_count(page, line)) is not None
            )
        )
        for page, lines in zip(pages, of_pages, strict=True)
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


def _without_page_count(page: Page, line: PdfLine) -> PdfLine | None:
    """A line without "Page 1 of 4" where that is in the margin; None if nothing else is in it.

    After other words it has to be the number of the page itself.
    """
    if not _is_in_margin(page, line):
        return line
    if page_of_count(line.text):
        return None
    for start in range(max(1, len(line.words) - _COUNT_WORDS), len(line.words) - 1):
        end = PdfLine(line.page, line.words[start:])
        has_name = any(map(str.isalpha, end.words[0].text))
        if has_name and page_of_count(end.text) == page.number:
            return PdfLine(line.page, line.words[:start])
    return line


def _is_in_margin(page: Page, line: PdfLine) -> bool:
    return min(line.base, page.height - line.base) < _MARGIN * page.height


def _is_page_mark(page: Page, line: PdfLine) -> bool:
    """Whether a line in the margin is the number of its page, or the mark of a language at the foot
    of a page of the Union: "EN 3 EN"."""
    if not _is_in_margin(page, line):
        return False
    number = _PAGE_NUMBER.fullmatch(line.text)
    words = {word for word in line.text.split() if not word.isdigit()}
    is_language = bool(words) and words <= _LANGUAGE_MARKS
    return is_language or (number is not None and int(number[1]) == page.number)
