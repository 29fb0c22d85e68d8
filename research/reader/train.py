"""Trains the reader on the grounds.

    python -m research.reader.train DIR ... --out FOLDER [--minutes 120] [--layers 6]

DIR has the documents (docs/grounds.md). FOLDER keeps the vectors of units and, every ten minutes,
what was learned, with which the same command goes on until all minutes are used. It runs on an
accelerator where PyTorch finds one (`pip install torch`, which is no dependency of the product).
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import typer
from rich.console import Console
from sentencepiece import SentencePieceProcessor
from torch import Tensor

from core.command_line import CommandLine, option
from core.settings import Settings
from research.fitting.logistic import area
from research.reader.examples import Example, General, Ground, Maker, general, grounds_of
from research.reader.grounds import Document, Located, briefs, prepared
from research.reader.network import Network
from vectorstore.e5 import keep_in
from vectorstore.embeddings import MODEL, LocalEmbedder, Vectors
from vectorstore.encoder_files import Weights

_PROGRAM = "python -m research.reader.train"
_AT_ONCE = 12  # questions of a step
_OF_GROUNDS, _OF_BRIEFS = 0.6, 0.2  # of these; the others are of general sets
_RATE, _HEAD_RATE = 1e-4, 1e-3
_WARM = 0.05  # share of the time in which the rate rises
_LEAST = 0.02  # share of the rate that is left in the end
_KEEP = 600.0  # seconds between two states that are kept
_MEASURED = 300  # questions
_PASSAGES = 6  # nearest passages of all documents, among which the first unit is looked for


class Question(NamedTuple):
    """A question with its document and its vector; `others` are documents that it is not about."""

    located: Located
    ground: Ground
    vector: Vectors
    others: Sequence[Ground]

    def examples(self, maker: Maker, chance: random.Random) -> list[Example]:
        return maker.of(self.located, self.ground, self.others, self.vector, chance)


class Measured(NamedTuple):
    """`first`: share of the answerable questions whose best unit answers, `own` and `across` of
    those in the document's language and in another; `told`: how well the best score tells
    answerable from unanswerable (area under the curve)."""

    first: float
    own: float
    across: float
    told: float


Learnable = Question | General

app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "What is learned, and what is needed for it, is kept here."),
    minutes: float = option(120.0, "N", "Of training, in all."),
    layers: int = option(6, "N", "Of the embedder, from below."),
    seed: int = option(1, "N", "For what is drawn by lot."),
) -> int:
    """Trains the reader, or goes on training it."""
    console = Console()
    out.mkdir(parents=True, exist_ok=True)
    keep_in(Settings().data_dir / MODEL)
    embedder = LocalEmbedder()
    fit, choose = (grounds_of(part, folders, embedder, out) for part in ("fit", "choose"))
    own = []
    for source, file in briefs():
        document = Document(file, embedder)
        own.append(Ground(source, document, prepared(file, document), embedder, out))
    questions = _questions(fit, [*fit, *own], embedder), _questions(own, fit, embedder)
    sets: list[tuple[float, Sequence[Learnable]]] = [
        (_OF_GROUNDS, questions[0]),
        (_OF_BRIEFS, questions[1]),
        (1 - _OF_GROUNDS - _OF_BRIEFS, general(folders)),
    ]
    shares = ", ".join(f"{len(learnable):,} ({share:.2f})" for share, learnable in sets)
    console.print(f"Questions of grounds, briefs, general sets (share of a step): {shares}")
    measured = _questions(choose, choose, embedder)
    there = [learnable for learnable in sets if learnable[1]]
    Training(there, measured, out / "reader.pt", minutes, layers, seed).run(console)
    return 0


def _questions(
    own: Sequence[Ground], others: Sequence[Ground], embedder: LocalEmbedder
) -> list[Question]:
    questions = [(question, ground) for ground in own for question in ground.asked]
    vectors = embedder.queries([question.asked.question for question, _ in questions])
    return [
        Question(question, ground, vector, others)
        for (question, ground), vector in zip(questions, vectors, strict=True)
    ]


class Training:
    """A reader, and how far it is."""

    def __init__(
        self,
        sets: Sequence[tuple[float, Sequence[Learnable]]],
        choose: list[Question],
        file: Path,
        minutes: float,
        layers: int,
        seed: int,
    ) -> None:
        self._file, self._minutes = file, minutes
        self._shares = [share for share, _ in sets]
        self._drawn = [self._endless(questions) for _, questions in sets]
        self._chance = random.Random(seed)  # noqa: S311 - a lot, no secret
        self._measured = random.Random(0).sample(choose, min(_MEASURED, len(choose)))  # noqa: S311
        torch.manual_seed(seed)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._reader = Network(layers).to(device)
        weights = Weights()
        pieces = SentencePieceProcessor(model_proto=weights.vocabulary())
        self._maker = Maker(pieces.encode, weights.begins, weights.ends)
        head = {id(parameter) for parameter in self._reader.head.parameters()}
        body = [parameter for parameter in self._reader.parameters() if id(parameter) not in head]
        self._optimizer = torch.optim.AdamW(
            [{"params": body}, {"params": list(self._reader.head.parameters())}], weight_decay=0.01
        )
        self._seconds, self._seen = 0.0, 0
        if file.exists():
            state: dict[str, Any] = torch.load(file, map_location=device)
            self._reader.load_state_dict(state["reader"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._seconds, self._seen = state["seconds"], state["seen"]
            self._chance.seed(f"{seed}, {self._seen}")  # not the same questions again

    def run(self, console: Console) -> None:
        """Trains until all minutes are used; keeps what was learned."""
        losses: list[float] = []
        reported = kept = self._seconds
        while self._seconds < self._minutes * 60:
            began = time.monotonic()
            chosen = [
                next(drawn) for drawn in self._chance.choices(self._drawn, self._shares, k=_AT_ONCE)
            ]
            losses.append(self._step(chosen))
            self._seen += len(chosen)
            self._seconds += time.monotonic() - began
            if self._seconds - reported >= 60:
                reported, loss = self._seconds, np.mean(losses[-200:])
                console.print(f"{reported / 60:.0f} min, {self._seen:,} questions, loss {loss:.3f}")
            if self._seconds - kept >= _KEEP:
                kept = self._seconds
                self._keep()
                console.print(self.measure())
        self._keep()
        console.print(f"{self._seen:,} questions", self.measure())

    def _endless(self, questions: Sequence[Learnable]) -> Iterator[Learnable]:
        """All questions of a set in an order by lot, again and again."""
        while True:
            yield from self._chance.sample(questions, len(questions))

    def measure(self) -> Measured:
        """How well it finds the answer among the nearest passages of all documents to choose by."""
        grounds = {id(question.ground): question.ground for question in self._measured}.values()
        rows: list[tuple[bool, bool, bool, float]] = []
        with torch.no_grad():
            for question in self._measured:
                found = [
                    (fit, ground, number)
                    for ground in grounds
                    for number, fit in enumerate(ground.fits(question.vector))
                ]
                found.sort(key=lambda place: -place[0])
                best, right = self._best(question, found[:_PASSAGES])
                across = question.located.asked.language != question.ground.source.language
                rows.append((bool(question.located.answers), across, right, best))
        answerable = [row for row in rows if row[0]]
        return Measured(
            _share([row[2] for row in answerable]),
            _share([row[2] for row in answerable if not row[1]]),
            _share([row[2] for row in answerable if row[1]]),
            area([row[3] for row in answerable], [row[3] for row in rows if not row[0]]),
        )

    def _best(
        self, asked: Question, found: Sequence[tuple[float, Ground, int]]
    ) -> tuple[float, bool]:
        """The best score of the units of passages, and whether that unit answers."""
        question, right = asked.located.asked.question, {way[0] for way in asked.located.answers}
        units = [
            (ground, number, unit)
            for _, ground, number in found
            for unit in range(len(ground.passages[number].units))
        ]
        sequences = [
            self._maker.sequence(question, own.passages[number], unit)
            for own, number, unit in units
        ]
        scores = self._reader.scores(sequences)
        best = int(scores.argmax())
        ground, *place = units[best]
        return float(scores[best]), ground is asked.ground and tuple(place) in right

    def _step(self, chosen: Sequence[Learnable]) -> float:
        """One step of learning; its loss: the surprise at which unit answers, or that none does."""
        for group, rate in zip(self._optimizer.param_groups, (_RATE, _HEAD_RATE), strict=True):
            group["lr"] = rate * self._pace()
        made = [question.examples(self._maker, self._chance) for question in chosen]
        scores = self._reader.scores([example.sequence for own in made for example in own])
        parts = scores.split([len(own) for own in made])
        losses = [_surprise(score, own) for score, own in zip(parts, made, strict=True)]
        loss = torch.stack(losses).mean()
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._reader.parameters(), 1.0)
        self._optimizer.step()
        return float(loss.detach())

    def _pace(self) -> float:
        done = self._seconds / (self._minutes * 60)
        return min(1.0, done / _WARM + _LEAST) * max(_LEAST, 1 - done)

    def _keep(self) -> None:
        unfinished = self._file.with_suffix(".part")
        state = {"reader": self._reader.state_dict(), "optimizer": self._optimizer.state_dict()}
        torch.save({**state, "seconds": self._seconds, "seen": self._seen}, unfinished)
        unfinished.replace(self._file)


def _surprise(scores: Tensor, made: Sequence[Example]) -> Tensor:
    """Cross-entropy over the units of a question and "none", whose score is 0."""
    right = scores[[place for place, example in enumerate(made) if example.answers]]
    everything = torch.logsumexp(torch.cat([scores, scores.new_zeros(1)]), dim=0)
    return everything - torch.logsumexp(right, dim=0) if len(right) else everything


def _share(right: Sequence[bool]) -> float:
    return round(float(np.mean(right)), 3) if right else 0.0


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
