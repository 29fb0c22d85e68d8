"""Fits the classifier of messages and writes `chain/understanding/intents.json`.

    python -m research.fitting.fit_intents

Training data are the messages in `messages/`, the examples of `chain/understanding/intents.yaml`
and the questions of this folder, without messages that are also in `eval/messages`, which is
reported. Prints, by five-fold cross-validation with the limits of the classifier,
the share of messages classified right and the number of questions taken for messages.
"""

import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from chain.understanding.intent import QUESTION, WEIGHTS, limits, softmax
from chain.understanding.phrases import manner_lists
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from core.yaml_files import read_yaml
from eval.dataset import load
from language.matching import fold
from research.fitting import QUESTIONS
from research.fitting.fitted_numbers import amounts_of
from vectorstore.embeddings import make_embedder

FOLDER = Path(__file__).with_name("messages")
FOLDS = 5
_PENALTY = 1e-3  # on standardised features
_STEPS = 400
Array = NDArray[np.float64]


def main() -> int:
    try:
        embedder = make_embedder(Settings())
        told = list(labelled())
    except StrategiewijzerError as error:
        Console(stderr=True).print(error, markup=False)
        return 1
    kinds = sorted({kind for _, kind in told})
    right = np.array([kinds.index(kind) for _, kind in told])
    vectors = np.stack([embedder.query(text) for text, _ in told]).astype(np.float64)
    fold_of = np.random.default_rng(0).integers(0, FOLDS, len(told))
    chances = np.zeros((len(told), len(kinds)))
    for number in range(FOLDS):
        others = fold_of != number
        weights = fit(vectors[others], right[others], len(kinds))
        rest = vectors[~others]
        chances[~others] = softmax(rest @ weights[:, :-1].T + weights[:, -1])
    best = [kinds[number] for number in chances.argmax(1)]
    taken = [
        kind if chance >= limits().least(kind) else QUESTION
        for kind, chance in zip(best, chances.max(1), strict=True)
    ]
    pairs = [(kind, guess) for (_, kind), guess in zip(told, taken, strict=True)]
    messages = [kind == guess for kind, guess in pairs if kind != QUESTION]
    questions = [guess != QUESTION for kind, guess in pairs if kind == QUESTION]
    console = Console()
    console.print(f"{np.mean(messages):.3f} of {len(messages)} messages told right by this alone")
    console.print(f"{sum(questions)} of {len(questions)} questions taken for messages")
    made = {
        "made_by": "python -m research.fitting.fit_intents",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "embedder": embedder.fingerprint,
        "fitted_on": len(told),
        "kinds": kinds,
        **amounts_of(json.loads(WEIGHTS.read_text("utf-8"))),
        "weights": fit(vectors, right, len(kinds)).round(3).tolist(),
    }
    WEIGHTS.write_text(json.dumps(made) + "\n", "utf-8")
    return 0


def fit(vectors: Array, right: NDArray[np.int_], kinds: int) -> Array:
    """Weights of a multinomial logistic model, shape (kinds, dimensions + 1), the intercept last.

    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4, with a ridge penalty
    on centred features of a common scale; gradient descent with Nesterov's momentum.
    """
    mean, scale = vectors.mean(0), float(vectors.std(0).mean())
    design = np.column_stack([(vectors - mean) / scale, np.ones(len(vectors))])
    wanted = np.eye(kinds)[right]
    weights = np.zeros((kinds, design.shape[1]))
    before = weights
    # The curvature of a softmax is at most half the largest eigenvalue of the design.
    step = 2.0 / float(np.linalg.eigvalsh(design.T @ design / len(design)).max())
    for number in range(1, _STEPS + 1):
        ahead = weights + (number - 1) / (number + 2) * (weights - before)
        gradient = (softmax(design @ ahead.T) - wanted).T @ design / len(design)
        gradient[:, :-1] += _PENALTY * ahead[:, :-1]
        before, weights = weights, ahead - step * gradient
    slopes = weights[:, :-1] / scale
    return np.column_stack([slopes, weights[:, -1] - slopes @ mean])


def labelled() -> Iterator[tuple[str, str]]:
    """Training data: messages and questions with their kind."""
    reported = {fold(question.question) for question in load(ROOT / "eval" / "messages")}
    by_kind = [
        (kind, text)
        for file in sorted(FOLDER.glob("*.yaml"))
        for kind, by_language in read_yaml(file.read_text("utf-8")).items()
        for texts in by_language.values()
        for text in texts
    ]
    by_kind += [(kind, text) for kind, texts in manner_lists().examples.items() for text in texts]
    for kind, text in by_kind:
        if fold(text) not in reported:
            yield text, QUESTION if kind.startswith(QUESTION) else kind
    for question in load(QUESTIONS):
        yield question.question, QUESTION


if __name__ == "__main__":
    sys.exit(main())
