"""Quotable statements of a passage: sentences, whole lists, definitions, and their text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, takewhile

from core.source import Passage, Unit
from language.vocabulary import vocabulary
from language.words import fold

_FOOTNOTE = re.compile(r"^[⁰¹²³⁴-⁹]+\s*")  # the number of the footnote before
_NUMBER = re.compile(r"(?<!\S)([0-9]{1,9}[.)])\s*$")  # before an item
_CELLS = re.compile(r"(?<!\\)\|")
LONGEST_LIST = 12  # a list of sixty would bury the answer: docs/decisions/0013
"""Most items of a list to show; of a longer list the first."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_OPENING = 6  # first words, checked for a reference back; a later one is to the sentence itself
_EXCEPTING = 10  # first words, checked for an exception
_BACK = 2  # most sentences added before one that refers back; more is a paragraph, not a statement
_ENUMERATED = re.compile(r"(?P<name>[^\W\d_]{3,}) (?P<number>[A-Z]|[IVX]+|\d{1,2})\b")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+")
_FEWEST = 5  # words: a unit with an address and fewer words says only where to look
# Different words of a sentence that says something, and of one without a mark at its end: shorter
# ones are headings and signatures, in all that was found in twelve official documents.
_SENTENCE, _UNENDED = 4, 6
_END = re.compile(r"[.!?…;;。][\W\d]*$")
# The formula that closes an act, in the languages where it begins with words and no name of a
# place.
_CLOSING = re.compile(
    r"(?:Done at|Gedaan te|Fait à|Geschehen zu|Hecho en|Fatto a|Feito em|Sporządzono w|Utfärdad i"
    r"|Udfærdiget i|Tehty|Kelt|Întocmit la|Adoptată? la|Sastavljeno u|Magħmul fi|Priimta"
    r"|Съставено в|Arna dhéanamh) .{0,60}$"
)


def reading(passage: Passage, unit: Unit) -> str:
    """Text of a unit as shown: in one line, without a footnote's number before it; a table row with
    its headings, also where these stand in an earlier passage.

    | weapon | number |    | revolver | 102 |    ->    weapon: revolver; number: 102
    """
    if is_row(passage, unit):
        headers = [_cells(line) for line in passage.lead_ins(unit) if line.startswith("|")]
        line = passage.text[_line_start(passage, unit.start) : unit.end]
        if headers:
            pairs = zip(column_names(headers), _cells(line), strict=False)
            return "; ".join(f"{head}: {cell}" if head else cell for head, cell in pairs if cell)
    text = " ".join(passage.text[unit.start : unit.end].split()).lstrip("#- ")
    return _FOOTNOTE.sub("", text)


def number_of(passage: Passage, unit: Unit) -> str:
    """The number that Markdown has before an item, such as "6."; empty where it has none. A mark
    that is typed, such as "(a)", is part of its text."""
    found = _NUMBER.search(passage.text[_line_start(passage, unit.start) : unit.start])
    return found[1] if found else ""


def is_row(passage: Passage, unit: Unit) -> bool:
    """Whether a unit is a row of a table, header rows included."""
    return passage.text[_line_start(passage, unit.start) : unit.start].rstrip(" \t").endswith("|")


def _line_start(passage: Passage, offset: int) -> int:
    return passage.text.rfind("\n", 0, offset) + 1


def _cells(line: str) -> list[str]:
    """Cells of a table row, the last bar of which may be missing."""
    return [" ".join(cell.split()).replace("\\|", "|") for cell in _CELLS.split(line)[1:]]


def column_names(headers: Sequence[Sequence[str]]) -> list[str]:
    """The name of each column, of one or more header rows; a cell above others goes over the empty
    ones behind it.

    >>> column_names([["", "Seizures", ""], ["Country", "2019", "2020"]])
    ['Country', 'Seizures 2019', 'Seizures 2020']
    """
    parts: list[list[str]] = [[] for _ in headers[-1]]
    for number, row in enumerate(headers):
        over = ""
        for column, part in zip(row, parts, strict=False):
            over = column or (over if number < len(headers) - 1 else "")
            if over and over not in part:
                part.append(over)
    return [" ".join(part) for part in parts]


