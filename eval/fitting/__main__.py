"""Fits the weights of the confidence and writes `chain/confidence.json`.

    python -m eval.fitting

Logistic regression with an L2 penalty (Newton's method) on the questions in `eval/fitting/`. Prints
the area under the ROC curve, each question judged by weights fitted on all the others, and what
thresholds between 0.1 and 0.9 would refuse.
"""

import datetime
import json
import sys

import numpy as np
from numpy.typing import NDArray

from chain.confidence import WEIGHTS, features
from chain.followup import standalone
from chain.language import detect
from core.errors import StrategiewijzerError
from core.settings import Settings
from eval.dataset import Question, fingerprints, load
from eval.fitting import QUESTIONS
from vectorstore.store import open_index

_PENALTY = 1.0  # on standardised features
Array = NDArray[np.float64]


def main() -> int:
    try:
        questions = load(QUESTIONS)
        names, values = _features(questions)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    answerable = np.array([question.answerable for question in questions], dtype=float)
    weights = fit(values, answerable)
    left_out = np.array(
        [
            _probability(values[[n]], fit(np.delete(values, n, 0), np.delete(answerable, n)))[0]
            for n in range(len(questions))
        ]
    )
    area = auc(left_out, answerable)
    WEIGHTS.write_text(
        json.dumps(
            {
                "made_by": "python -m eval.fitting",
                "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
                "questions": fingerprints(QUESTIONS),
                "n": len(questions),
                "auc_leave_one_out": round(area, 3),
                "weights": dict(
                    zip(["intercept", *names], (round(float(w), 4) for w in weights), strict=True)
                ),
            },
            indent=2,
        )
        + "\n",
        "utf-8",
    )
    print(f"AUC, leave one out: {area:.3f} ({len(questions)} questions)")
    for threshold in np.arange(0.1, 0.95, 0.1):
        refused = left_out < threshold
        print(
            f"refuse below {threshold:.1f}: {refused[answerable == 1].mean():.1%} of the "
            f"answerable, {refused[answerable == 0].mean():.1%} of the unanswerable"
        )
    return 0


def fit(values: Array, outcome: Array) -> Array:
    """Weights (intercept first) of a logistic model; values (n, features), outcome 0 or 1 (n,).

    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4.1, with a ridge
    penalty on the standardised features.
    """
    mean, spread = values.mean(0), values.std(0)
    spread[spread == 0] = 1.0
    design = np.column_stack([np.ones(len(values)), (values - mean) / spread])
    penalty = np.diag([0.0] + [_PENALTY] * values.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (outcome - probability) - penalty @ weights
        curvature = design.T @ (design * (probability * (1 - probability))[:, None]) + penalty
        weights += np.linalg.solve(curvature, gradient)
    slopes = weights[1:] / spread
    return np.concatenate([[weights[0] - slopes @ mean], slopes])


def auc(score: Array, outcome: Array) -> float:
    """Chance that a positive scores above a negative; ties count half (Mann-Whitney U)."""
    difference = score[outcome == 1][:, None] - score[outcome == 0][None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _probability(values: Array, weights: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-(weights[0] + values @ weights[1:]))))


def _features(questions: tuple[Question, ...]) -> tuple[list[str], Array]:
    settings = Settings()
    index = open_index(settings)
    rows = []
    for question in questions:
        language = detect(question.question, settings.default_language)
        asked = standalone(question.question, language, question.history)
        found = index.search(asked, k=settings.results, language=language)
        rows.append(features(asked, language, found))
    return list(rows[0]), np.array([list(row.values()) for row in rows])


if __name__ == "__main__":
    sys.exit(main())
