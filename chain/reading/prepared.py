"""Prepared questions: what those near a question say of its answer, and what is shown of theirs.

near prepared questions, the first statement -> a `PreparedMatch`, once an answer -> the units of
the one whose answer is given: a sentence behind those that it refers back to; of a list the whole,
or the few items that are meant, where each is a sentence that stands alone
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from chain.reading.quotables import is_row, lists_of, reading, shown_first, statements
from chain.request import Ranked
from chain.understanding.follow_ups import parts
from core.prepared import MatchedQuestion, PreparedQuestion
from core.source import Passage, Scope, ScoredPassage
from language.demands import asks_for, wants_writing
from vectorstore.profile import CosineAmounts
from vectorstore.store import Snapshot

# How an item begins and ends that can be read without the sentence that introduces it.
_STANDS_ALONE = re.compile(r"[\W\d_]*[A-ZÀ-ÞŁŚŻΑ-ΩА-Я0-9].*[.!?…]\W*", re.DOTALL)


class PreparedMatch(NamedTuple):
    """What the prepared questions near a question say of its first statement and its answer."""

    asked: float  # closeness (0-1) of the nearest that the statement answers
    rival: float  # how much closer one is that it does not answer
    is_close: bool  # the nearest that the statement answers is close
    # The nearest that it answers, if that has almost the words of the question.
    in_other_words: PreparedQuestion | None
    is_unanswered: bool  # the nearest is one that nothing in the statement's document answers
    same: MatchedQuestion | None  # asks the same: its answer is given, whatever else is found
    answer: MatchedQuestion | None  # `same`, else the one whose answer the statement belongs to


def match(
    near: Sequence[MatchedQuestion],
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    amounts: CosineAmounts,
) -> PreparedMatch:
    """Reads the prepared questions near a question.

    Args:
        near: those that ask the same as far as facts tell, nearest first.
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages.
        ranked: their statements, best first.
        amounts: from which closeness what is concluded.
    """
    first = found[ranked[0].passage].passage if ranked else None
    core = {first.unit_ids[number] for number in ranked[0].statement.core} if first else set()
    answered = [matched for matched in near if not core.isdisjoint(matched.prepared.units)]
    asked = max((matched.closeness for matched in answered), default=0.0)
    rival = max((matched.closeness for matched in near), default=0.0) - asked
    nearest = near[0].prepared if near else None
    nearest_answered = answered[0] if answered else None
    is_worded = nearest_answered is not None and nearest_answered.closeness >= amounts.the_same
    same = next((each for each in near if _is_the_same(each, question, amounts)), None)
    return PreparedMatch(
        asked,
        rival,
        is_close=asked >= amounts.close,
        in_other_words=nearest_answered.prepared if nearest_answered and is_worded else None,
        is_unanswered=nearest is not None
        and first is not None
        and not nearest.units
        and rival > 0
        and nearest.document == first.document.key,
        same=same,
        answer=same or _answering(answered, language, amounts),
    )


def _is_the_same(matched: MatchedQuestion, question: str, amounts: CosineAmounts) -> bool:
    """Whether a prepared question that has an answer asks the same: in all but the words, or, if it
    is approved, in its own words."""
    prepared = matched.prepared
    in_its_words = prepared.approved is not None and prepared.asks(question)
    return bool(prepared.units) and (in_its_words or matched.closeness >= amounts.the_same)


def _answering(
    answered: Sequence[MatchedQuestion], language: str, amounts: CosineAmounts
) -> MatchedQuestion | None:
    """The nearest that is close enough, for which an approved one may be less close; one in the
    reader's language (ISO 639-1) that is almost as near goes before."""
    close = [
        matched
        for matched in answered
        if matched.closeness
        >= (amounts.very_close if matched.prepared.approved else amounts.closest)
    ]
    readable = (
        matched
        for matched in close
        if matched.prepared.language == language
        and matched.cosine >= close[0].cosine - amounts.almost
    )
    return next(readable, close[0] if close else None)


def has_form(prepared: PreparedQuestion, question: str, language: str) -> bool:
    """Whether a prepared answer can be given as the whole answer: its question asks as many things,
    and wants writing if this one does."""
    same_parts = len(parts(prepared.question, prepared.language)) == len(parts(question, language))
    return same_parts and (
        wants_writing(prepared.question, prepared.language) == wants_writing(question, language)
    )


def shown_wording(prepared: PreparedQuestion, question: str, index: Snapshot, scope: Scope) -> str:
    """The prepared question as it is shown above its answer, or where it only matches the nearest
    wording of the same answer that is shown; empty where none is, or the reader used its words."""
    wordings = [prepared]
    if not prepared.is_shown:
        near = index.prepared(prepared.question, prepared.language, scope)
        wordings += (
            matched.prepared
            for matched in near
            if matched.prepared.units == prepared.units
            and matched.prepared.language == prepared.language
        )
    if any(wording.asks(question) for wording in wordings):
        return ""
    return next((wording.question for wording in wordings if wording.is_shown), "")


class ShownUnits(NamedTuple):
    """Units of a prepared answer that are shown together."""

    passage: int  # index of their passage among those found
    units: tuple[int, ...]  # their numbers, in order
    alone: bool = False  # an item stands as a sentence, without its list


def shown_units(
    prepared: PreparedQuestion, found: Sequence[ScoredPassage], question: str, language: str
) -> tuple[ShownUnits, ...]:
    """The units that are shown of a prepared answer, by passage in the order of its units."""
    places = {scored.passage.id: place for place, scored in enumerate(found)}
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
        shown += [unit_number for unit_number in units if unit_number not in shown]
    for number in shown:
        if number in alone:
            yield ShownUnits(place, (number,), alone=True)
    rest = tuple(number for number in shown if number not in alone)
    if rest:
        yield ShownUnits(place, rest)


def _stand_alone(passage: Passage, members: Sequence[int], numbers: Sequence[int]) -> bool:
    """Whether the named items of a list are few, and sentences that can be read without it."""
    items = [member for member in members if passage.units[member].kind == "item"]
    meant = [item for item in items if item in numbers]
    return 0 < 2 * len(meant) <= len(items) and all(
        _STANDS_ALONE.fullmatch(reading(passage, passage.units[item])) for item in meant
    )


def _with_antecedent(passage: Passage, number: int, *, reasons: bool) -> Sequence[int]:
    """A sentence, after those that it refers back to, or that give its reason."""
    whole = (
        statement.units
        for statement in statements(passage, reasons=reasons)
        if number in statement.core and not statement.is_list
    )
    return next(whole, (number,))
