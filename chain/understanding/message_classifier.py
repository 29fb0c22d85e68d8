"""Linear classifier of a message by its vector (multinomial logit).

Fitted by `python -m research.fitting.fit_manners` on messages in all official languages of the EU
and on the questions of that folder; weights and provenance are in `manners.json`. They hold for one
embedder; with another every message counts as a question.
"""

import json
from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.answer import Message
from vectorstore.embeddings import Embedder

WEIGHTS = Path(__file__).with_name("manners.json")
QUESTION: Final = "question"
CHANCES: Mapping[str, float] = {"harm": 0.6, "": 0.9}
"""Least probability of a kind, and of any other ("") by the vector alone: docs/decisions/0012."""


_SURE = 0.8
"""Probability of a question from which nothing that is near to a message makes it one."""


class _Model(NamedTuple):
    embedder: str
    kinds: tuple[Message | Literal["question"], ...]
    weights: NDArray[np.float64]  # (kinds, dimensions + 1), the intercept last


def by_vector(text: str, embedder: Embedder) -> Message | None:
    """The likeliest kind of a message if its probability is high enough; None for a question, and
    with an embedder that the weights are not for."""
    kind, chance = max(_chances(text, embedder).items(), key=itemgetter(1))
    if kind == QUESTION or chance < CHANCES.get(kind, CHANCES[""]):
        return None
    return kind


def is_question(text: str, embedder: Embedder) -> bool:
    """Whether the vector alone tells a question to the sources; never with another embedder."""
    return _chances(text, embedder)[QUESTION] >= _SURE


def _chances(text: str, embedder: Embedder) -> Mapping[Message | Literal["question"], float]:
    """Probability of each kind."""
    model = _model()
    if embedder.fingerprint != model.embedder:
        return {QUESTION: 0.0}
    scores = model.weights[:, :-1] @ embedder.query(text) + model.weights[:, -1]
    return dict(zip(model.kinds, map(float, softmax(scores)), strict=True))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities from scores, over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@cache
def _model() -> _Model:
    stored = json.loads(WEIGHTS.read_text("utf-8"))
    return _Model(stored["embedder"], tuple(stored["kinds"]), np.array(stored["weights"]))
