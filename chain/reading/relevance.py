"""Relevance of each sentence and list item of the retrieved passages to the question, or its parts.

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
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from chain.reading.quotables import Statement, defines, series, statements
from chain.understanding.intent import asks_for, counted, gives_reason, numbers
from chain.understanding.meaning import WORD, standalone
from core.answer import Turn
from core.source import Passage, Scope, ScoredPassage, Unit
from language.cues import Cues, cues_of
from language.dates import dates_as_written
from language.facts import figures
from language.matching import without_accents
from vectorstore.embeddings import Profile
from vectorstore.keyword_index import content_words, letter_runs
from vectorstore.store import Snapshot

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
    """Sub-questions of a question that asks several things or compares; the topic alone of one that
    asks what somebody says about it; empty for others.

    >>> parts("What does the strategy say about drones?", "en")
    ('drones',)
    >>> parts("Who runs it and since when does it exist?", "en")
    ('Who runs it', 'since when does it exist')
    >>> parts("How many were there in 2010 and in 2019?", "en")
    ('How many were there in 2010', 'How many were there in 2019')
    """
    if topic := _topic(question, language):
        return (topic,)
    start, said = 0, list[str]()
    for end, after in [*(m.span() for m in _borders(question, language)), (len(question), 0)]:
        piece = question[start:end].strip(_AROUND)
        if content_words(piece, language):
            if not said and _only_compares(piece, language):
                return ()  # "compare the 2017 and the 2020 estimate": the first part has no noun
            said.append(_whole(piece, language, said))
        start = after
    return tuple(said) if len(said) > 1 else ()


def _topic(question: str, language: str) -> str:
    """Topic of "What does X say about <topic>?"; empty for other questions."""
    for frame in cues_of(language).frames:
        if found := re.fullmatch(frame, question.strip(_AROUND), re.IGNORECASE):
            return found["topic"].strip(_AROUND)
    return ""


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
    follow_up = f"{cues.joining[0]} {piece}"
    whole = standalone(follow_up, language, [Turn(question=before[-1], answer_text="")])
    return piece if whole == follow_up else whole.strip(_AROUND)


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
        made.append(Part(part, scored, rank(part, language, scored, index.profile)))
    if len(made) == 1:  # a topic: scores for the question and for the topic are averaged
        both = _both(rank(whole.question, language, passages, index.profile), made[0].ranked)
        return passages, (Part(whole.question, passages, both),)
    return passages, tuple(made) or (whole,)


def as_asked(whole: Part, language: str, index: Snapshot) -> Sequence[Ranked]:
    """Statements as `in_parts` ranks them for a question about a topic, but without another search;
    unchanged for any other question."""
    if not (topic := _topic(whole.question, language)):
        return whole.ranked
    scored = _scored_for(topic, whole.found, (), index)
    return _both(whole.ranked, rank(topic, language, scored, index.profile))


def _both(first: Sequence[Ranked], second: Sequence[Ranked]) -> list[Ranked]:
    """Statements in both rankings, by their mean score."""
    scores = {(one.passage, one.statement): one.score for one in second}
    together = [
        replace(one, score=(one.score + scores[one.passage, one.statement]) / 2)
        for one in first
        if (one.passage, one.statement) in scores
    ]
    return sorted(together, key=lambda one: (-one.score, one.passage, one.statement.core))


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
