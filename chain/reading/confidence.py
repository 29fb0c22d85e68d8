"""Confidence: probability that the retrieved passages answer the question.

The probability that the question is on topic, times the probability that the sources answer it if
it is: two logistic models, fitted by `python -m research.fitting` on the questions in
`research/fitting/`. Weights and provenance are in the embedder's profile (vectorstore/profile.py);
alternatives in docs/decisions/0006-confidence.md.
"""

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from chain.reading.evidence import Evidence, LanguageText, of_passage
from chain.reading.relevance import Ranked
from chain.reading.unit_text import reading
from chain.understanding.asking import gives_reason
from chain.understanding.demands import demands_of
from core.passage import Passage, ScoredPassage
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.profile import everyday as everyday_sentences
from vectorstore.snapshot import Snapshot

_UNITS = 2  # best units that are searched for the question's figures: docs/decisions/0006
_MOST_NAMES = 2  # missing names that count; more add no information


class Confidence(NamedTuple):
    """Two probabilities: the question is on topic; the passages answer it if it is."""

    on_topic: float
    in_sources: float

    @property
    def value(self) -> float:
        """Probability (0-1) that the sources answer the question."""
        return self.on_topic * self.in_sources

    @property
    def off_topic(self) -> bool:
        return self.on_topic < 0.5


def confidence(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> Confidence:
    """Confidence that the passages answer the question.

    Args:
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages, best first.
        ranked: their statements, best first.
        index: the passages come from it.
    """
    if not found or not re.search(r"\w", question):  # "?" asks nothing
        return Confidence(0.0, 0.0)
    weights = index.profile.confidence
    near = similarities(question, language, _in_language(found, ranked), index)
    return Confidence(
        probability(weights["on_topic"], near),
        probability(weights["in_sources"], near | lacks(question, language, found, ranked, index)),
    )


def everyday(question: str, index: Snapshot) -> float:
    """Cosine of the question with the nearest sentence in `everyday.txt`, a cohort of off-topic
    sentences from daily life, office work and EU policy.

    Short questions are near to everything, also to the sources. One that is near to the cohort as
    well is hardly about the sources: cohort normalisation, as in speaker verification
    (Auckenthaler et al. 2000).
    """
    embedder = index.embedder
    nearest = float((_everyday(cast(Hashable, embedder)) @ embedder.query(question)).max())
    return index.profile.on_scale("everyday", nearest)


@lru_cache(maxsize=4)
def _everyday(embedder: Hashable) -> Vectors:
    return cast(Embedder, embedder).passages(everyday_sentences())


def similarities(
    question: str, language: str, found: Sequence[ScoredPassage], index: Snapshot
) -> dict[str, float]:
    """Similarity features, without unit.

    `passage`, `unit`: cosine of the question with the best passage, the best sentence or item.
    `same_language`: 1 if a passage is in the question's language, else 0.
    `everyday`: cosine with the nearest off-topic sentence.
    """
    return {
        "passage": max((scored.similarity for scored in found), default=0.0),
        "unit": max((fit for scored in found for fit in scored.unit_similarities), default=0.0),
        "same_language": float(any(scored.passage.language == language for scored in found)),
        "everyday": everyday(question, index),
    }


def lacks(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> dict[str, float]:
    """Mismatch features: what the question asks for and the passages lack; 1 if lacking, else 0.

    `figures`: the two best units have none of the question's figures.
    `countries`: the passages mention none of its countries.
    `names`: how many of its names, at most two, no passage has. If passages and question differ in
        language, a name other than an acronym is looked up in the whole index.
    `amount`: it asks for an amount of money, and no passage has one.
    `said_amount`, `said_reason`: it asks for one, and the best statement has none.
    `said_countries`: the best statement's passage lacks one of its countries.

    For `figures` and `countries` one of several is enough: the question is then answered in part.
    Only passages in the language of the best statement count.
    """
    demands = demands_of(question, language)
    words, said, passage = _best(found, ranked)
    found = _in_language(found, ranked)
    units = sorted(
        ((fit, -place, n) for place, one in enumerate(found) for n, fit in _fits(one)), reverse=True
    )[:_UNITS]
    best = [(found[-place].passage, number) for _, place, number in units]
    in_units = Evidence(
        (of_passage(passage, passage.units[number]) for passage, number in best), language
    )
    anywhere = Evidence((of_passage(scored.passage) for scored in found), language)
    around = Evidence([of_passage(passage)], language)
    wants_amount = "amount" in demands.kinds
    lacks_amount = wants_amount and not Evidence([said], language).has_currency()
    lacks_reason = "reason" in demands.kinds and not gives_reason(words, said.language)
    return {
        "figures": _none_of(demands.figures, in_units.figures_missing(demands)),
        "countries": _none_of(demands.countries, anywhere.countries_missing(demands)),
        "names": float(min(_MOST_NAMES, len(anywhere.names_missing(demands, index.knows)))),
        "amount": float(wants_amount and not anywhere.has_currency()),
        "said_amount": float(lacks_amount),
        "said_reason": float(lacks_reason),
        "said_countries": float(bool(around.countries_missing(demands))),
    }


def _in_language(
    found: Sequence[ScoredPassage], ranked: Sequence[Ranked]
) -> Sequence[ScoredPassage]:
    """The passages in the language of the best statement: features from another language tell
    nothing about it."""
    if not found:
        return found
    language = _best(found, ranked)[2].language
    return [scored for scored in found if scored.passage.language == language]


def _best(
    found: Sequence[ScoredPassage], ranked: Sequence[Ranked]
) -> tuple[str, LanguageText, Passage]:
    """The best statement: its text, its text with headings and title, and its passage."""
    passage = found[ranked[0].passage].passage if ranked else found[0].passage
    units = [passage.units[number] for number in ranked[0].statement.units] if ranked else []
    words = "\n".join(reading(passage, unit) for unit in units)
    about = (*passage.headings, passage.document.title, passage.document.reference)
    return words, LanguageText("\n".join((words, *about)), passage.language), passage


def _fits(scored: ScoredPassage) -> Sequence[tuple[int, float]]:
    return list(enumerate(scored.unit_similarities))


def _none_of(asked: Mapping[str, str], missing: Sequence[str]) -> float:
    return float(0 < len(asked) == len(missing))


def probability(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    """Of a logistic model: weights by feature, and "intercept"."""
    total = weights["intercept"] + sum(weights[name] * value for name, value in values.items())
    return 1.0 / (1.0 + math.exp(-total))
