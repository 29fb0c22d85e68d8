"""The reading order of pages, held against regions that were marked by hand.

A page's regions are YAML, `<file>.<page>.yaml`:

    file: report.pdf
    page: 3                                    # from 1
    held: false                                # whether its document was shut while rules were made
    regions:                                   # in the order in which a person reads the page
    - {kind: text, box: [60, 80, 290, 700], goes_on: true}    # left, top, right, bottom, in points

Text with `goes_on` is continued in the next region of text. Of tables, pull quotes and running
lines no order is asked. The words are the file's own, as PDFium has them in a box.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pypdfium2

from core.source import Frozen, SourceDocument
from core.yaml_files import read_yaml

REGIONS = Path(__file__).parent / "regions"
_KINDS = ("text", "note", "caption")  # whose words have an order
_AROUND = (1500, 2500)  # characters before and after a page in which its words may stand
_MARKS = re.compile(r"(?m)^\s*(?:\[\^\w+\]:|[a-z]\)) ")


class Region(Frozen):
    """A part of a page: left, top, right and bottom in points from its upper left corner."""

    kind: Literal["text", "note", "caption", "table", "pull", "running"]
    box: tuple[float, float, float, float]
    goes_on: bool = False


class MarkedPage(Frozen):
    """A page with its regions in reading order."""

    file: str
    page: int
    held: bool = False
    regions: tuple[Region, ...]


def marked_pages(file: Path) -> list[MarkedPage]:
    """The pages of a file that are marked."""
    found = sorted(REGIONS.glob(f"{file.stem}.*.yaml"))
    pages = [MarkedPage.model_validate(read_yaml(place.read_text("utf-8"))) for place in found]
    return [page_marked for page_marked in pages if page_marked.file == file.name]


def neighbours(
    path: Path, document: SourceDocument, marked: MarkedPage
) -> tuple[int, int, list[str]]:
    """How many neighbouring words of a page are neighbours in the text that was read, of how many,
    and those that are not.

    Two words are neighbours in the text if they stand there together with a third, before or
    behind them; else "of the" would be found anywhere.
    """
    starts = (*document.page_starts, len(document.text))
    first, last = starts[marked.page - 1], starts[marked.page]
    own = document.text[max(0, first - _AROUND[0]) : last + _AROUND[1]]
    read = _letters(_MARKS.sub("", own))
    right, wrong = 0, []
    runs = list(_runs(path, marked))
    for words in runs:
        letters = [_letters(word) for word in words]
        for at, (first_letters, other) in enumerate(pairwise(letters)):
            before, behind = letters[max(0, at - 1) : at], letters[at + 2 : at + 3]
            whole = (
                "".join((*before, first_letters, other)),
                "".join((first_letters, other, *behind)),
            )
            if any(run in read for run in whole):
                right += 1
            else:
                wrong.append(" ".join(words[max(0, at - 1) : at + 3]))
    return right, right + len(wrong), wrong


def _runs(path: Path, marked: MarkedPage) -> Iterator[list[str]]:
    """The words of a page that follow each other."""
    document = pypdfium2.PdfDocument(path)
    try:
        sheet = document[marked.page - 1]
        words = sheet.get_textpage()
        _, bottom, _, top = sheet.get_bbox()
        going: list[str] = []
        for region in marked.regions:
            if region.kind not in _KINDS:
                continue
            left, upper, right, lower = region.box
            own = words.get_text_bounded(left, bottom + top - lower, right, bottom + top - upper)
            found = _joined(own.splitlines())
            if region.kind == "text":
                going = _joined([" ".join(going), " ".join(found)]) if going else found
                if region.goes_on:
                    continue
                found, going = going, []
            yield found
        yield going
    finally:
        document.close()


def _joined(lines: Sequence[str]) -> list[str]:
    """The words of lines; one that a hyphen cuts is one word."""
    words: list[str] = []
    for line in lines:
        own = [word for word in line.split() if _letters(word)]
        if own and words and words[-1].endswith(("-", "\xad", "\ufffe", "\x02")):
            words[-1] += own.pop(0)
        words += own
    return words


def _letters(text: str) -> str:
    """Its letters. Figures do not count: those of notes and items are written apart."""
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKC", text))).casefold()
