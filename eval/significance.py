"""Significance tests for two runs over the same questions."""

import math
from collections.abc import Sequence

import numpy as np

from eval.metrics import Interval, Share, bounds, resamples


def mcnemar(better: int, worse: int) -> float:
    """Two-sided p-value of McNemar's exact test, for the numbers of questions that turned right and
    wrong.

    Null hypothesis: a question that changed is as likely to have changed either way.

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

    Args:
        before, now: each question's share, in the same order; at least one question has a whole in
            both.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 15; for systems
    on the same questions Koehn, "Statistical significance tests for machine translation
    evaluation", 2004, https://aclanthology.org/W04-3250/
    """
    first, second = np.array(before, dtype=np.float64), np.array(now, dtype=np.float64)
    draws = resamples(len(first))
    with np.errstate(invalid="ignore"):
        rates = [one[draws, 0].sum(axis=1) / one[draws, 1].sum(axis=1) for one in (first, second)]
    changes = rates[1] - rates[0]
    changes = changes[np.isfinite(changes)]  # a sample may have no question with a whole
    change = second[:, 0].sum() / second[:, 1].sum() - first[:, 0].sum() / first[:, 1].sum()
    contrary = (changes <= 0).mean() if change > 0 else (changes >= 0).mean()
    return float(change), bounds(changes), min(1.0, 2 * float(contrary))
