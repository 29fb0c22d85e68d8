"""The prepared question whose answer is a question's answer, and what is shown of that.

near prepared questions -> the nearest that the first statement answers -> its units, a sentence
behind those that it refers back to; of a list the whole, or the few items that are meant, where
each is a sentence that stands alone
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from chain.reading.quotables import is_row, lists_of, reading, shown_first, statements
from chain.reading.relevance import Ranked, parts
from core.prepared import MatchedQuestion, PreparedQuestion
from core.source import Passage, ScoredPassage
from language.demands import asks_for, wants_writing
from vectorstore.profile import CosineAmounts

# How an item begins and ends that can be read without the sentence that introduces it.
_STANDS_ALONE = re.compile(r"[\W\d_]*[A-ZÀ-ÞŁŚŻΑ-ΩА-Я0-9].*[.!?…]\W*", re.DOTALL)


class ShownUnits(NamedTuple):
    """Units of a prepared answer that are shown together.

    passage: index of their passage among those found.
    units: their numbers, in order.
    alone: an item stands as a sentence, without its list.
    """

    passage: int
    units: tuple[int, ...]
    alone: bool = False


def answering(
    prepared: Sequence[MatchedQuestion],
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    language: str,
    amounts: CosineAmounts,
) -> MatchedQuestion | None:
    """The nearest of the prepared questions (nearest first) that the first statement answers, if it
    is close enough, for which an approved one may be less close; one in the reader's language (ISO
    639-1) that is almost as near goes before."""
    if not ranked:
        return None
    near = [
        one
        for one in prepared
        if one.closeness >= (amounts.very_close if one.prepared.approved else amounts.closest)
        and _is_answered(one, ranked[0], found)
    ]
    readable = (
        one
        for one in near
        if one.prepared.language == language and one.cosine >= near[0].cosine - amounts.almost
    )
    return next(readable, near[0] if near else None)


def _is_answered(matched: MatchedQuestion, ranked: Ranked, found: Sequence[ScoredPassage]) -> bool:
    """Whether a statement is part of the answer to a prepared question."""
    names = found[ranked.passage].passage.unit_ids
    own = {names[number] for number in ranked.statement.core}
    return not own.isdisjoint(matched.prepared.units)


def has_form(prepared: PreparedQuestion, question: str, language: str) -> bool:
    """Whether a prepared answer can be given as the whole answer: its question asks as many things,
    and wants writing if this one does."""
    same_parts = len(parts(prepared.question, prepared.language)) == len(parts(question, language))
    return same_parts and (
        wants_writing(prepared.question, prepared.language) == wants_writing(question, language)
    )


def shown_units(
    prepared: PreparedQuestion, found: Sequence[ScoredPassage], question: str, language: str
) -> tuple[ShownUnits, ...]:
    """The units that are shown of a prepared answer, by passage in the order of its units."""
    places = {one.passage.id: place for place, one in enumerate(found)}
    named: list[tuple[int, list[int]]] = []
    for name in prepared.units:
        passage, _, number = name.partition("#")
        if passage not in places:
            continue
        if not named or named[-1][0] != places[passage]:
            named.append((places[passage], []))
        named[-1][1].append(int(number))
    wanted = asks_for(question, language)
    return tuple(
        block
        for place, numbers in named
        for block in _of_passage(place, found[place].passage, numbers, wanted=wanted)
    )


def _of_passage(
    place: int, passage: Passage, numbers: Sequence[int], *, wanted: Collection[str]
) -> Iterator[ShownUnits]:
    lists = lists_of(passage)
    list_of = {number: first for first, members in lists.items() for number in members}
    few = {
        first
        for first, members in lists.items()
        if "list" not in wanted and _stand_alone(passage, members, numbers)
    }
    shown: list[int] = []
    alone = set[int]()
    for number in numbers:
        unit = passage.units[number]
        if unit.kind == "item" and not is_row(passage, unit) and number in list_of:
            first = list_of[number]
            if first in few:
                alone.add(number)
                units: Sequence[int] = (number,)
            else:
                units = shown_first(passage, lists[first])
        elif number in few:
            continue  # the introduction of items that do without it
        elif number in lists:
            units = shown_first(passage, lists[number])
        else:
            units = _with_antecedent(passage, number, reasons="reason" in wanted)
        shown += [one for one in units if one not in shown]
    for number in shown:
        if number in alone:
            yield ShownUnits(place, (number,), alone=True)
    rest = tuple(number for number in shown if number not in alone)
    if rest:
        yield ShownUnits(place, rest)


def _stand_alone(passage: Passage, members: Sequence[int], numbers: Sequence[int]) -> bool:
    """Whether the named items of a list are few, and sentences that can be read without it."""
    items = [one for one in members if passage.units[one].kind == "item"]
    meant = [one for one in items if one in numbers]
    return 0 < 2 * len(meant) <= len(items) and all(
        _STANDS_ALONE.fullmatch(reading(passage, passage.units[one])) for one in meant
    )


def _with_antecedent(passage: Passage, number: int, *, reasons: bool) -> Sequence[int]:
    """A sentence, after those that it refers back to, or that give its reason."""
    said = statements(passage, reasons=reasons)
    whole = (one for one in said if number in one.core and not one.is_list)
    return next((one.units for one in whole), (number,))
