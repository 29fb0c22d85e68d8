"""Fits what a near prepared question counts for in the order of passages; writes it into the
embedder's profile (vectorstore/embeddings.py).

    python -m research.fitting.fit_asked

On the questions of this folder over the index in use, none of which is a prepared one. The other
weights stay as they are, as they are fitted on texts that have no prepared questions too. The
weight is taken under which what is right is likeliest.
"""

import numpy as np
from rich.console import Console

from core.settings import Settings
from research.fitting import fit_ranking, questions
from research.fitting.fitted_numbers import rewrite
from research.fitting.logit import Array, Asked
from vectorstore.search import RANKING_FEATURES
from vectorstore.store import open_index

_WEIGHTS = tuple(np.arange(0.0, 16.1, 0.5))


def main() -> None:
    console, index = Console(), open_index(Settings())
    profile = index.snapshot().profile
    examples = fit_ranking.from_briefs(questions(), index)
    decided = [example for example in examples if example.right.any() and not example.right.all()]
    best = (-np.inf, 0.0)
    for weight in _WEIGHTS:
        values = np.array([{**profile.ranking, "asked": weight}[name] for name in RANKING_FEATURES])
        hit, likelihood = _figures(decided, values)
        console.print(f"{weight:4.1f}: hit@1 {hit:.4f}, likelihood {likelihood:.4f}")
        best = max(best, (likelihood, float(weight)))
    rewrite(index.embedder.fingerprint, "ranking", asked=best[1])
    console.print(f"asked {best[1]}")


def _figures(examples: list[Asked], weights: Array) -> tuple[float, float]:
    """hit@1, and the mean log-likelihood of what is right."""
    hits, likelihoods = [], []
    for example in examples:
        scores = example.values @ weights
        powers = np.exp(scores - scores.max())
        hits.append(bool(example.right[int(scores.argmax())]))
        likelihoods.append(float(np.log(max(powers[example.right].sum() / powers.sum(), 1e-300))))
    return float(np.mean(hits)), float(np.mean(likelihoods))


if __name__ == "__main__":
    main()
