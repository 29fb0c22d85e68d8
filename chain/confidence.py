"""How sure the assistant is that the found passages answer the question.

A logistic model over five features, fitted on the questions in `eval/fitting/` by
`python -m eval.fitting`; the weights and their provenance are in `confidence.json`. What was tried
besides is in docs/decisions/0006-confidence.md.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from core.matching import figures, fold
from core.types import Passage, ScoredPassage

WEIGHTS = Path(__file__).with_name("confidence.json")
_CAPITALISES_NOUNS = "de"  # a capital tells nothing about a name there


def features(question: str, language: str, found: Sequence[ScoredPassage]) -> dict[str, float]:
    """What the decision rests on; all without unit.

    `passage`, `unit`: cosine of the question with the best passage and the best sentence or item.
    `same_language`: 1 where question and passages are in one language.
    `names_missing`: share of the question's names that no found passage has.
    `figures_missing`: 1 where the question has a figure (a year, an amount, the number of an act)
    that the passage with the best sentence lacks.
    """
    if not found:
        return dict.fromkeys(
            ("passage", "unit", "same_language", "names_missing", "figures_missing"), 0.0
        )
    nearest = max(found, key=lambda scored: max(scored.unit_similarities, default=0.0))
    names = _names(question, language)
    words = {word for scored in found for word in _words(scored.passage.context())}
    return {
        "passage": max(scored.similarity for scored in found),
        "unit": max(nearest.unit_similarities, default=0.0),
        "same_language": float(any(scored.passage.language == language for scored in found)),
        "names_missing": len(names - words) / len(names) if names else 0.0,
        "figures_missing": float(bool(figures(question) - _known_figures(nearest.passage))),
    }


def _names(question: str, language: str) -> set[str]:
    """The folded words with a capital after the first word: names and acronyms."""
    if language == _CAPITALISES_NOUNS:
        return set()
    capitalised = (word for word in question.split()[1:] if word.lstrip("\"'(«„“‘")[:1].isupper())
    return {part for word in capitalised for part in _words(word) if len(part) > 2}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def _known_figures(passage: Passage) -> frozenset[str]:
    """The figures of a passage and of what is said about it."""
    document = passage.document
    return figures("\n".join((passage.context(), document.reference, str(document.date))))


def confidence(question: str, language: str, found: Sequence[ScoredPassage]) -> float:
    """Between 0 (certainly not answered by the sources) and 1 (certainly answered)."""
    if not found or not _words(question):  # "?" asks nothing
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
