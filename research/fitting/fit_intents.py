"""Fits the classifier of messages and writes `chain/understanding/intents.json`.

    python -m research.fitting.fit_intents

Training data are the messages in `messages/`, the questions of this folder and the prepared
questions of the briefs, without what is also in a reported set of `eval/`. Prints by five-fold
cross-validation, at several limits, the share of messages that are told right, requests for help
with a crime among them, and the questions that are taken for either.
"""

import datetime
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from chain.understanding.intent import (
    FOLLOW_UP,
    QUESTION,
    WEIGHTS,
    Array,
    Network,
    inputs_of,
    intent_by,
    limits,
)
from core.settings import ROOT, Settings
from core.yaml_files import read_yaml
from eval.dataset import load
from ingest.reading.question_file import read_file
from language.words import fold
from research.fitting import QUESTIONS, amounts_of
from vectorstore.embeddings import make_embedder

FOLDER = Path(__file__).with_name("messages")
FOLDS = 5
_PROGRAM = "python -m research.fitting.fit_intents"
_UNITS = 48
_EPOCHS, _BATCH, _RATE = 25, 64, 3e-3
_PENALTY = 1e-3
_DROPPED_INPUTS, _DROPPED_UNITS = 0.1, 0.2
# Limits to compare: (harm, unclear, other)
_TRIED = ((0.5, 0.5, 0.5), (0.6, 0.3, 0.7), (0.7, 0.3, 0.8), (0.8, 0.4, 0.8), (0.9, 0.5, 0.9))


def main() -> None:
    """Fits the classifier of messages, and writes it."""
    embedder = make_embedder(Settings())
    labelled_texts = list(labelled())
    kinds = sorted({kind for _, kind in labelled_texts})
    right = np.array([kinds.index(kind) for _, kind in labelled_texts])
    inputs = np.stack([inputs_of(text) for text, _ in labelled_texts])
    fold_of = np.random.default_rng(0).integers(0, FOLDS, len(labelled_texts))
    chances = np.zeros((len(labelled_texts), len(kinds)))
    for number in range(FOLDS):
        others = fold_of != number
        chances[~others] = fit(inputs[others], right[others], len(kinds)).chances(inputs[~others])
    Console().print(_table(labelled_texts, kinds, chances))
    network = fit(inputs, right, len(kinds))
    made = {
        "made_by": _PROGRAM,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "embedder": embedder.fingerprint,
        "fitted_on": len(labelled_texts),
        "kinds": kinds,
        **amounts_of(json.loads(WEIGHTS.read_text("utf-8"))),
        "weights": {name: part.round(3).tolist() for name, part in network._asdict().items()},
    }
    WEIGHTS.write_text(json.dumps(made) + "\n", "utf-8")


def _table(
    labelled_texts: Sequence[tuple[str, str]], kinds: Sequence[str], chances: Array
) -> Table:
    columns = ("harm, unclear, other", "messages right", "help with a crime", "with a line above")
    table = Table(*columns, "questions turned away", "with a line above", "follow-ups, questions")
    for tried in _TRIED:
        at = dict(zip(("harm", "unclear", "other"), tried, strict=True))
        moved = limits().model_copy(update=at)
        found = [intent_by(dict(zip(kinds, row.tolist(), strict=True)), moved) for row in chances]
        messages, crimes, questions, leans = [], [], [], []
        for (_, kind), intent in zip(labelled_texts, found, strict=True):
            if kind not in (QUESTION, FOLLOW_UP):
                messages.append(kind in (intent.kind, intent.aside))
                if kind == "harm":
                    crimes.append(intent)
                continue
            questions.append(intent)
            if intent.leans >= 0.5:
                leans.append(kind == FOLLOW_UP)
        table.add_row(
            str(tried),
            f"{np.mean(messages):.3f} of {len(messages)}",
            f"{sum(intent.kind == 'harm' for intent in crimes)} of {len(crimes)}",
            str(sum(intent.aside == "harm" for intent in crimes)),
            f"{sum(intent.kind is not None for intent in questions)} of {len(questions)}",
            str(sum(intent.aside != "" for intent in questions)),
            f"{sum(leans)}, {len(leans) - sum(leans)}",
        )
    return table


def fit(inputs: Array, right: NDArray[np.int_], kinds: int) -> Network:
    """A network for these inputs (texts, inputs) and the numbers of their kinds.

    Goodfellow, Bengio and Courville, Deep Learning, chapter 6, by Adam (Kingma and Ba 2015) with
    dropout (Srivastava et al. 2014) and a ridge penalty; the inputs are centred and scaled for it.
    """
    random = np.random.default_rng(0)
    mean, scale = inputs.mean(0), float(inputs.std(0).mean())
    design = np.column_stack([(inputs - mean) / scale, np.ones(len(inputs))])
    width = design.shape[1]
    parts = [
        random.normal(0, 1 / np.sqrt(width), (width, _UNITS)),
        random.normal(0, 1 / np.sqrt(_UNITS), (_UNITS + 1, kinds)),
    ]
    moments = [(np.zeros_like(part), np.zeros_like(part)) for part in parts]
    step = 0
    for epoch in range(_EPOCHS):
        for rows in np.array_split(random.permutation(len(right)), len(right) // _BATCH):
            step += 1
            kept = random.random((len(rows), width)) > _DROPPED_INPUTS
            given = design[rows] * kept / (1 - _DROPPED_INPUTS)
            given[:, -1] = 1.0
            activity = np.maximum(given @ parts[0], 0.0)
            active = (random.random(activity.shape) > _DROPPED_UNITS) / (1 - _DROPPED_UNITS)
            behind = np.column_stack([activity * active, np.ones(len(rows))])
            scores = behind @ parts[1]
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
            wrong = raised / raised.sum(axis=1, keepdims=True)
            wrong[np.arange(len(rows)), right[rows]] -= 1
            back = (wrong @ parts[1][:-1].T) * active * (activity > 0)
            slopes = [given.T @ back / len(rows), behind.T @ wrong / len(rows)]
            rate = _RATE * (1 - epoch / _EPOCHS)
            for number, (part, slope) in enumerate(zip(parts, slopes, strict=True)):
                slope[:-1] += _PENALTY * part[:-1]
                first, second = moments[number]
                first += 0.1 * (slope - first)
                second += 0.001 * (slope**2 - second)
                ahead = first / (1 - 0.9**step)
                part -= rate * ahead / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    slopes_of_inputs = parts[0][:-1] / scale
    hidden = np.vstack([slopes_of_inputs, parts[0][-1] - mean @ slopes_of_inputs])
    return Network(hidden, parts[1])


def labelled() -> Iterator[tuple[str, str]]:
    """Training data: messages and questions with their kind, each once."""
    known = {
        fold(question.question)
        for folder in ("messages", "conversations", "questions", "documents")
        for question in load(ROOT / "eval" / folder)
    }
    for text, kind in _every():
        if fold(text) not in known:
            known.add(fold(text))
            yield text, kind


def _every() -> Iterator[tuple[str, str]]:
    for file in sorted(FOLDER.glob("*.yaml")):
        for kind, by_language in read_yaml(file.read_text("utf-8")).items():
            own = QUESTION if kind.startswith(QUESTION) else kind
            yield from ((text, own) for texts in by_language.values() for text in texts)
    for question in load(QUESTIONS):
        if not question.history:  # else it may be either kind of question
            yield question.question, QUESTION
    for file in sorted((ROOT / "corpus").rglob("*.questions.yaml")):
        for answer in read_file(file):
            yield from ((prepared.text, QUESTION) for prepared in answer.questions)


if __name__ == "__main__":
    main()
