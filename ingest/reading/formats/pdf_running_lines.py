"""Leaves out the lines of PDF pages that repeat from page to page, and tables of contents."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ingest.reading.formats.legal_lines import division
from ingest.reading.formats.pdf_lines import PdfLine, lines_of
from ingest.reading.formats.pdf_page import Page
from language.matching import fold
from language.official import OFFICIAL

_MARGIN = 0.15  # of the page's height, 4.5 cm of A4: more would take headings for running headers
_SAME_HEIGHT = 4  # points; less would part headers, more would join neighbouring lines
_LEADERS = re.compile(r"(?:[.…·_]\s?){5,}\s*[\divxlc]*$")  # of a table of contents
_PAGE_NUMBER = re.compile(r"[\s\-–—|]*(\d+)[\s\-–—|]*")
_LANGUAGE_MARKS = frozenset(language.upper() for language in OFFICIAL)
_DIGITS = re.compile(r"\d{1,4}")
_ROMAN = re.compile(r"^\W*[ivxlc]+\W*$")  # a page number


def without_running_lines(pages: Sequence[Page]) -> list[list[PdfLine]]:
    """The lines of each page, without running headers and footers, page numbers and tables of
    contents.

    A running line is in the margin of several pages at the same height, and differs only in the
    page number.
    """
    found = [lines_of(page.number, page.words) for page in pages]
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