def lists_of(passage: Passage) -> dict[int, tuple[int, ...]]:
    """First unit of each list -> its units: the sentence that introduces or precedes it, if any,
    and all items, nested ones included. Table rows are no lists."""
    at = {(unit.start, unit.end): number for number, unit in enumerate(passage.units)}
    root: dict[int, int] = {}
    lists: dict[int, list[int]] = {}
    before = -1  # unit that items belong to: the last sentence, else the first item
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


def shown_first(passage: Passage, members: tuple[int, ...]) -> tuple[int, ...]:
    """The introduction and the first `LONGEST_LIST` items of a list, with their nested items."""
    lead = passage.units[members[0]]
    top = [n for n in members if passage.units[n].lead_in in (None, (lead.start, lead.end))]
    items = [n for n in top if passage.units[n].kind == "item"]
    if len(items) <= LONGEST_LIST:
        return members
    return tuple(n for n in members if n < items[LONGEST_LIST])


def first_items(passage: Passage, most: int) -> tuple[int, ...]:
    """The first `most` items of the list that a passage begins with, with their nested items."""
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
    """Number of items behind unit `last` in its list, here and in later passages."""
    rest = passage.units[last + 1 :]
    items = list(
        takewhile(lambda unit: unit.kind != "sentence" and not is_row(passage, unit), rest)
    )
    after = passage.items_after if len(items) == len(rest) else 0
    return sum(unit.kind == "item" for unit in items) + after


