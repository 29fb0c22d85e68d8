"""Statements: the smallest parts of a passage that can be quoted alone.

units of a passage -> statements: a sentence with its antecedent, a whole list with the sentence
                      that introduces it, a row of a table with its headings

Left out are sentences that refer back to nothing in the passage, footnotes, the rest of a list that
began in another passage, what a summary says about itself, and what is no sentence: a heading, a
signature, "Done at Brussels, 12 December 2001.", a list of nothing but "... is replaced by:".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from chain.reading.lists import LONGEST_LIST, left_out, lists_of, shown_first
from chain.reading.pointing import follows, points_back
from chain.reading.unit_text import is_row
from core.passage import Passage, Unit
from language.matching import fold
from language.vocabulary import vocabulary

_BACK = 2  # most sentences added before one that refers back; more is a paragraph, not a statement
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
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


@dataclass(frozen=True)
class Statement:
    """The smallest part of a passage that can be quoted alone.

    units: numbers of its units, in text order.
    core: those that make the statement; the others are their context.
    left_out: number of items of a long list that are not in `units`.
    """

    units: tuple[int, ...]
    core: tuple[int, ...]
    is_list: bool = False
    left_out: int = 0


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
                if all(_is_open(passage, passage.units[one], ":") for one in shown):
                    continue
                found.append(
                    Statement((*before, *shown), shown, True, left_out(passage, shown[-1]))
                )
        elif is_row(passage, unit):
            if unit.kind == "item":  # its headings alone say nothing
                found.append(Statement((number,), (number,)))
        elif is_sentence(passage, number):
            before = _before(passage, number, lists, reasons)
            if before is not None:
                found.append(Statement((*before, number), (number,)))
    return tuple(found)


def series(passage: Passage, among: Sequence[Statement]) -> Statement | None:
    """A series of sentences ("Block A contains ...", "Block B consists of ...") as one list, with
    the sentence before that announces it and those after that mention a member; None if there is
    no series."""
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


def is_sentence(passage: Passage, number: int) -> bool:
    """Whether a unit is a whole sentence: nothing of a table or list, no heading or signature."""
    unit = passage.units[number]
    return (
        unit.kind == "sentence"
        and not is_row(passage, unit)
        and not _is_listed(number, lists_of(passage))
        and not _is_open(passage, unit)
        and _says_something(passage, unit)
    )


def about_itself(passage: Passage, unit: Unit) -> bool:
    """Whether a summary talks about itself: "this brief does not list the individual actions"."""
    if passage.document.kind != "brief":
        return False
    text = fold(passage.text[unit.start : unit.end])
    return any(name in text for name in vocabulary(passage.language).summaries)


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


def _is_listed(number: int, lists: dict[int, tuple[int, ...]]) -> bool:
    return any(number in members for members in lists.values())


def _before(
    passage: Passage, number: int, lists: dict[int, tuple[int, ...]], reasons: bool
) -> tuple[int, ...] | None:
    """The units that a unit refers back to, at most two sentences or a list; None if they are not
    in the passage."""
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


def _text(passage: Passage, number: int) -> str:
    unit = passage.units[number]
    return passage.text[unit.start : unit.end]
