"""Metrics: rankings, rates with intervals, tests of a difference, calibration, agreement.

A ranking has a boolean for each result, best first: whether it is relevant. A `Share` is a
question's contribution to a rate, (part, whole), if it applies: 2 of 3 facts.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ranking = Sequence[bool]
Share = tuple[float, float]
Interval = tuple[float, float]

RESAMPLES = 2000  # Efron and Tibshirani 1993: percentile intervals take at least 1,000
Z = 1.96  # standard deviations that hold 95% of a normal distribution
BINS = 10  # of the confidence; more would leave too few questions in a bin for a share
SEED = 20200724  # any fixed number: the date of the EU Security Union Strategy


def first_relevant(ranking: Ranking) -> int | None:
    """1-based rank of the first relevant result, or None."""
    return next((rank for rank, relevant in enumerate(ranking, start=1) if relevant), None)


def hit_at(ranking: Ranking, k: int) -> float:
    """1 if a relevant result is among the first k, else 0 ("success" in trec_eval, m_success.c)."""
    return float(any(ranking[:k]))


def reciprocal_rank(ranking: Ranking) -> float:
    """1 / rank of the first relevant result, 0 without one; its mean is the MRR.

    Voorhees, "The TREC-8 Question Answering Track Report", 1999.
    """
    rank = first_relevant(ranking)
    return 1 / rank if rank is not None else 0.0


def rate(shares: Sequence[Share]) -> float | None:
    """Sum of the parts divided by the sum of the wholes; None if that is 0."""
    whole = sum(share[1] for share in shares)
    return sum(share[0] for share in shares) / whole if whole else None


def interval(shares: Sequence[Share]) -> Interval | None:
    """95% interval of `rate`, by the percentile bootstrap over questions, with a fixed seed; where
    all questions have none of it, or all have all, the Wilson score interval, as resampling these
    gives nothing else. Questions are resampled, as the quotes of one answer are not independent.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; Wilson, "Probable
    inference, the law of succession, and statistical inference", 1927.
    """
    counted = [share for share in shares if share[1] > 0]
    if not counted:
        return None
    parts, wholes = np.array(counted, dtype=np.float64).T
    sure = len(counted) / (len(counted) + Z**2)
    if not parts.any():
        return 0.0, 1 - sure
    if (parts == wholes).all():
        return sure, 1.0
    draws = _resamples(len(counted))
    return _bounds(parts[draws].sum(axis=1) / wholes[draws].sum(axis=1))


def _resamples(n: int) -> NDArray[np.int64]:
    """Question indices of each bootstrap sample, shape (RESAMPLES, n); deterministic."""
    return np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))


def _bounds(values: NDArray[np.float64]) -> Interval:
    """95% percentile interval of bootstrapped values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Percentile with linear interpolation; None without values."""
    return float(np.percentile(values, percent)) if values else None


def mcnemar(better: int, worse: int) -> float:
    """Two-sided p-value of McNemar's exact test, for the numbers of questions that turned right and
    wrong: a question that changed is as likely to have changed either way.

    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", 1947, https://doi.org/10.1007/BF02295996; exact form as in Agresti, "Categorical
    Data Analysis", 10.1.
    """
    changed = better + worse
    tail = sum(math.comb(changed, k) for k in range(min(better, worse) + 1)) / 2**changed
    return min(1.0, float(2 * tail))


def paired_bootstrap(
    before: Sequence[Share], now: Sequence[Share]
) -> tuple[float, Interval, float]:
    """Change of a rate, its 95% interval, and a two-sided p-value.

    Questions are resampled in pairs, so that their difficulty, the same in both runs, cancels out.
    The p-value is twice the share of samples in which the change is 0 or has the other sign.
    `before` and `now` are in the same order; at least one question has a whole in both.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 15; for systems
    on the same questions Koehn, "Statistical significance tests for machine translation
    evaluation", 2004, https://aclanthology.org/W04-3250/
    """
    first, second = np.array(before, dtype=np.float64), np.array(now, dtype=np.float64)
    draws = _resamples(len(first))
    with np.errstate(invalid="ignore"):
        rates = [
            shares[draws, 0].sum(axis=1) / shares[draws, 1].sum(axis=1)
            for shares in (first, second)
        ]
    changes = rates[1] - rates[0]
    changes = changes[np.isfinite(changes)]  # a sample may have no question with a whole
    change = second[:, 0].sum() / second[:, 1].sum() - first[:, 0].sum() / first[:, 1].sum()
    contrary = (changes <= 0).mean() if change > 0 else (changes >= 0).mean()
    return float(change), _bounds(changes), min(1.0, 2 * float(contrary))


def calibration_error(judged: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error of confidences and whether each was right; None without any: the
    mean distance between mean confidence and share of right ones in ten bins of equal width,
    weighted by the number in a bin.

    Guo et al., "On calibration of modern neural networks", 2017, https://arxiv.org/abs/1706.04599;
    bins after Naeini et al. 2015.
    """
    if not judged:
        return None
    confidence, right = np.array(judged, dtype=np.float64).T
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    error = 0.0
    for number in np.unique(places):
        inside = places == number
        mean, share = (round(float(values[inside].mean()), 4) for values in (confidence, right))
        error += int(inside.sum()) * abs(mean - share)
    return round(error / len(judged), 4)


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of two yes-or-no judges, in [-1, 1]: their agreement, without that of two
    independent judges who say yes as often as these; None where these always agree. `pairs` may not
    be empty.

    Cohen, "A coefficient of agreement for nominal scales", 1960,
    https://doi.org/10.1177/001316446002000104
    """
    agreed = sum(first == second for first, second in pairs) / len(pairs)
    yes, other_yes = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    chance = yes * other_yes + (1 - yes) * (1 - other_yes)
    return round((agreed - chance) / (1 - chance), 4) if chance < 1 else None
