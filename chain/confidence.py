"""How sure the assistant is that the found passages answer the question.

The chance that the question is about what the sources are about, times the chance that they
answer it then: two logistic models, fitted on the questions in `eval/fitting/` by
`python -m eval.fitting`. The weights and their provenance are in the embedder's profile
(vectorstore/profile.py); what was tried besides is in docs/decisions/0006-confidence.md.
"""

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from chain.asking import gives_reason
from chain.demands import demands_of
from chain.evidence import Evidence, Text, of_passage
from chain.relevance import Ranked
from chain.statements import reading
from core.types import Passage, ScoredPassage
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.profile import everyday as everyday_sentences
from vectorstore.store import Snapshot

_UNITS = 2  # the best units, in which a figure must stand
_MOST_NAMES = 2  # more missing names tell no more


class Confidence(NamedTuple):
    """Two chances (0-1): the question is on topic; the passages answer it, if it is."""

    on_topic: float
    in_sources: float

    @property
    def value(self) -> float:
        """Between 0 (certainly not answered by the sources) and 1 (certainly answered)."""
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
    """How sure it is that the passages answer the question.

    Args:
        question: that can be understood without the conversation.
        language: of the question (ISO 639-1).
        found: the passages that were found for it, best first.
        ranked: their statements, best first.
        index: that they were found in.
    """
    if not found or not re.search(r"\w", question):  # "?" asks nothing
        return Confidence(0.0, 0.0)
    weights = index.profile.confidence
    near = similarities(question, language, _in_language(found, ranked), index)
    return Confidence(
        _chance(weights["on_topic"], near),
        _chance(weights["in_sources"], near | lacks(question, language, found, ranked, index)),
    )


def everyday(question: str, index: Snapshot) -> float:
    """Cosine of the question with the nearest of the sentences in `everyday.txt`.

    Short questions are near to everything. What is nearer to these sentences, one for each of the
    fields of life, office work and EU policy that people ask about, than others that are as near to
    the sources is hardly about the sources: a cohort, as in speaker verification (Auckenthaler et
    al. 2000).
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
    """How near the passages are; all without unit.

    `passage`, `unit`: cosine of the question with the best passage and the best sentence or item.
    `same_language`: 1 where question and passages are in one language.
    `everyday`: cosine with the nearest of sentences about other things.
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
    """What tells whether on-topic passages answer the question; 1 for lacking, else 0.

    `figures`: none of the question's figures is in one of the two best units.
    `countries`: none of its countries is in a found passage.
    `names`: how many of its names, at most two, are in no found passage; where these are in another
        language than the question nowhere in the index, unless they are acronyms.
    `amount`: it asks for an amount of money, and no found passage has one.
    `said_amount`, `said_reason`: it asks for one, and what answers best does not give one.
    `said_countries`: one of its countries is not in the passage of that.

    A question that has one of two years or countries answered is answered in part. Of passages in
    several languages those count that are in the language of what answers best.
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
    """The passages in the language of what answers best: cosines in one language and names in
    another tell nothing of it."""
    if not found:
        return found
    language = _best(found, ranked)[2].language
    return [scored for scored in found if scored.passage.language == language]


def _best(found: Sequence[ScoredPassage], ranked: Sequence[Ranked]) -> tuple[str, Text, Passage]:
    """The words of what answers best, these with what is said of them, and their passage."""
    passage = found[ranked[0].passage].passage if ranked else found[0].passage
    units = [passage.units[number] for number in ranked[0].statement.units] if ranked else []
    words = "\n".join(reading(passage, unit) for unit in units)
    about = (*passage.headings, passage.document.title, passage.document.reference)
    return words, Text("\n".join((words, *about)), passage.language), passage


def _fits(scored: ScoredPassage) -> Sequence[tuple[int, float]]:
    return list(enumerate(scored.unit_similarities))


def _none_of(asked: Mapping[str, str], missing: Sequence[str]) -> float:
    return float(0 < len(asked) == len(missing))


def _chance(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    total = weights["intercept"] + sum(weights[name] * value for name, value in values.items())
    return 1.0 / (1.0 + math.exp(-total))
