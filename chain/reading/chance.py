"""Chance that the first statement answers the question, as a reader would say.

    ranked statements -> how far the first is ahead, how near it is, what it lacks -> probability
    the nearest prepared question -> is the first its answer? -------------------/

Two logistic models: one over five features (`research.fitting.fit_chance`), and where the nearest
prepared question is close, one over these and its closeness (`research.fitting.fit_asked`). Where
that question is answered otherwise, or not at all, nothing is sure. Weights and provenance are in
the embedder's profile (vectorstore/profile.py), what was tried and how it holds on documents that
nobody fitted in decisions 15 and 16.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chain.reading.confidence import probability
from chain.reading.evidence import Evidence, LanguageText, of_passage
from chain.reading.relevance import Ranked
from chain.reading.unit_text import reading
from chain.understanding.asking import asks_for, gives_reason
from chain.understanding.demands import demands_of
from core.passage import ScoredPassage
from core.prepared import MatchedQuestion, PreparedQuestion
from vectorstore.prepared_matches import CLOSE, closeness
from vectorstore.snapshot import Snapshot

SURE, SURE_PREPARED = 0.75, 0.6
"""Chance from which a statement is given as the answer, unless it lacks a detail that the question
demands: docs/decisions/0015; the second where it answers a close prepared question:
docs/decisions/0016."""
FEATURES = ("ahead", "passage_ahead", "cosine", "lacks", "unknown_words")
PREPARED_FEATURES = (*FEATURES, "asked")
_MOST_AHEAD = 5.0  # log-odds; more tells nothing more
_THE_SAME = 0.9  # closeness; a cosine of 0.985
_MOST_LACKING = 3


class Chance(NamedTuple):
    """Probability (0-1) that a statement answers the question, whether it lacks a detail that this
    demands, and whether it answers the nearest prepared question, which is close."""

    value: float
    lacks: bool
    prepared: bool = False

    @property
    def is_sure(self) -> bool:
        enough = SURE_PREPARED if self.prepared else SURE
        return self.value >= enough and not self.lacks


def chance(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    prepared: Sequence[MatchedQuestion],
    index: Snapshot,
) -> Chance:
    """The chance that the first of the statements answers the question; 0 without any.

    Args:
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages, best first.
        ranked: their statements, best first.
        prepared: the prepared questions near it.
        index: the passages come from it.
    """
    if not ranked:
        return Chance(0.0, lacks=True)
    told = features(question, language, found, ranked, prepared, index)
    values = dict(zip(PREPARED_FEATURES, told, strict=True))
    closest = _closest(prepared)
    is_close, lacks = closest >= CLOSE, values["lacks"] > 0
    if is_close and values["asked"] < closest:
        return Chance(0.0, lacks)
    weights = index.profile.prepared if is_close else index.profile.chance
    names = PREPARED_FEATURES if is_close else FEATURES
    value = probability(weights, {name: values[name] for name in names})
    return Chance(value, lacks, is_close)


def features(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    prepared: Sequence[MatchedQuestion],
    index: Snapshot,
) -> tuple[float, ...]:
    """The features of the first statement, in the order of `PREPARED_FEATURES`.

    ahead          its score minus that of the next, in log-odds, at most 5
    passage_ahead  the score of the best passage minus that of the next, at most 5
    cosine         of question and statement (its best unit), above the level of its language
    lacks          how many details that the question demands it lacks, with its headings and
                   document, and with a prepared question in almost the same words that it
                   answers: figures, countries, names, an amount, a reason; at most 3
    unknown_words  share of the question's rare words that its passage lacks
    asked          closeness (0-1) of the nearest prepared question that it answers
    """
    first = ranked[0]
    scored = found[first.passage]
    names = scored.passage.unit_ids
    own = {names[number] for number in first.statement.core}
    answered = [one for one in prepared if not own.isdisjoint(one.prepared.units)]
    scores = [one.score for one in ranked[:2]]
    passages = [one.score for one in found[:2]]
    cosines = [scored.unit_similarities[number] for number in first.statement.core]
    same = [one.prepared for one in answered[:1] if closeness(one.cosine) >= _THE_SAME]
    lacking, unknown = _lacking(question, language, scored, first, same, index)
    return (
        _ahead(scores),
        _ahead(passages),
        max(cosines) - scored.level,
        float(min(_MOST_LACKING, lacking)),
        unknown,
        _closest(answered),
    )


def _closest(prepared: Iterable[MatchedQuestion]) -> float:
    return max((closeness(one.cosine) for one in prepared), default=0.0)


def _ahead(scores: Sequence[float]) -> float:
    if len(scores) < 2:
        return _MOST_AHEAD
    return min(_MOST_AHEAD, max(0.0, scores[0] - scores[1]))


def _lacking(
    question: str,
    language: str,
    scored: ScoredPassage,
    first: Ranked,
    same: Sequence[PreparedQuestion],
    index: Snapshot,
) -> tuple[int, float]:
    """The number of details that are lacking, and the share of rare words. What the same prepared
    question says is not lacking: whoever prepared it saw to that."""
    asked = [LanguageText(one.question, one.language) for one in same]
    known = {kind for one in same for kind in asks_for(one.question, one.language)}
    demands, passage = demands_of(question, language), scored.passage
    units = [passage.units[number] for number in first.statement.units]
    said = Evidence([*(of_passage(passage, unit) for unit in units), *asked], language)
    around = Evidence([of_passage(passage), *asked], language)
    words = "\n".join(reading(passage, unit) for unit in units)
    lacking = (
        len(said.figures_missing(demands))
        + len(around.countries_missing(demands))
        + len(around.names_missing(demands, index.knows))
    )
    text = Evidence([LanguageText(words, passage.language)], language)
    kinds = demands.kinds - known
    lacking += "amount" in kinds and not text.has_currency()
    lacking += "reason" in kinds and not gives_reason(words, passage.language)
    unknown = len(around.words_missing(demands)) / max(1, len(demands.words))
    return lacking, unknown
