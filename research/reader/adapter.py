"""Fits the query adapter: a map that moves a question's vector towards the units that answer it.

    python -m research.reader.adapter DIR ... --out FOLDER    # on the grounds, for the product

    q' = normalised(q + (q A + b) / 2)

A is fitted at full strength and used at half. In each step a batch of questions has to find the
unit that answers it among those of the batch and some drawn by lot (InfoNCE, van den Oord et al.
2018), by AdamW (Loshchilov and Hutter 2019). Its gradient is written out, so that whoever has an
embeddings server can fit one without PyTorch (`python -m research.fitting.fit_adapter`).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from core.command_line import CommandLine, option
from core.settings import Settings
from research.reader.examples import Ground, grounds_of
from vectorstore.e5 import keep_in
from vectorstore.embeddings import MODEL, LocalEmbedder, Vectors
from vectorstore.profile import FOLDER, Adapter, adapter_file

_PROGRAM = "python -m research.reader.adapter"
_STEPS, _BATCH, _DRAWN = 1000, 128, 1200
_RATE, _DECAY = 3e-4, 1.0
_TEMPERATURE, _DROPPED = 0.05, 0.1
_FIRST, _SECOND, _LEAST = 0.9, 0.999, 1e-8  # of AdamW


class Asked(NamedTuple):
    """Questions and the units that answer them."""

    vectors: Vectors  # of the questions, shape (questions, width)
    units: Vectors  # of all documents, shape (units, width)
    # For each question the rows of `units` that answer it, one at least.
    right: Sequence[Sequence[int]]
    beside: Sequence[Sequence[int]]  # further rows that are no wrong answer


app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "Vectors of units are kept here."),
) -> int:
    """Fits the adapter of the product's embedder on the grounds."""
    out.mkdir(parents=True, exist_ok=True)
    keep_in(Settings().data_dir / MODEL)
    embedder, console = LocalEmbedder(), Console()
    made = fit(questions_of(grounds_of("fit", folders, embedder, out), embedder))
    made.write(adapter_file(embedder.fingerprint, FOLDER))
    choose = grounds_of("choose", folders, embedder, out)
    questions = questions_of(choose, embedder)
    owners = passages_of(choose)
    for name, vectors in (("without", questions.vectors), ("with", made(questions.vectors))):
        console.print(f"{name}: {shares(places(vectors, questions, owners))}")
    return 0


def questions_of(grounds: Sequence[Ground], embedder: LocalEmbedder) -> Asked:
    """The answerable questions of the grounds."""
    starts = np.cumsum([0, *(len(ground.places) for ground in grounds)]).tolist()
    rows = [
        {place: start + row for row, place in enumerate(ground.places)}
        for start, ground in zip(starts, grounds, strict=False)
    ]
    located = [
        (question, row)
        for ground, row in zip(grounds, rows, strict=True)
        for question in ground.asked
        if question.answers
    ]
    return Asked(
        embedder.queries([question.asked.question for question, _ in located]),
        np.concatenate([ground.vectors for ground in grounds]),
        [sorted({row[way[0]] for way in question.answers}) for question, row in located],
        [
            sorted({row[place] for way in question.answers for place in way[1:]})
            for question, row in located
        ],
    )


def passages_of(grounds: Sequence[Ground]) -> NDArray[np.int64]:
    """The number of the passage of each unit, over all documents."""
    owners: list[int] = []
    for ground in grounds:
        start = owners[-1] + 1 if owners else 0
        owners += [start + passage for passage, _ in ground.places]
    return np.array(owners)


def fit(questions: Asked, steps: int = _STEPS, seed: int = 0) -> Adapter:
    """The adapter."""
    chance = np.random.default_rng(seed)
    width = questions.units.shape[1]
    matrix = np.zeros((width + 1, width), np.float32)  # the last row is b
    first, second = np.zeros_like(matrix), np.zeros_like(matrix)
    size = min(_BATCH, len(questions.vectors))
    for step in range(1, steps + 1):
        chosen = chance.choice(len(questions.vectors), size, replace=False)
        gradient = _gradient(questions, chosen, matrix, chance)
        first += (1 - _FIRST) * (gradient - first)
        second += (1 - _SECOND) * (gradient**2 - second)
        moved = first / (1 - _FIRST**step)
        moved /= np.sqrt(second / (1 - _SECOND**step)) + _LEAST
        matrix -= _RATE * (moved + _DECAY * matrix)
    return Adapter(matrix[:-1], matrix[-1])


def _gradient(
    questions: Asked, chosen: NDArray[np.int64], matrix: Vectors, chance: np.random.Generator
) -> Vectors:
    """The gradient of the loss of a batch by A and b."""
    kept = chance.random((len(chosen), matrix.shape[1])) >= _DROPPED
    given = (questions.vectors[chosen] * kept / (1 - _DROPPED)).astype(np.float32)
    moved = given + given @ matrix[:-1] + matrix[-1]
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    pointing = moved / lengths
    own = [int(chance.choice(questions.right[number])) for number in chosen]
    drawn = np.array([*own, *chance.integers(len(questions.units), size=_DRAWN)])
    units = questions.units[drawn]
    fits = pointing @ units.T / _TEMPERATURE
    for row, number in enumerate(chosen):
        alike = np.isin(drawn, [*questions.right[number], *questions.beside[number]])
        alike[row] = False
        fits[row, alike] = -np.inf
    shares = np.exp(fits - fits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(chosen)), np.arange(len(chosen))] -= 1
    by_pointing = shares @ units / (_TEMPERATURE * len(chosen))
    along = (by_pointing * pointing).sum(axis=1, keepdims=True)
    by_moved = (by_pointing - along * pointing) / lengths
    with_one = np.concatenate([given, np.ones((len(given), 1), np.float32)], axis=1)
    return np.asarray(with_one.T @ by_moved, np.float32)


def places(vectors: Vectors, questions: Asked, owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each question how many passages come before the first that answers it, by 0.6 of the best
    unit's cosine and 0.4 of the mean."""
    counts = np.bincount(owners)
    found = []
    for vector, right in zip(vectors, questions.right, strict=True):
        cosines = questions.units @ vector
        best = np.full(len(counts), -1.0)
        np.maximum.at(best, owners, cosines)
        fits = 0.6 * best + 0.4 * np.bincount(owners, cosines) / counts
        found.append(int((fits > fits[owners[list(right)]].max()).sum()))
    return np.array(found)


def shares(found: NDArray[np.int64]) -> str:
    """How many of these places are among the first 1, 3, 6 and 24."""
    return ", ".join(f"{np.mean(found < within):.3f} of {within}" for within in (1, 3, 6, 24))


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
