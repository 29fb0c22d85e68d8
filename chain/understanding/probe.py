"""Linear classifier of a message by its vector (multinomial logit).

Fitted by `python -m research.fitting.fit_manners` on messages in all official languages of the EU
and on the questions of that folder; weights and provenance are in `manners.json`. They hold for one
embedder; with another every message counts as a question.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.types import Message
from vectorstore.embeddings import Embedder

WEIGHTS = Path(__file__).with_name("manners.json")
QUESTION = "question"


class _Model(NamedTuple):
    embedder: str
    kinds: tuple[str, ...]
    weights: NDArray[np.float64]  # (kinds, dimensions + 1), the intercept last


def likeliest(text: str, embedder: Embedder) -> tuple[Message | None, float]:
    """Likeliest kind (None: a question) and its probability; None and 1 with an embedder that the
    weights are not for."""
    model = _model()
    if embedder.fingerprint != model.embedder:
        return None, 1.0
    chances = softmax(model.weights[:, :-1] @ embedder.query(text) + model.weights[:, -1])
    best = int(chances.argmax())
    kind: Message | None = None if model.kinds[best] == QUESTION else model.kinds[best]  # type: ignore[assignment]
    return kind, float(chances[best])


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities from scores, over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@cache
def _model() -> _Model:
    stored = json.loads(WEIGHTS.read_text("utf-8"))
    return _Model(stored["embedder"], tuple(stored["kinds"]), np.array(stored["weights"]))
