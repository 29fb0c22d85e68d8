"""Metadata from the beginning of a document: reference, CELEX number, address, date.

Only a line of its own counts, as on a title page: sentences and notes mostly mention other
documents.
"""

import datetime
import re
from collections.abc import Iterator

from ingest.reading.formats.blocks import Parsed
from language.dates import dates_in, only_day
from language.document_numbers import celex_number, document_number
from language.matching import fold

_BEGINNING = 1500  # characters, half a page, in a format without pages; the text has other dates
_LONGEST = 80  # characters of a line of its own; the date in a sentence is that of something else
_FEW_WORDS = 6  # beside a date: "Press release | Brussels, 24 July 2020"
_LABEL = r"(?:[^\W\d]+ ?:\s*)?[(\[]?"  # "Reference: "
_FINAL = r"(?: (?:final|def\w*|endg\w*)\.?(?:/\d+)?)?"
_NUMBER = document_number("COM|SWD|JOIN|SEC|C")
_REFERENCE = re.compile(rf"{_LABEL}({_NUMBER}{_FINAL})(?!\w)")
_CELEX = re.compile(rf"(?:^|CELEX[^\w]*|\s)({celex_number('1-9CE')})(?![\w(])")
_ELI = re.compile(r"https?://data\.europa\.eu/eli/[\w/.-]*\w")


def reference(parsed: Parsed) -> str:
    """The number of a document of the Commission: COM(2020) 606 final, SWD(...), C(...)."""
    return _first(parsed, _REFERENCE, at_start=True)


def celex(parsed: Parsed) -> str:
    """The number of a document on EUR-Lex: 52020DC0606(01)."""
    return _first(parsed, _CELEX)


def eli(parsed: Parsed) -> str:
    """The address of a legal act: https://data.europa.eu/eli/reg/2019/1020/oj.

    Acts state it with http, as a name; what is linked to is the page that answers over https.
    """
    return re.sub("^http:", "https:", _first(parsed, _ELI))


def date(parsed: Parsed, language: str) -> datetime.date | None:
    """The first date in a line with at most a few other words."""
    for line in _lines(parsed):
        dates, rest = dates_in(fold(line), language)
        day = only_day(dates)
        if day and len(re.findall(r"[^\W\d]{2,}", rest)) <= _FEW_WORDS:
            return day
    return None


def _first(parsed: Parsed, pattern: re.Pattern[str], *, at_start: bool = False) -> str:
    for line in _lines(parsed):
        if found := pattern.match(line) if at_start else pattern.search(line):
            return found[pattern.groups]
    return ""


def _lines(parsed: Parsed) -> Iterator[str]:
    """The short lines of the first page, or of the beginning where there are no pages."""
    end = parsed.page_starts[1] if len(parsed.page_starts) > 1 else _BEGINNING
    for block in parsed.blocks:
        if block.start < end and block.kind in ("heading", "paragraph", "item"):
            # `begin` keeps what Markdown takes for the number of an item: "24. července 2020".
            text = block.title or parsed.text[block.begin : block.stop]
            for line in text.split("\n"):
                line = " ".join(line.split()).lstrip("-*•– ")
                if 0 < len(line) <= _LONGEST:
                    yield line
