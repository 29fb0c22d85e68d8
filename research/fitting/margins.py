"""Measures the limits of messages (`MessageLimits` in chain/understanding/intent.py), each as it is
and moved to both sides.

    python -m research.fitting.margins

The texts are those of `messages/wide.yaml` and `messages/near.yaml`, written after the margins were
set, and the questions of this folder. The classifier is that of the other folds, of five, so it has
not seen a text that it tells. Prints how many messages and requests for help with a crime are told
right, and how many questions are taken for messages.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from unittest.mock import patch

import numpy as np
from rich.console import Console
from rich.table import Table

from chain.understanding import intent
from chain.understanding.intent import QUESTION, MessageLimits, classify, limits
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.yaml_files import read_yaml
from eval.dataset import load
from language.identify import detect
from research.fitting import QUESTIONS
from research.fitting.fit_intents import FOLDER, FOLDS, Array, fit, labelled
from vectorstore.embeddings import LocalEmbedder, Vectors, make_embedder

Told = tuple[str, str, str]  # text, language, kind
_SETS = ("wide.yaml", "near.yaml")
_PROBABILITIES = ("harm", "other", "question")


class _Remembering(LocalEmbedder):
    """Makes the vector of a text once: each is told some thirty times."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Vectors] = {}

    def query(self, text: str) -> Vectors:
        if text not in self._known:
            self._known[text] = super().query(text)
        return self._known[text]


def main() -> int:
    try:
        make_embedder(Settings())  # says where the model is kept
        embedder, every = _Remembering(), list(labelled())
    except StrategiewijzerError as error:
        Console(stderr=True).print(error, markup=False)
        return 1
    texts = list(dict.fromkeys(text for text, _ in every))
    folds = np.random.default_rng(0).integers(0, FOLDS, len(texts))
    fold_of = dict(zip(texts, map(int, folds), strict=True))
    stored, weights = intent._model(), list[Array]()
    kinds: list[str] = [*stored.kinds]
    for fold in range(FOLDS):
        others = [(text, kind) for text, kind in every if fold_of[text] != fold]
        vectors = np.stack([embedder.query(text) for text, _ in others]).astype(np.float64)
        right = np.array([kinds.index(kind) for _, kind in others])
        weights.append(fit(vectors, right, len(kinds)))
    asked = [one for one in _asked() if one[0] in fold_of]
    columns = ("limit", "value", "messages right", "help with a crime", "questions taken")
    table = Table(*columns, title=f"{len(asked)} texts")

    def add(name: str, moved: MessageLimits) -> None:
        found: list[str] = []
        for text, language, _ in asked:
            made = stored._replace(weights=weights[fold_of[text]], limits=moved)
            with patch.object(intent, "_model", lambda made=made: made):
                found.append(classify(text, language, embedder) or QUESTION)
        value = f"{getattr(moved, name):g}" if name else ""
        table.add_row(name or "as they are", value, *_figures(asked, found))

    add("", limits())
    for name in MessageLimits.model_fields:
        step = 0.1 if name in _PROBABILITIES else 0.02
        for moved in (-step, step):
            value = getattr(limits(), name) + moved
            add(name, limits().model_copy(update={name: value}))
    Console().print(table)
    return 0


def _figures(asked: Sequence[Told], found: Sequence[str]) -> Iterator[str]:
    pairs = [(kind, guess) for (_, _, kind), guess in zip(asked, found, strict=True)]
    messages = [kind == guess for kind, guess in pairs if kind != QUESTION]
    crimes = [kind == guess for kind, guess in pairs if kind == "harm"]
    taken = [guess != QUESTION for kind, guess in pairs if kind == QUESTION]
    yield from (f"{sum(of)} of {len(of)}" for of in (messages, crimes, taken))


def _asked() -> Iterator[Told]:
    for name in _SETS:
        by_kind: Mapping[str, Mapping[str, Sequence[str]]] = read_yaml(
            (FOLDER / name).read_text("utf-8")
        )
        for kind, by_language in by_kind.items():
            for language, texts in by_language.items():
                own = QUESTION if kind.startswith(QUESTION) else kind
                yield from ((text, detect(text, language), own) for text in texts)
    for question in load(QUESTIONS):
        yield question.question, question.language, QUESTION


if __name__ == "__main__":
    sys.exit(main())
