"""What may be shown of a passage: nothing less can be understood, nothing in it can be left out.

units of a passage -> statements: a sentence with the one that it points back to, a whole list with
                      the sentence that introduces it, a row of a table with its headings

A sentence that opens with a word that points back stays out where nothing stands before it that it
could point to; so do footnotes, the rest of a list that began in another passage, and what a
summary says about itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, takewhile

from chain.vocabulary import vocabulary
from core.matching import fold
from core.types import Passage, Unit

LONGEST_LIST = 12
"""Items of a list that are shown; of a longer one the first."""

_BACK = 2  # sentences that one brings along at most
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_OPENING = 6  # words that are looked at
_ENUMERATED = re.compile(r"(?P<name>[^\W\d_]{3,}) (?P<number>[A-Z]|[IVX]+|\d{1,2})\b")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+")
_FEWEST = 5  # words, of what is more than an address
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Statement:
    """The smallest thing of a passage that may be shown.

    `units` are the numbers of its units in text order. `core` are those that say it; the others
    are there so that these can be understood. `left_out` counts the items of a long list that are
    not in `units`.
    """

    units: tuple[int, ...]
    core: tuple[int, ...]
    is_list: bool = False
    left_out: int = 0


@lru_cache(maxsize=2000)  # the same passages are found again and again
def statements(passage: Passage, *, reasons: bool = False) -> tuple[Statement, ...]:
    """The statements of a passage, in text order.

    With `reasons`, what follows from the sentence before ("The Commission therefore proposed ...")
    brings that as well.
    """
    found = []
    lists = _lists(passage)
    for number, unit in enumerate(passage.units):
        if unit.kind == "note" or about_itself(passage, unit) or _says_little(passage, unit):
            continue
        if number in lists:
            members = lists[number]
            if unit.kind == "item" and passage.continues and number == 0:
                continue
            before = _before(passage, number, lists, reasons)
            if before is not None:
                shown = _first_items(passage, members)
                found.append(
                    Statement((*before, *shown), shown, True, left_out(passage, shown[-1]))
                )
        elif is_row(passage, unit):
            if unit.kind == "item":  # its headings alone say nothing
                found.append(Statement((number,), (number,)))
        elif unit.kind == "sentence" and not (_is_listed(number, lists) or _is_open(passage, unit)):
            before = _before(passage, number, lists, reasons)
            if before is not None:
                found.append(Statement((*before, number), (number,)))
    return tuple(found)


def series(passage: Passage, among: Sequence[Statement]) -> Statement | None:
    """What is told under one name and a running number or letter, as one list: "Block A contains
    ...: ...", "Block B consists of ...", "Block C ...", with the sentence before that announces
    them and those after that name one of them; None where there is no such series."""
    named: dict[str, dict[str, Statement]] = {}
    for one in among:
        unit = passage.units[one.core[0]]
        opening = _ENUMERATED.match(passage.text[unit.start : unit.end])
        if opening and unit.kind == "sentence":
            named.setdefault(opening["name"], {}).setdefault(opening["number"], one)
    for name, members in named.items():
        if len(members) < 2:
            continue
        numbers = sorted({n for one in members.values() for n in one.units})
        first, last = numbers[0], numbers[-1]
        of_series = re.compile(rf"\b{re.escape(name)} (?:{'|'.join(members)})\b", re.IGNORECASE)
        if first and fold(name) in fold(_text(passage, first - 1)):
            first -= 1
        while last + 1 < len(passage.units) and of_series.search(_text(passage, last + 1)):
            last += 1
        units = tuple(range(first, last + 1))
        return Statement(units, units, True)
    return None


def points_back(text: str, language: str) -> bool:
    """Whether a sentence opens with a word that points to what was said before it.

    >>> points_back("In that year the number rose.", "en")
    True
    >>> points_back("There are eight of them.", "en")
    False
    """
    words = vocabulary(language)
    opening = [fold(word) for word in _WORD.findall(text[:200])[:_OPENING]]
    said = f"{' '.join(opening)} "
    if not opening or any(said.startswith(f"{phrase} ") for phrase in words.no_pointing):
        return False
    if _opening(language).match(said) or not words.same.isdisjoint(opening):
        return True
    for word in opening:
        if word in words.demonstratives:
            return True
        if word not in words.linking:
            return False
    return False


def _follows(text: str, language: str) -> bool:
    """Whether a sentence says that it follows from another."""
    words = [fold(word) for word in _WORD.findall(text)]
    return not vocabulary(language).consequences.isdisjoint(words)


@cache
def _opening(language: str) -> re.Pattern[str]:
    phrases = sorted(map(re.escape, vocabulary(language).pointing), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(phrases)}) " if phrases else "(?!)")


def about_itself(passage: Passage, unit: Unit) -> bool:
    """Whether a summary speaks of itself: "this brief does not list the individual actions"."""
    if passage.document.kind != "brief":
        return False
    text = fold(passage.text[unit.start : unit.end])
    return any(name in text for name in vocabulary(passage.language).summaries)


def _says_little(passage: Passage, unit: Unit) -> bool:
    """Whether nothing is said but where to look, or nothing at all: "See https://...", ";"."""
    text = passage.text[unit.start : unit.end]
    words = _WORD.findall(_ADDRESS.sub("", text))
    return not words or (len(words) < _FEWEST and _ADDRESS.search(text) is not None)


def _is_open(passage: Passage, unit: Unit) -> bool:
    """Whether a sentence announces what is not in it: "Having regard to ...," "Done at X,"."""
    return passage.text[unit.start : unit.end].rstrip("*_ ").endswith((",", ":"))


def reading(passage: Passage, unit: Unit) -> str:
    """A unit as it is shown: in one line, and a row of a table with its headings.

    >>> # | weapon | number |    | revolver | 102 |    ->    weapon: revolver; number: 102
    """
    if is_row(passage, unit) and unit.lead_in is not None:
        pairs = zip(
            _cells(passage, *unit.lead_in), _cells(passage, unit.start, unit.end), strict=False
        )
        return "; ".join(f"{head}: {cell}" if head else cell for head, cell in pairs if cell)
    return " ".join(passage.text[unit.start : unit.end].split()).lstrip("#- ")


def is_row(passage: Passage, unit: Unit) -> bool:
    """Whether a unit is a row of a table; also the one with the headings."""
    return passage.text[_line_start(passage, unit.start) : unit.start].rstrip(" \t").endswith("|")


def _line_start(passage: Passage, offset: int) -> int:
    return passage.text.rfind("\n", 0, offset) + 1


def _cells(passage: Passage, start: int, end: int) -> list[str]:
    """The cells of the row with this text; a first one that is empty stands before it."""
    line = passage.text[_line_start(passage, start) : end]
    return [" ".join(cell.split()).replace("\\|", "|") for cell in _CELLS.split(line)[1:]]


def _lists(passage: Passage) -> dict[int, tuple[int, ...]]:
    """First unit of each list -> its units: the sentence that introduces it or stands before it,
    where there is one, and all items with what is listed under these. Rows of tables are no
    lists."""
    at = {(unit.start, unit.end): number for number, unit in enumerate(passage.units)}
    root: dict[int, int] = {}
    lists: dict[int, list[int]] = {}
    before = -1  # the last sentence, or the first item where there is none: what items belong to
    for number, unit in enumerate(passage.units):
        if unit.kind != "item" or is_row(passage, unit):
            if unit.kind != "note":
                before = -1 if is_row(passage, unit) else number
            continue
        before = number if before < 0 else before
        lead = at.get(unit.lead_in, before) if unit.lead_in is not None else before
        root[number] = root.get(lead, lead)
        lists.setdefault(root[number], [root[number]])
        if number != root[number]:
            lists[root[number]].append(number)
    return {first: tuple(members) for first, members in lists.items()}


def _is_listed(number: int, lists: dict[int, tuple[int, ...]]) -> bool:
    return any(number in members for members in lists.values())


def _first_items(passage: Passage, members: tuple[int, ...]) -> tuple[int, ...]:
    """The introduction and the first items of a list, with all that is listed under these."""
    lead = passage.units[members[0]]
    top = [n for n in members if passage.units[n].lead_in in (None, (lead.start, lead.end))]
    items = [n for n in top if passage.units[n].kind == "item"]
    if len(items) <= LONGEST_LIST:
        return members
    return tuple(n for n in members if n < items[LONGEST_LIST])


def first_items(passage: Passage, most: int) -> tuple[int, ...]:
    """The first items of the list that a passage begins with, with what is listed under these."""
    found: list[int] = []
    for number, unit in enumerate(passage.units):
        if unit.kind == "sentence" or is_row(passage, unit):
            break
        most -= unit.kind == "item" and unit.lead_in is None
        if most < 0:
            break
        if unit.kind == "item":
            found.append(number)
    return tuple(found)


def left_out(passage: Passage, last: int) -> int:
    """How many items of the list that unit `last` is in follow it, here and in later passages."""
    rest = passage.units[last + 1 :]
    items = list(
        takewhile(lambda unit: unit.kind != "sentence" and not is_row(passage, unit), rest)
    )
    after = passage.items_after if len(items) == len(rest) else 0
    return sum(unit.kind == "item" for unit in items) + after


def _before(
    passage: Passage, number: int, lists: dict[int, tuple[int, ...]], reasons: bool
) -> tuple[int, ...] | None:
    """The units that a unit points back to, at most two sentences or a list; None where it points
    to what is not there."""
    brought: list[int] = []
    while True:
        text = _text(passage, number)
        needed = points_back(text, passage.language)
        if not needed and not (reasons and _follows(text, passage.language)):
            break
        earlier = [n for n in range(number) if passage.units[n].kind != "note"]
        if not earlier or len(brought) >= _BACK or is_row(passage, passage.units[earlier[-1]]):
            if needed:
                return None
            break
        number = earlier[-1]
        members = next((m for m in lists.values() if number in m), (number,))
        if len(members) > LONGEST_LIST + 1 or about_itself(passage, passage.units[number]):
            return None
        brought = [*members, *brought]
        number = members[0]
    return tuple(brought)


def _text(passage: Passage, number: int) -> str:
    unit = passage.units[number]
    return passage.text[unit.start : unit.end]


def runs(units: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The stretches of units that are shown one after the other as they stand in the text."""
    for _, run in groupby(enumerate(units), key=lambda pair: pair[1] - pair[0]):
        yield tuple(number for _, number in run)
