"""How sure the assistant is that the found passages answer the question.

A logistic model over four features, fitted on the questions in `eval/fitting/` by
`python -m eval.fitting`; the weights and their provenance are in `confidence.json`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from chain.relevance import word_coverage
from core.types import ScoredPassage

WEIGHTS = Path(__file__).with_name("confidence.json")


def features(question: str, language: str, found: Sequence[ScoredPassage]) -> dict[str, float]:
    """What the decision rests on; all without unit.

    `passage`, `unit`: cosine of the question with the best passage and the best sentence or item.
    `words`: share of the question's words, weighed by rarity, in the unit that has most of them.
    `same_language`: 1 where words of question and passages can be compared at all.
    """
    units = [(scored.passage, unit) for scored in found for unit in scored.passage.units]
    same = any(scored.passage.language == language for scored in found)
    words = max(word_coverage(question, language, units), default=0.0)
    return {
        "passage": max((scored.similarity for scored in found), default=0.0),
        "unit": max((max(s.unit_similarities, default=0.0) for s in found), default=0.0),
        "words": words if same else 0.0,
        "same_language": float(same),
    }


def confidence(question: str, language: str, found: Sequence[ScoredPassage]) -> float:
    """Between 0 (certainly not answered by the sources) and 1 (certainly answered)."""
    if not found:
        return 0.0
    weights = _weights()
    total = weights["intercept"] + sum(
        weights[name] * value for name, value in features(question, language, found).items()
    )
    return 1.0 / (1.0 + math.exp(-total))


@cache
def _weights() -> Mapping[str, float]:
    weights: Mapping[str, float] = json.loads(WEIGHTS.read_text("utf-8"))["weights"]
    return weights
