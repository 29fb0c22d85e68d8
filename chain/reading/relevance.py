"""Relevance of each sentence and list item of the passages found to the question, or its parts.

    cosines -> the most promising units -> the reader's score of each -> statements, best first

The score of a unit is the reader's, with some weight of its promise, by which it was chosen to be
read. A statement counts as its best unit. What the reader cannot see is added: whether the question
names the document, whether the passage is a recital or a memorandum, and how close a prepared
question is that the unit answers. How the reader came to be: docs/decisions/0017-a-reader.md.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chain.reading.quotables import Statement, series, statements
from chain.understanding.follow_ups import WORD, joined
from core.source import STEPS_BACK, Passage, Scope, ScoredPassage, Unit
from language.cues import Cues, cues_of
from language.demands import asks_for
from language.matching import without_accents
from language.words import content_words
from vectorstore.profile import Profile
from vectorstore.reader import reader, text_of
from vectorstore.store import Snapshot

READ = 12
"""Units that are read for a question."""
READ_OF_OTHERS = 8
"""Units that are read for a part of a question, and for one that the assistant asks itself."""
# A unit's promise is its cosine, with what a passage's score (log-odds) and the closeness of a
# prepared question are worth as cosines.
_OF_PASSAGE, _OF_ASKED = 0.005, 0.1
_OF_PROMISE = 15.0  # log-odds of a cosine of 1, beside the reader's score: docs/decisions/0017


@dataclass(frozen=True)
class RankedUnit:
    """A unit and its score in log-odds: +1 makes it e times as likely to be the right one.

    is_read: whether the reader has read it; the others stand behind those read.
    """

    passage: int
    number: int
    unit: Unit
    score: float
    is_read: bool = True


@dataclass(frozen=True)
class Ranked:
    """A statement, the index of its passage among those retrieved, and its score in log-odds."""

    passage: int
    statement: Statement
    score: float
    is_read: bool = True


def rank(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    profile: Profile,
    most: int = READ,
) -> list[Ranked]:
    """Ranks the statements of the passages, best first, by their best core unit.

    If a list is asked for, a series of sentences counts as one.

    Args:
        question: stands alone.
        language: of the question (ISO 639-1).
        found: the passages, with the cosines of their units.
        profile: of their index.
        most: so many units are read.
    """
    wanted = asks_for(question, language)
    said: list[tuple[int, Statement, tuple[int, ...]]] = []
    for index, scored in enumerate(found):
        passage = scored.passage
        own = statements(passage, reasons="reason" in wanted)
        if "list" in wanted and (whole := series(passage, own)) is not None:
            own = (whole, *(one for one in own if not set(one.core) <= set(whole.units)))
        for one in own:
            numbers = one.units if one.is_list else one.core
            without_notes = tuple(n for n in numbers if passage.units[n].kind != "note")
            said.append((index, one, without_notes))
    telling = {
        (index, number): _context(found[index].passage, one, number)
        for index, one, numbers in said
        for number in numbers
    }
    units = rank_units(question, found, profile, most, telling)
    scores = {(one.passage, one.number): one for one in units}
    ranked = []
    for index, one, numbers in said:
        best = max((scores[index, number] for number in numbers), key=lambda unit: unit.score)
        ranked.append(Ranked(index, one, best.score, best.is_read))
    return sorted(ranked, key=lambda one: (-one.score, one.passage, one.statement.core))


def best_first(
    question: str, language: str, found: Sequence[ScoredPassage], profile: Profile, count: int
) -> tuple[tuple[ScoredPassage, ...], list[Ranked]]:
    """The passages, best first by what search and what reading says; and the statements of the
    first `count`, ranked, best first.

    Both are log-odds and become shares of all passages; of what was read "none" has one too. A
    passage of which nothing was read is left with its share by search.
    """
    ranked = rank(question, language, found, profile)
    best = {one.passage: one.score for one in reversed(ranked) if one.is_read}
    read = dict(zip(best, _shares([*best.values(), 0.0]), strict=False))
    searched = _shares([scored.score for scored in found])
    order = sorted(range(len(found)), key=lambda n: -(searched[n] + read.get(n, 0.0)))
    places = {before: place for place, before in enumerate(order)}
    moved = [replace(one, passage=places[one.passage]) for one in ranked]
    return tuple(found[before] for before in order), [one for one in moved if one.passage < count]


def _shares(scores: Sequence[float]) -> list[float]:
    """Softmax."""
    highest = max(scores, default=0.0)
    weights = [math.exp(score - highest) for score in scores]
    return [weight / sum(weights) for weight in weights]


def rank_units(
    question: str,
    found: Sequence[ScoredPassage],
    profile: Profile,
    most: int = READ,
    among: Mapping[tuple[int, int], str] | None = None,
) -> list[RankedUnit]:
    """Ranks the units of the passages, best first; without footnotes, which need their sentence.

    Args:
        question, found, profile, most: as of `rank`.
        among: only these, as pairs of a passage's index and a unit's number, each with what is read
            in front of it.
    """
    promising = sorted(
        (-promise, index, number)
        for index, number, promise in _promises(found)
        if among is None or (index, number) in among
    )
    first, rest = promising[:most], promising[most:]
    amounts = profile.amounts.relevance
    before = among or {}
    texts = [
        (passage.headings[-1], before.get((index, number), "") + text_of(passage, number))
        for _, index, number in first
        for passage in [found[index].passage]
    ]
    read = reader().scores(question, texts)
    ranked = []
    for (promise, index, number), score in zip(first, map(float, read), strict=True):
        scored = found[index]
        own = amounts.named * scored.named - amounts.preamble * scored.passage.preamble
        own -= amounts.step_back * (scored.standing in STEPS_BACK)
        own += amounts.asked * (scored.asked[number] if scored.asked else 0.0)
        own += _OF_PROMISE * (first[0][0] - promise)  # both have a minus sign
        ranked.append(RankedUnit(index, number, scored.passage.units[number], score + own))
    lowest = min((one.score for one in ranked), default=0.0)
    for promise, index, number in rest:
        score = lowest - 1 - (promise - first[-1][0])
        ranked.append(
            RankedUnit(index, number, found[index].passage.units[number], score, is_read=False)
        )
    return sorted(ranked, key=lambda item: (-item.score, item.passage, item.number))


def _context(passage: Passage, statement: Statement, number: int) -> str:
    """The sentence that a unit of a statement points back to; empty if it does not, and for one
    that introduces it."""
    first = statement.core[0]
    if number < first or first == statement.units[0]:
        return ""
    unit = passage.units[statement.units[statement.units.index(first) - 1]]
    return f"{passage.text[unit.start : unit.end]} "


def _promises(found: Sequence[ScoredPassage]) -> Iterator[tuple[int, int, float]]:
    """Index of the passage, number of the unit and its promise, of all but footnotes."""
    best = max((scored.score for scored in found), default=0.0)
    for index, scored in enumerate(found):
        of_passage = _OF_PASSAGE * (scored.score - best) - scored.level
        for number, unit in enumerate(scored.passage.units):
            if unit.kind != "note":
                asked = scored.asked[number] if scored.asked else 0.0
                cosine = scored.unit_similarities[number]
                yield index, number, cosine + of_passage + _OF_ASKED * asked


# Query decomposition: splits a question that asks several things, or compares two.
#
#     question -> parts -> for each part its best passage, and the scores of all units for that part
#
# Alternatives are in docs/decisions/0009-choosing-sentences.md, the cue words in
# language/cues.yaml.


_DIGIT = re.compile(r"\d")
_COMPARATIVE = re.compile(r"\w{3,}er(?:e[nrs]?)?")  # larger, größere, kleinere
_NEAR = 2  # words after a conjunction that may have the question word: "en in welke landen"
_AROUND = " ,;:?!¿¡."


@dataclass(frozen=True)
class Part:
    """A sub-question, or the whole question.

    found: the passages of the whole question, in its order, scored for this part.
    ranked: their statements, best first.
    """

    question: str
    found: tuple[ScoredPassage, ...]
    ranked: Sequence[Ranked]


def parts(question: str, language: str) -> tuple[str, ...]:
    """Sub-questions of a question that asks several things or compares; empty for others.

    >>> parts("Who runs it and since when does it exist?", "en")
    ('Who runs it', 'since when does it exist')
    >>> parts("How many were there in 2010 and in 2019?", "en")
    ('How many were there in 2010', 'How many were there in 2019')
    """
    start, said = 0, list[str]()
    for end, after in [*(m.span() for m in _borders(question, language)), (len(question), 0)]:
        piece = question[start:end].strip(_AROUND)
        if content_words(piece, language):
            if not said and _only_compares(piece, language):
                return ()  # "compare the 2017 and the 2020 estimate": the first part has no noun
            said.append(_whole(piece, language, said))
        start = after
    return tuple(said) if len(said) > 1 else ()


def _only_compares(piece: str, language: str) -> bool:
    """Whether a piece asks for a comparison without saying of what."""
    cues = cues_of(language)
    comparing = set(map(without_accents, cues.comparing))
    general = comparing.union(map(without_accents, cues.general))
    words = content_words(piece, language)
    topics = (word for word in words if word not in general and not _DIGIT.search(word))
    return not comparing.isdisjoint(words) and not any(topics)


def _whole(piece: str, language: str, before: Sequence[str]) -> str:
    """Completes a piece without question word from the one before, like a follow-up."""
    cues = cues_of(language)
    words = {word[0].casefold() for word in WORD.finditer(piece)}
    if not before or not words.isdisjoint(cues.asking):
        return piece
    whole = joined(f"{cues.joining[0]} {piece}", language, before[-1])
    return whole.removeprefix(f"{cues.joining[0]} ").strip(_AROUND)


def _borders(question: str, language: str) -> list[re.Match[str]]:
    """Words at which to split: "and" before a question word or between figures; in a comparison
    also "and", "versus" or "than" between its sides."""
    cues = cues_of(language)
    words = list(WORD.finditer(question))
    said = [word[0].casefold() for word in words]
    versus = {
        n for n, word in enumerate(said) if word in cues.versus or _is_than(said[:n], word, cues)
    }
    compares = bool(versus) or not set(cues.comparing).isdisjoint(said)
    borders = []
    for number in range(1, len(words)):
        after = said[number + 1 : number + 1 + _NEAR]
        if said[number] in cues.joining:
            asks = not set(cues.asking).isdisjoint(after)
            figures = _DIGIT.search(said[number - 1]) and any(map(_DIGIT.search, after))
            border = compares or asks or figures
        else:
            border = number in versus
        if border:
            borders.append(words[number])
    return borders


def _is_than(before: Sequence[str], word: str, cues: Cues) -> bool:
    """Whether a word means "than": "als" and "dan" do so only behind a comparative."""
    compares = not set(cues.comparing).isdisjoint(before)
    return word in cues.than and (compares or any(map(_COMPARATIVE.fullmatch, before[-_NEAR:])))


def in_parts(
    whole: Part, language: str, index: Snapshot, scope: Scope
) -> tuple[tuple[ScoredPassage, ...], tuple[Part, ...]]:
    """The retrieved passages with each part's best passage added, and the scored parts; just the
    whole if the question asks one thing."""
    found, asked = whole.found, parts(whole.question, language)
    nearest = [index.search(part, 1, language, scope=scope) for part in asked]
    # Scores of different queries do not compare: an added passage gets the whole's lowest score.
    lowest = min((scored.score for scored in found), default=0.0)
    together = {scored.passage.id: scored for scored in found}
    for best in nearest:
        for one in best:
            together.setdefault(one.passage.id, one.model_copy(update={"score": lowest}))
    passages = tuple(together.values())
    made = []
    for part, best in zip(asked, nearest, strict=True):
        scored = _scored_for(part, passages, best, index)
        own = rank(part, language, scored, index.profile, READ_OF_OTHERS)
        made.append(Part(part, scored, own))
    return passages, tuple(made) or (whole,)


def _scored_for(
    part: str, found: Sequence[ScoredPassage], best: Sequence[ScoredPassage], index: Snapshot
) -> tuple[ScoredPassage, ...]:
    """Passages scored for a part: units by the part alone, passages by the whole question, so that
    the part keeps the shared topic; the part's best passage gets the highest score."""
    cosines = index.similarities(part, [scored.passage for scored in found])
    first = {scored.passage.id for scored in best}
    highest = max((scored.score for scored in found), default=0.0)
    return tuple(
        scored.model_copy(
            update={
                "score": highest if scored.passage.id in first else scored.score,
                "unit_similarities": cosines.get(scored.passage.id, scored.unit_similarities),
            }
        )
        for scored in found
    )
