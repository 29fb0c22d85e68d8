"""Relevance of each sentence and list item of the retrieved passages to the question.

A linear model over these features, fitted by `python -m research.fitting.fit_relevance`; weights
and provenance are in the embedder's profile (vectorstore/embeddings.py), alternatives in
docs/decisions/0009.

    cosine   of question and unit, above the level of the unit's language
    words    share of the question's words that the unit has, weighted by rarity among the units
    letters  the same for 4-grams of letters
    passage  score of its passage minus that of the best passage (0 or less)
    number   1 if a number is asked for and the unit has one that the question lacks
    date     the same for a date
    reason   1 if a reason is asked for and the unit has a causal word
    across   1 if the unit is in another language than the question, as in vectorstore/search.py
    asked    closeness (0-1) of the nearest prepared question that the unit answers; its weight is
             fitted by `python -m research.fitting.fit_asked`

Fixed amounts are added for a definition if one is asked for and for a document that the question
names, and subtracted for a recital or memorandum.
"""

import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from chain.reading.quotables import Statement, defines, series, statements
from chain.understanding.intent import asks_for, counted, gives_reason, numbers
from core.source import Passage, ScoredPassage, Unit
from language.dates import dates_as_written
from language.facts import figures
from vectorstore.embeddings import Profile
from vectorstore.keyword_index import content_words, letter_runs

_REMEMBERED = 500  # passages in the cache: all of the briefs, and a bound for larger collections
FEATURES = ("cosine", "words", "letters", "passage", "number", "date", "reason", "across", "asked")


@dataclass(frozen=True)
class RankedUnit:
    """A unit and its score in log-odds: +1 makes it e times as likely to be the right one."""

    passage: int
    number: int
    unit: Unit
    score: float


@dataclass(frozen=True)
class Ranked:
    """A statement, the index of its passage among those retrieved, and its score in log-odds."""

    passage: int
    statement: Statement
    score: float


def rank(
    question: str, language: str, found: Sequence[ScoredPassage], profile: Profile
) -> list[Ranked]:
    """Ranks the statements of the passages, best first, by their best core unit.

    `profile` is that of the passages' index.

    If a list is asked for, lists score higher, above all with the number of items asked for, and a
    series of sentences counts as a list. If not, each further item of a list lowers its score.
    """
    units, amounts = rank_units(question, language, found, profile), profile.amounts.relevance
    scores = {(one.passage, one.number): one.score for one in units}
    wanted = asks_for(question, language)
    count = counted(question, language) if "list" in wanted else 0
    ranked = []
    for index, scored in enumerate(found):
        passage = scored.passage
        said = statements(passage, reasons="reason" in wanted)
        if "list" in wanted and (whole := series(passage, said)) is not None:
            said = (whole, *(one for one in said if not set(one.core) <= set(whole.units)))
        for one in said:
            is_wanted = one.is_list and "list" in wanted
            telling = one.units if is_wanted else one.core
            score = max(scores.get((index, number), -math.inf) for number in telling)
            if is_wanted:
                items = sum(passage.units[number].kind == "item" for number in one.core)
                score += amounts.list + amounts.counted * (count == items + one.left_out)
            elif one.is_list:
                score -= amounts.in_vain * (len(one.core) - 1)
            ranked.append(Ranked(index, one, score))
    return sorted(ranked, key=lambda one: (-one.score, one.passage, one.statement.core))


def rank_units(
    question: str, language: str, found: Sequence[ScoredPassage], profile: Profile
) -> list[RankedUnit]:
    """Ranks the units of the passages, best first; without footnotes, which need their sentence."""
    there, amounts = places(found), profile.amounts.relevance
    weights = [profile.relevance[name] for name in FEATURES]
    scores = features(question, language, found) @ weights
    scores += amounts.defines * defines(
        question, language, [(found[place].passage, unit) for place, _, unit in there]
    )
    scores += [
        amounts.named * found[place].named - amounts.preamble * found[place].passage.preamble
        for place, _, _ in there
    ]
    ranked = [
        RankedUnit(index, number, unit, float(score))
        for (index, number, unit), score in zip(there, scores, strict=True)
        if unit.kind != "note"
    ]
    return sorted(ranked, key=lambda item: (-item.score, item.passage, item.number))


