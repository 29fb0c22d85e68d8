"""The ranking of candidates: a linear model over six features.

The score of a passage is a weighted sum of its features; a difference of 1 makes it e times as
likely to be the right one. The features are shares and cosines as they are, not z-scores, so that a
weak match stays weak even when it is the best. The weights were fitted by `python -m
research.fitting.fit_ranking`; they and their provenance are in the embedder's profile
(vectorstore/profile.py), what else was tried in docs/decisions/0004.

    words    share of the question's words that the passage has, weighed by rarity (BM25)
    letters  the same of runs of four letters: parts of compounds, words that languages share
    unit     cosine of question and best sentence or list item of the passage
    passage  cosine of question and the mean of the passage's units, after taking away from the
             latter the mean of all candidates ("all but the top" with the mean only:
             Mu and Viswanath 2018, arXiv:1702.01417)
    across   1 for a passage in another language than the question. The two share figures, names and
             meaning, but not the words and letters that any two texts of one language share;
             these must not decide against it. It changes nothing if all candidates are in one
             language.
    asked    closeness (0-1) of the nearest prepared question that the passage answers
             (vectorstore/prepared_matches.py); its weight is fitted by `python -m
             research.fitting.fit_asked`, with the others as they are
"""

from collections.abc import Mapping

FEATURES = ("words", "letters", "unit", "passage", "across", "asked")
Features = Mapping[str, float]


def score(features: Features, weights: Mapping[str, float]) -> float:
    """The weighted sum of the given features."""
    return sum(weights[name] * value for name, value in features.items())
