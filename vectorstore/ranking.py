"""In which order candidates come: one linear model over four kinds of evidence.

The score of a passage is a weighted sum of its features; a difference of 1 makes it e times as
likely to be the right one. The features are shares and cosines as they are, not z-scores: a match
that is weak stays weak also when it is the best there is. The weights were fitted by
`python -m eval.fitting.ranking`; they and their provenance are in `ranking.json`, what else was
tried in docs/decisions/0004.

    words    share of the question's words that the passage has, weighed by rarity (BM25)
    letters  the same of runs of four letters: parts of compounds, words that languages share
    unit     cosine of question and best sentence or list item of the passage
    passage  cosine of question and the mean of the passage's units, after taking away from the
             latter what all candidates have in common ("all but the top" with the mean only:
             Mu and Viswanath 2018, arXiv:1702.01417)
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from vectorstore.embeddings import Vectors

WEIGHTS = Path(__file__).with_name("ranking.json")
FEATURES = ("words", "letters", "unit", "passage")
LOOK = 12  # passages whose units are read; the order below does not depend on how many are wanted

Features = Mapping[str, float]


def score(features: Features) -> float:
    """The weighted sum of the features that are given."""
    weights = _weights()
    return sum(weights[name] * value for name, value in features.items())


def passage_fits(question: Vectors, units: Sequence[Vectors]) -> list[float]:
    """The feature `passage` of each passage.

    Args:
        question: of length 1, shape (dimensions,).
        units: of each passage the vectors of its units, shape (units, dimensions). What they have
            in common is the mean over all units of the first `LOOK` passages.
    """
    if not units:
        return []
    common = np.concatenate(units[:LOOK]).mean(axis=0)
    own = np.stack([vectors.mean(axis=0) for vectors in units]) - common
    lengths = np.linalg.norm(own, axis=1)
    fits = own @ question / np.where(lengths > 0, lengths, 1.0)
    return [float(fit) for fit in fits]


@cache
def _weights() -> Mapping[str, float]:
    weights: Mapping[str, float] = json.loads(WEIGHTS.read_text("utf-8"))["weights"]
    return weights