def places(found: Sequence[ScoredPassage]) -> list[tuple[int, int, Unit]]:
    """(index of the passage in `found`, number of the unit, unit) of every unit."""
    return [
        (index, number, unit)
        for index, scored in enumerate(found)
        for number, unit in enumerate(scored.passage.units)
    ]


def features(question: str, language: str, found: Sequence[ScoredPassage]) -> NDArray[np.float64]:
    """Features of the units, in the order of `places`; shape (units, features)."""
    units = [(found[index], number, unit) for index, number, unit in places(found)]
    passages = [scored.passage for scored, _, _ in units]
    runs = [one for scored in found for one in _letters(scored.passage)]
    texts = [scored.passage.text[unit.start : unit.end] for scored, _, unit in units]
    best = max((scored.score for scored in found), default=0.0)
    wanted, known = asks_for(question, language), figures(question)
    says = [
        {
            "number": "number" in wanted and _is_new(numbers(text, passage.language), known),
            "date": "date" in wanted and _is_new(dates_as_written(text, passage.language), known),
            "reason": "reason" in wanted and gives_reason(text, passage.language),
        }
        for text, passage in zip(texts, passages, strict=True)
    ]
    columns = (
        [scored.unit_similarities[number] - scored.level for scored, number, _ in units],
        _words(question, language, [scored.passage for scored in found]),
        _shares([tuple(letter_runs(question))] * len(runs), runs),
        [scored.score - best for scored, _, _ in units],
        *([float(one[kind]) for one in says] for kind in ("number", "date", "reason")),
        [float(passage.language != language) for passage in passages],
        [scored.asked[number] if scored.asked else 0.0 for scored, number, _ in units],
    )
    return np.array(columns, dtype=np.float64).T


def _is_new(found: Iterable[str], known: frozenset[str]) -> bool:
    return any(not figures(one) <= known for one in found)


def _words(question: str, language: str, passages: Sequence[Passage]) -> list[float]:
    """The feature `words`. Words are stemmed if the unit is in the question's language, else as
    written, so that figures, names and references match across languages."""
    asked = {same: tuple(content_words(question, language, stemmed=same)) for same in (True, False)}
    wanted: list[tuple[str, ...]] = []
    had: list[frozenset[str]] = []
    for passage in passages:
        same = passage.language == language
        wanted += [asked[same]] * len(passage.units)
        had += _content(passage, same)
    return _shares(wanted, had)


# Cached: many questions retrieve the same passages.


@lru_cache(maxsize=_REMEMBERED)
def _letters(passage: Passage) -> tuple[frozenset[str], ...]:
    """Letter n-grams of each unit; interned, as units share most of them."""
    return tuple(frozenset(map(sys.intern, letter_runs(text))) for text in _texts(passage))


@lru_cache(maxsize=2 * _REMEMBERED)
def _content(passage: Passage, stemmed: bool) -> tuple[frozenset[str], ...]:
    """Content words of each unit."""
    return tuple(
        frozenset(content_words(text, passage.language, stemmed=stemmed))
        for text in _texts(passage)
    )


def _texts(passage: Passage) -> Iterator[str]:
    return (passage.text[unit.start : unit.end] for unit in passage.units)


def _shares(wanted: Sequence[tuple[str, ...]], had: Sequence[frozenset[str]]) -> list[float]:
    """For each unit the share (0-1) of the wanted terms that it has, weighted by rarity."""
    frequency = Counter(term for bag in had for term in bag)

    @cache
    def weighed(terms: tuple[str, ...]) -> tuple[dict[str, float], float]:
        # In the order of the question: float sums must be the same in every process.
        weights = {term: math.log(1 + len(had) / (1 + frequency[term])) for term in terms}
        return weights, sum(weights.values())

    shares = []
    for terms, bag in zip(wanted, had, strict=True):
        weights, total = weighed(terms)
        had_of_it = sum(weight for term, weight in weights.items() if term in bag)
        shares.append(had_of_it / total if total else 0.0)
    return shares
