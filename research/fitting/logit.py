"""Fits a linear ranking model: a conditional logit over the candidates of each question.

McFadden 1974; listwise ("softmax") ranking, Cao et al. 2007. Each set of questions has the same
weight.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eval.metrics import reciprocal_rank

_FOLDS = 6
_PENALTY = 1e-3  # on standardised features
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """One question."""

    values: Array  # features, shape (candidates, features)
    right: NDArray[np.bool_]  # which candidates are right, shape (candidates,)
    group: int  # questions of one group go into the same fold

    def only(self, count: int) -> "Asked":
        """With the first `count` features."""
        return replace(self, values=self.values[:, :count])


def fit(sets: Iterable[Sequence[Asked]]) -> Array:
    """Maximum-likelihood weights, shape (features,).

    Newton's method, with each step halved until it lowers the loss. Questions with no right
    candidate, or only right ones, are left out.
    """
    kept = [
        [example for example in examples if example.right.any() and not example.right.all()]
        for examples in sets
    ]
    kept = [examples for examples in kept if examples]
    scale = np.mean(
        [np.mean([example.values.std(0) for example in examples], axis=0) for examples in kept], 0
    )
    scale[scale == 0] = 1.0
    weights = np.zeros(len(scale))
    loss, gradient, curvature = _look(kept, scale, weights)
    for _ in range(30):
        step = np.linalg.solve(curvature, gradient)
        while True:
            further = _look(kept, scale, weights + step)
            if further[0] <= loss or np.abs(step).max() < 1e-6:
                break
            step = step / 2
        weights, (loss, gradient, curvature) = weights + step, further
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(weights / scale)


def _look(
    kept: Sequence[Sequence[Asked]], scale: Array, weights: Array
) -> tuple[float, Array, Array]:
    """Loss at these weights, its negative gradient, and the Hessian of its convex part.

    With several right candidates the loss as a whole may not be convex.
    """
    loss = _PENALTY * float(weights @ weights) / 2
    gradient, curvature = -_PENALTY * weights, _PENALTY * np.eye(len(weights))
    for examples in kept:
        for example in examples:
            values = example.values / scale
            chance = _softmax(values @ weights)
            right = max(float(chance @ example.right), 1e-300)
            mean, wanted = chance @ values, (chance * example.right) @ values / right
            loss -= float(np.log(right)) / len(examples)
            gradient = gradient + (wanted - mean) / len(examples)
            spread = values.T @ (values * chance[:, None]) - np.outer(mean, mean)
            curvature = curvature + spread / len(examples)
    return loss, gradient, curvature


def cross_validated(sets: Mapping[str, Sequence[Asked]]) -> dict[str, tuple[float, float]]:
    """hit@1 and MRR of each set, with weights fitted without the question's fold."""
    ranks: dict[str, list[float]] = {name: [] for name in sets}
    for fold in range(_FOLDS):
        weights = fit(
            [[o for o in examples if o.group % _FOLDS != fold] for examples in sets.values()]
        )
        for name, examples in sets.items():
            for example in examples:
                if example.group % _FOLDS == fold:
                    order = np.argsort(-(example.values @ weights), kind="stable")
                    ranks[name].append(reciprocal_rank([bool(example.right[n]) for n in order]))
    return {
        name: (float(np.mean([r == 1 for r in of_set])), float(np.mean(of_set)))
        for name, of_set in ranks.items()
    }


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())
