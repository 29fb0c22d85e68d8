"""A logistic model with a ridge penalty on the standardised features, and how well one tells."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STEPS = 50  # of Newton's method; it has long converged


def fit(values: Array, outcome: Array, penalty: float, counts: Array | None = None) -> Array:
    """Weights (intercept first); `values` (n, features), `outcome` 0 or 1 (n,), and how much each
    counts (n,), once if not given.

    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4.1; Newton's method.
    """
    counts = np.ones(len(values)) if counts is None else counts
    mean, spread = values.mean(0), values.std(0)
    spread[spread == 0] = 1.0
    design = np.column_stack([np.ones(len(values)), (values - mean) / spread])
    ridge = np.diag([0.0] + [penalty] * values.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (counts * (outcome - chances)) - ridge @ weights
        curvature = design.T @ (design * (counts * chances * (1 - chances))[:, None]) + ridge
        weights += np.linalg.solve(curvature, gradient)
    slopes = weights[1:] / spread
    return np.concatenate([[weights[0] - slopes @ mean], slopes])


def probability(values: Array, weights: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-(weights[0] + values @ weights[1:]))))


def area(yes: Sequence[float] | Array, no: Sequence[float] | Array) -> float:
    """Area under the ROC curve: the probability that one of `yes` is above one of `no`, ties half
    (Mann-Whitney U); 0 where either has none."""
    if not len(yes) or not len(no):
        return 0.0
    first, second = np.asarray(yes)[:, None], np.asarray(no)[None]
    return round(float(np.mean((first > second) + 0.5 * (first == second))), 3)
