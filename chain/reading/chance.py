"""Chance that the first statement answers the question, as a reader would say.

    ranked statements -> how far the first is ahead, how near it is, what it lacks -> probability

A logistic model over five features, fitted by `python -m research.fitting.fit_chance`; weights and
provenance are in the embedder's profile (vectorstore/profile.py), what was tried and how it holds
on documents that nobody fitted in docs/decisions/0015-three-forms.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chain.reading.confidence import probability
from chain.reading.evidence import Evidence, LanguageText, of_passage
from chain.reading.relevance import Ranked
from chain.reading.unit_text import reading
from chain.understanding.asking import gives_reason
from chain.understanding.demands import demands_of
from core.passage import ScoredPassage
from vectorstore.snapshot import Snapshot

SURE = 0.75
"""Chance from which a statement is given as the answer, unless it lacks a detail that the question
demands: docs/decisions/0015."""
FEATURES = ("ahead", "passage_ahead", "cosine", "lacks", "unknown_words")
_MOST_AHEAD = 5.0  # log-odds; more tells nothing more
_MOST_LACKING = 3


class Chance(NamedTuple):
    """Probability (0-1) that a statement answers the question, and whether it lacks a detail that
    this demands."""

    value: float
    lacks: bool

    @property
    def is_sure(self) -> bool:
        return self.value >= SURE and not self.lacks


def chance(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> Chance:
    """The chance that the first of the statements answers the question; 0 without any.

    Args:
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages, best first.
        ranked: their statements, best first.
        index: the passages come from it.
    """
    if not ranked:
        return Chance(0.0, lacks=True)
    told = features(question, language, found, ranked, index)
    values = dict(zip(FEATURES, told, strict=True))
    return Chance(probability(index.profile.chance, values), lacks=values["lacks"] > 0)


def features(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> tuple[float, ...]:
    """The features of the first statement, in the order of `FEATURES`.

    ahead          its score minus that of the next, in log-odds, at most 5
    passage_ahead  the score of the best passage minus that of the next, at most 5
    cosine         of question and statement (its best unit), above the level of its language
    lacks          how many details that the question demands it lacks, with its headings and
                   document: figures, countries, names, an amount, a reason; at most 3
    unknown_words  share of the question's rare words that its passage lacks
    """
    first = ranked[0]
    scored = found[first.passage]
    scores = [one.score for one in ranked[:2]]
    passages = [one.score for one in found[:2]]
    cosines = [scored.unit_similarities[number] for number in first.statement.core]
    lacking, unknown = _lacking(question, language, scored, first, index)
    return (
        _ahead(scores),
        _ahead(passages),
        max(cosines) - scored.level,
        float(min(_MOST_LACKING, lacking)),
        unknown,
    )


def _ahead(scores: Sequence[float]) -> float:
    return min(_MOST_AHEAD, scores[0] - scores[1]) if len(scores) > 1 else _MOST_AHEAD


def _lacking(
    question: str, language: str, scored: ScoredPassage, first: Ranked, index: Snapshot
) -> tuple[int, float]:
    """The number of details that are lacking, and the share of rare words."""
    demands, passage = demands_of(question, language), scored.passage
    units = [passage.units[number] for number in first.statement.units]
    said = Evidence((of_passage(passage, unit) for unit in units), language)
    around = Evidence([of_passage(passage)], language)
    words = "\n".join(reading(passage, unit) for unit in units)
    lacking = (
        len(said.figures_missing(demands))
        + len(around.countries_missing(demands))
        + len(around.names_missing(demands, index.knows))
    )
    text = Evidence([LanguageText(words, passage.language)], language)
    lacking += "amount" in demands.kinds and not text.has_currency()
    lacking += "reason" in demands.kinds and not gives_reason(words, passage.language)
    unknown = len(around.words_missing(demands)) / max(1, len(demands.words))
    return lacking, unknown
