"""Which blocks of a document are page noise: share buttons, cookie bars, lists of links.

Noise is marked, not cut, so that offsets stay exact. A block is noise when nearly all of it is:
most words are labels of buttons, or the whole line is a known one; in doubt it is text. The words
are in `language/noise.yaml`.
"""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import takewhile

from core.yaml_files import read_yaml
from ingest.reading.blocks import Block, Parsed
from language.figures import calendar_day
from language.vocabulary import FOLDER, months
from language.words import fold

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# No brackets: "MRV[2024] ) / 5 ) / MRV[2026]" is a formula.
_BREADCRUMBS = re.compile(r"(?:[^>›»|/\n\[\]=]+ [>›»|/] ){2,}[^>›»|/\n\[\]=]+")
# The month in words: whether 3/4/2020 is in March or in April is not known of a page.
_DATE = re.compile(r"(?<!\d)(\d{1,2})(?:\.|er)? ([^\W\d_]+) (\d{4})(?!\d)")
_LANGUAGES = ("nl", "en", "fr", "de", "de_AT")  # of the lists in noise.yaml; Austria's "Jänner"
_BUTTON_SHARE = 0.5  # of the words of a line; a sentence that names buttons has more other words
_SHORT_LINE = 150  # characters; longer is a paragraph whose full stop is missing
_LINK_LIST = 4  # short lines in a row that are links without a heading; fewer may be an address
_NOTICE = re.compile(r"©|\bcopyright\b|\ball rights reserved\b", re.IGNORECASE)
_WORDS_ALONE = re.compile(r"(?:[^\W\d_]+[ –-]+)+[^\W\d_]+")  # no number of a document
_PAGE_OF = re.compile(  # "Page 1 of 4", "- Sida 1 (4) -", "1. oldal, összesen: 4"
    r"[-|\s]*(?:(?P<before>[^\W\d_]{1,10})[.:]? ?)?(?P<page>\d{1,4})\.?"
    r"(?: (?P<middle>[^\W\d_]{1,10}),?(?= ))?"
    r" ?(?P<of>[/(]|[^\W\d_]{1,8}):? ?(?P<all>\d{1,4})\)?\.?(?: (?P<after>[^\W\d_]{1,10}))?[-|\s]*"
)
_LONGEST_LETTERHEAD, _FEWEST_WAYS = 400, 3  # characters, ways to reach who sent it
_SENTENCE = re.compile(r"[^\W\d_]{3}[.!?](?:\s|$)")
# An e-mail address, a web page, a telephone number, a post box, a place with its code.
_WAYS = tuple(
    re.compile(way, re.IGNORECASE)
    for way in (
        r"\S@\S+\.\w",
        r"\b(?:www\.|https?://)\S",
        r"(?:\+|\b(?:t|f|tel|fax|tél|telefoon|phone|fon)\b\.?:?\s*\+?)[\d(][\d\s()/.-]{6,}",
        r"\b(?:postbus|postfach|p\.?o\.? box|boîte postale|bp|apartado)\s*\d",
        r"\b(?:[1-9]\d{3} ?[A-Z]{2}|[A-Z]{1,2}[- ]\d{4,5}|\d{5})\b",
    )
)
_COOKIE_BAR = 400  # characters; a longer text that begins so may be about cookies

_SHOWN, _LONGEST_SHOWN = 100, 300  # texts that are left out, and characters of each


@cache
def _words() -> Mapping[str, frozenset[str]]:
    """The words of noise, by kind."""
    lists = read_yaml((FOLDER / "noise.yaml").read_text("utf-8"))
    return {kind: frozenset(map(fold, words)) for kind, words in lists.items()}


