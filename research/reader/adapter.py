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
from research.reader.examples import Ground, fits_of, grounds_of
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
    owners: NDArray[np.int64]  # the number of the passage of each unit

    def among(self, chosen: NDArray[np.bool_]) -> "Asked":
        """These of the questions, over all units."""
        numbers = np.flatnonzero(chosen).tolist()
        return self._replace(
            vectors=self.vectors[numbers],
            right=[self.right[number] for number in numbers],
            beside=[self.beside[number] for number in numbers],
        )


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
    questions = questions_of(grounds_of("choose", folders, embedder, out), embedder)
    for name, vectors in (("without", questions.vectors), ("with", made(questions.vectors))):
        console.print(f"{name}: {shares(places(vectors, questions))}")
    return 0


def questions_of(grounds: Sequence[Ground], embedder: LocalEmbedder) -> Asked:
    """The answerable questions of the grounds."""
    texts: list[str] = []
    right: list[list[int]] = []
    beside: list[list[int]] = []
    owners: list[int] = []
    for ground in grounds:
        rows = {place: row for row, place in enumerate(ground.places, start=len(owners))}
        first = owners[-1] + 1 if owners else 0
        owners += [first + passage for passage, _ in ground.places]
        for question in filter(lambda question: question.answers, ground.asked):
            texts.append(question.asked.question)
            right.append(sorted({rows[way[0]] for way in question.answers}))
            beside.append(sorted({rows[unit] for way in question.answers for unit in way[1:]}))
    units = np.concatenate([ground.vectors for ground in grounds])
    return Asked(embedder.queries(texts), units, right, beside, np.array(owners))


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


def places(vectors: Vectors, questions: Asked) -> NDArray[np.int64]:
    """For each question how many passages come before the first that answers it."""
    found = []
    for vector, right in zip(vectors, questions.right, strict=True):
        fits = fits_of(questions.units @ vector, questions.owners)
        found.append(int((fits > fits[questions.owners[list(right)]].max()).sum()))
    return np.array(found)


def shares(found: NDArray[np.int64]) -> str:
    """How many of these places are among the first 1, 3, 6 and 24."""
    return ", ".join(f"{np.mean(found < within):.3f} of {within}" for within in (1, 3, 6, 24))


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