def runs(units: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Splits units into runs of consecutive ones."""
    for _, run in groupby(enumerate(units), key=lambda pair: pair[1] - pair[0]):
        yield tuple(number for _, number in run)


def points_back(text: str, language: str) -> bool:
    """Whether a sentence opens with a word that refers back (an anaphor).

    >>> points_back("In that year the number rose.", "en")
    True
    >>> points_back("There are eight of them.", "en")
    False
    """
    words = vocabulary(language)
    opening = [fold(word) for word in _WORD.findall(text[:200])[:_OPENING]]
    start = f"{' '.join(opening)} "
    if not opening or any(start.startswith(f"{phrase} ") for phrase in words.no_pointing):
        return False
    if _pointing(language).match(start) or not words.same.isdisjoint(opening):
        return True
    for word in opening:
        if word in words.demonstratives:
            return True
        if word not in words.linking:
            return False
    return False


def follows(text: str, language: str) -> bool:
    """Whether a sentence states a consequence ("therefore")."""
    words = [fold(word) for word in _WORD.findall(text)]
    return not vocabulary(language).consequences.isdisjoint(words)


def excepts(text: str, language: str) -> bool:
    """Whether a sentence opens by taking back some of what the one before says.

    >>> excepts("Paragraph 1 shall not apply to arms of historical interest.", "en")
    True
    """
    opening = f" {' '.join(fold(word) for word in _WORD.findall(text[:200])[:_EXCEPTING])} "
    return any(f" {phrase} " in opening for phrase in vocabulary(language).excepting)


@cache
def _pointing(language: str) -> re.Pattern[str]:
    phrases = sorted(map(re.escape, vocabulary(language).pointing), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(phrases)}) " if phrases else "(?!)")


@dataclass(frozen=True)
class Statement:
    """The smallest part of a passage that can be quoted alone."""

    units: tuple[int, ...]  # their numbers, in text order
    # Those that make the statement. The others are their context: what they refer back to, and an
    # exception that follows at once.
    core: tuple[int, ...]
    is_list: bool = False
    left_out: int = 0  # items of a long list that are not in `units`


@lru_cache(maxsize=2000)  # many questions retrieve the same passages
def statements(passage: Passage, *, reasons: bool = False) -> tuple[Statement, ...]:
    """The statements of a passage, in text order.

    With `reasons`, a consequence ("The Commission therefore proposed ...") includes the sentence
    before it.
    """
    found = []
    lists = lists_of(passage)
    for number, unit in enumerate(passage.units):
        if unit.kind == "note" or about_itself(passage, unit) or _says_little(passage, unit):
            continue
        if number in lists:
            members = lists[number]
            if unit.kind == "item" and passage.continues and number == 0:
                continue
            before = _before(passage, number, lists, reasons)
            if before is not None:
                shown = shown_first(passage, members)
                if all(_is_open(passage, passage.units[n], ":") for n in shown):
                    continue
                cut = left_out(passage, shown[-1])
                behind = () if cut else _exception(passage, shown[-1] + 1, lists)
                found.append(Statement((*before, *shown, *behind), shown, True, cut))
        elif is_row(passage, unit):
            if unit.kind == "item":  # its headings alone say nothing
                found.append(Statement((number,), (number,)))
        elif is_sentence(passage, number):
            before = _before(passage, number, lists, reasons)
            if before is not None:
                behind = _exception(passage, number + 1, lists)
                found.append(Statement((*before, number, *behind), (number,)))
    return tuple(found)


def series(passage: Passage, among: Sequence[Statement]) -> Statement | None:
    """A series of sentences ("Block A contains ...", "Block B consists of ...") as one list, with
    the sentence before that announces it and those after that mention a member; None if there is
    no series."""
    named: dict[str, dict[str, Statement]] = {}
    for statement in among:
        unit = passage.units[statement.core[0]]
        opening = _ENUMERATED.match(passage.text[unit.start : unit.end])
        if opening and unit.kind == "sentence":
            named.setdefault(opening["name"], {}).setdefault(opening["number"], statement)
    for name, members in named.items():
        if len(members) < 2:
            continue
        numbers = sorted({n for member in members.values() for n in member.units})
        first, last = numbers[0], numbers[-1]
        of_series = re.compile(rf"\b{re.escape(name)} (?:{'|'.join(members)})\b", re.IGNORECASE)
        if first and fold(name) in fold(_text(passage, first - 1)):
            first -= 1
        while last + 1 < len(passage.units) and of_series.search(_text(passage, last + 1)):
            last += 1
        units = tuple(range(first, last + 1))
        return Statement(units, units, True)
    return None


def is_sentence(passage: Passage, number: int) -> bool:
    """Whether a unit is a whole sentence: nothing of a table or list, no heading or signature."""
    unit = passage.units[number]
    return (
        unit.kind == "sentence"
        and not is_row(passage, unit)
        and not any(number in members for members in lists_of(passage).values())
        and not _is_open(passage, unit)
        and _says_something(passage, unit)
    )


def about_itself(passage: Passage, unit: Unit) -> bool:
    """Whether a summary talks about itself: "this brief does not list the individual actions"."""
    text, names = fold(passage.text[unit.start : unit.end]), vocabulary(passage.language).summaries
    return passage.document.kind == "brief" and any(name in text for name in names)


def _says_little(passage: Passage, unit: Unit) -> bool:
    """Whether a unit has only an address or no words: "See https://...", ";"."""
    text = passage.text[unit.start : unit.end]
    words = _WORD.findall(_ADDRESS.sub("", text))
    return not words or (len(words) < _FEWEST and _ADDRESS.search(text) is not None)


def _is_open(passage: Passage, unit: Unit, marks: str = ",:") -> bool:
    """Whether a sentence is incomplete: "Having regard to ...," "Article 2 is replaced by:"."""
    return passage.text[unit.start : unit.end].rstrip("*_ ").endswith(tuple(marks))


def _says_something(passage: Passage, unit: Unit) -> bool:
    """Whether a sentence is one: no heading, signature or formula of closing."""
    text = passage.text[unit.start : unit.end].strip("*_ ")
    words = len(set(_WORD.findall(fold(text))))
    return words >= (_SENTENCE if _END.search(text) else _UNENDED) and not _CLOSING.match(text)


def _before(
    passage: Passage, number: int, lists: dict[int, tuple[int, ...]], reasons: bool
) -> tuple[int, ...] | None:
    """The units that one refers back to, two sentences or a list; None if they are elsewhere."""
    brought: list[int] = []
    while True:
        text = _text(passage, number)
        needed = points_back(text, passage.language)
        if not needed and not (reasons and follows(text, passage.language)):
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


def _exception(passage: Passage, number: int, lists: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The exception that begins with a unit, a sentence or a whole list; empty if none does."""
    if number >= len(passage.units) or not excepts(_text(passage, number), passage.language):
        return ()
    members = lists.get(number, (number,))
    is_whole = shown_first(passage, members) == members
    is_exception = is_sentence(passage, number) or (is_whole and len(members) > 1)
    return members if is_exception and passage.units[number].kind == "sentence" else ()


def _text(passage: Passage, number: int) -> str:
    unit = passage.units[number]
    return passage.text[unit.start : unit.end]
