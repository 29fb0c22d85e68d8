"""How well each sentence and list item of the found passages fits the question."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.matching import figures
from core.types import Passage, ScoredPassage, Unit
from prompts import phrases
from vectorstore.keyword import content_words


@dataclass(frozen=True)
class RankedUnit:
    """A unit and its score: a sum of z-scores over all units of the found passages, no unit."""

    passage: int
    number: int
    unit: Unit
    score: float


def asks_for(question: str, language: str) -> frozenset[str]:
    """Which kinds of answer a question asks for: "list", "number", "date"; may be empty."""
    cues = phrases(language).cues
    padded = f" {question.casefold()} "
    kinds = {"list": cues.list, "number": cues.number, "date": cues.date}
    return frozenset(
        kind for kind, words in kinds.items() if any(f" {word} " in padded for word in words)
    )


def rank_units(question: str, language: str, found: Sequence[ScoredPassage]) -> list[RankedUnit]:
    """All units of the passages, best first.

    The score adds up the z-scores of: cosine of question and unit, share of the question's words
    weighed by rarity, and the rank of the passage; plus one for a unit that has the kind of
    thing the question asks for.
    """
    places = [
        (index, number, unit)
        for index, scored in enumerate(found)
        for number, unit in enumerate(scored.passage.units)
    ]
    if not places:
        return []
    similarity = [found[index].unit_similarities[number] for index, number, _ in places]
    coverage = word_coverage(
        question, language, [(found[index].passage, unit) for index, _, unit in places]
    )
    passage_rank = [-float(index) for index, _, _ in places]
    kinds = asks_for(question, language)
    fits = [
        float(bool(kinds & {"number", "date"}) and bool(_new_figures(question, found, place)))
        for place in places
    ]
    total = _z(similarity) + _z(coverage) + _z(passage_rank) + np.asarray(fits)
    ranked = [
        RankedUnit(index, number, unit, float(score))
        for (index, number, unit), score in zip(places, total, strict=True)
    ]
    return sorted(ranked, key=lambda item: (-item.score, item.passage, item.number))


def word_coverage(
    question: str, language: str, units: Sequence[tuple[Passage, Unit]]
) -> list[float]:
    """For each unit the share (0-1) of the question's words that it or its heading has.

    A word counts by its rarity among the units. Words are stems where the unit is in the
    question's language, else as written: figures, names and references match across languages.
    """
    texts = [passage.context(unit) for passage, unit in units]
    bags = [
        frozenset(content_words(text, passage.language, stemmed=passage.language == language))
        for text, (passage, _) in zip(texts, units, strict=True)
    ]
    frequency = Counter(word for bag in bags for word in bag)
    shares = []
    for bag, (passage, _) in zip(bags, units, strict=True):
        words = content_words(question, language, stemmed=passage.language == language)
        # In the order of the question: sums of floats must be the same in every process.
        weight = {word: math.log(1 + len(bags) / (1 + frequency[word])) for word in words}
        total = sum(weight.values())
        shares.append(sum(weight[word] for word in weight if word in bag) / total if total else 0.0)
    return shares


def _new_figures(
    question: str, found: Sequence[ScoredPassage], place: tuple[int, int, Unit]
) -> frozenset[str]:
    index, _, unit = place
    return figures(found[index].passage.text[unit.start : unit.end]) - figures(question)


def _z(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    array = np.asarray(values, dtype=np.float64)
    spread = float(array.std())
    return (array - array.mean()) / spread if spread > 0 else np.zeros_like(array)