def mark_noise(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks, with paragraphs that say nothing marked: page noise, numbers of pages,
    letterheads, a line in capitals alone below its heading, a notice of rights that was there
    before. What else is repeated stays: a law says the same of two things."""
    notices: set[str] = set()

    def says_nothing(place: int) -> bool:
        own = text[blocks[place].start : blocks[place].end]
        is_again = False
        if _NOTICE.search(own):
            notice = " ".join(fold(own).split())
            is_again = notice in notices
            notices.add(notice)
        return is_again or is_noise(own) or _is_lone(text, blocks, place)

    return tuple(
        replace(block, kind="noise") if block.kind == "paragraph" and says_nothing(place) else block
        for place, block in enumerate(blocks)
    )


def _is_lone(text: str, blocks: Sequence[Block], place: int) -> bool:
    """Whether a line in capitals is all that stands below its heading: a title page's."""
    own = text[blocks[place].start : blocks[place].end]
    around = (blocks[place - 1 : place] if place else ()), blocks[place + 1 : place + 2]
    return (
        own.isupper()
        and _WORDS_ALONE.fullmatch(own) is not None
        and len(own) <= _SHORT_LINE
        and all(near and near[0].kind == "heading" for near in around)
    )


def mark_link_lists(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks of a plain text, with lists of link titles and their headings marked as noise.

    Such a list is a row of short lines without a sentence, below a heading for links or at least
    four long. A last line with text below it is the heading of that text, and stays.
    """
    kept = [block for block in blocks if block.kind != "noise"]
    links = {*_below_link_headings(text, kept), *_long_rows(text, kept)}
    return tuple(replace(b, kind="noise") if b.begin in links else b for b in blocks)


def left_out(parsed: Parsed) -> tuple[str, ...]:
    """The texts that are left out as page noise, the first ones and their beginnings, to be looked
    at."""
    noise = [block for block in parsed.blocks if block.kind == "noise"]
    return tuple(
        " ".join(parsed.text[block.start : block.end].split())[:_LONGEST_SHOWN]
        for block in noise[:_SHOWN]
    )


def with_noise(parsed: Parsed) -> Parsed:
    """A copy in which what was taken for page noise is text."""
    blocks = (replace(b, kind="paragraph") if b.kind == "noise" else b for b in parsed.blocks)
    return replace(parsed, blocks=tuple(blocks))


def is_short_line(text: str, block: Block) -> bool:
    """Whether a paragraph or list item is one line and no sentence."""
    line = text[block.start : block.end]
    return (
        block.kind in ("paragraph", "item")
        and "\n" not in line
        and len(line) <= _SHORT_LINE
        and not line.endswith((".", ";", "?", "!", "…", ",", "”", "»"))
    )


def _below_link_headings(text: str, kept: Sequence[Block]) -> Iterator[int]:
    """The beginnings of headings such as "See also", and of the short lines and items below
    each."""
    below = 0  # the first block after the last row
    row: Sequence[Block] = ()
    for number, block in enumerate(kept):
        if block.kind != "paragraph" or not _is_link_heading(text[block.start : block.end]):
            continue
        if number >= below:  # else it is in that row
            row = _row(kept, number + 1, lambda line: is_short_line(text, line))
            below = number + 1 + len(row)
            yield from (link.begin for link in _without_heading(row, below < len(kept)))
        if number + 1 < below or below == len(kept):
            yield block.begin


def _is_link_heading(line: str) -> bool:
    return len(line) <= _SHORT_LINE and fold(line).rstrip(" :") in _words()["link_headings"]


def _long_rows(text: str, kept: Sequence[Block]) -> Iterator[int]:
    """The beginnings of the lines in rows that are long enough to be lists of links without a
    heading.

    The first line of a text is its title. Lines below one with a colon are text, and so is a row
    with a line of figures only: a table.
    """
    number = 1
    while number < len(kept):
        row = _row(kept, number, lambda block: is_short_paragraph(text, block))
        lines = [text[block.start : block.end] for block in kept[number - 1 : number + len(row)]]
        links = _without_heading(row, number + len(row) < len(kept))
        introduces = [line.endswith(":") for line in lines]
        introduced = introduces[0] or any(
            colon and not any(introduces[n + 1 : n + 3]) and n + 2 < len(lines)
            for n, colon in enumerate(introduces)
        )
        if len(links) >= _LINK_LIST and not introduced and all(map(_WORD.search, lines)):
            yield from (link.begin for link in links)
        number += len(row) + 1


def _row(kept: Sequence[Block], start: int, belongs: Callable[[Block], bool]) -> list[Block]:
    """The consecutive blocks from `start` on that belong to a row."""
    return list(takewhile(belongs, (kept[number] for number in range(start, len(kept)))))


def is_short_paragraph(text: str, block: Block) -> bool:
    """Whether a block is one line of its own and no sentence: a heading, a title of a link."""
    return block.kind == "paragraph" and is_short_line(text, block)


def _without_heading(row: list[Block], has_text_below: bool) -> list[Block]:
    """A row of lines without its last one, if that is the heading of the text below."""
    return row[:-1] if row and has_text_below and row[-1].kind == "paragraph" else row


def is_noise(line: str) -> bool:
    """Whether a line or paragraph is a share bar, cookie bar, breadcrumbs or the like."""
    folded, known = fold(line), _words()
    words = _WORD.findall(folded)
    labels = sum(word in known["buttons"] for word in words)
    icons = sum(len(word) == 1 for word in words)
    is_buttons = (
        labels >= 2
        and labels + icons >= _BUTTON_SHARE * len(words)
        and "," not in line
        and not line.endswith((".", ":", ";", "?", "!"))
    )
    return (
        is_buttons
        or folded.strip(" ↑^↩«»‹›>-") in known["lines"]
        or folded.startswith(tuple(known["sources"]))
        or (len(folded) <= _COOKIE_BAR and folded.startswith(tuple(known["cookies"])))
        or (_BREADCRUMBS.fullmatch(line) is not None and not line.endswith("."))
        or page_of_count(line) > 0
        or _is_letterhead(line)
    )


def is_general_heading(line: str) -> bool:
    """Whether a line is a heading that many documents have, such as "Summary", and no title."""
    return fold(line).strip(" .:") in _words()["general_headings"]


def page_of_count(line: str) -> int:
    """The number of the page in a line that is "Page 1 of 4", "1/4" or the like in an official
    language of the Union; 0 in another line."""
    found = _PAGE_OF.fullmatch(fold(line))
    if found is None or int(found["page"]) > int(found["all"]):
        return 0
    names = [name for name in found.group("before", "middle", "after") if name]
    is_named = len(names) == 1 and names[0] in _words()["pages"]
    is_counted = found["of"] == "/" if not names else is_named
    is_known = found["of"] in _words()["page_of"] or (found["of"] == "(" and is_named)
    return int(found["page"]) if is_counted and is_known else 0


def _is_letterhead(line: str) -> bool:
    """Whether a short text without a sentence is an address with ways to reach it."""
    if len(line) > _LONGEST_LETTERHEAD or _SENTENCE.search(line):
        return False
    return sum(bool(way.search(line)) for way in _WAYS) >= _FEWEST_WAYS


def published(text: str, blocks: Sequence[Block]) -> datetime.date | None:
    """The date in the line that gives the source of a page's text."""
    for block in blocks:
        line = fold(text[block.start : block.end])
        if block.kind == "noise" and line.startswith(tuple(_words()["sources"])):
            for day, name, year in _DATE.findall(line):
                month = _months().get(name)
                if month and (found := calendar_day(int(year), month, int(day))):
                    return found
    return None


@cache
def _months() -> dict[str, int]:
    return {name: month for language in _LANGUAGES for name, month in months(language).items()}
