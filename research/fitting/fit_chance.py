"""Fits the chance that the first statement answers (chain/reading/confidence.py); writes the
weights into the embedder's profile (vectorstore/embeddings.py), and draws `docs/chance.svg`.

    python -m research.fitting.fit_chance DIR ... --out FOLDER

Two grounds that count alike: documents that the reader was not trained on (the part `choose` of
docs/grounds.md; DIR has them, FOLDER keeps their index), and the bundled summaries, without their
prepared questions. A statement over the documents is right if it has the unit that answers most
directly, over the summaries if it has all facts of the question. For each ground it prints what
weights fitted on the other give: of the answerable questions how many are answered at a chance,
how many of the answers are right, and of the unanswerable ones how many are answered.
"""

import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from chain.answer.section_questions import Probes
from chain.answerability import Decision, build_request, decide
from chain.reading.confidence import FEATURES, features
from chain.request import Query, Request
from chain.retrieve import retrieve
from chain.understanding.meaning import Interpretation
from chain.writing.extractive import choose, readings
from core.command_line import CommandLine, option
from core.settings import ROOT, Settings
from eval.dataset import Question, prepare
from language.matching import fold
from research.fitting import questions
from research.fitting.curve import chance_curve
from research.fitting.fitted_numbers import write
from research.fitting.logistic import Array, fit, probability
from research.reader.grounds import Document, Located, Place, files, located, sources
from vectorstore.embeddings import local_embedder
from vectorstore.store import Index, open_index

CURVE = ROOT / "docs" / "chance.svg"
_PENALTY = 10.0  # on standardised features
_THRESHOLDS = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
_MOST = 1200  # questions over documents
_PROGRAM = "python -m research.fitting.fit_chance"


class Told(NamedTuple):
    """What was decided on questions over one kind of text.

    values: features of the first statement, shape (questions, features).
    right: whether it is right.
    answerable: whether the sources answer.
    single: whether one thing is asked, of which it lacks no detail.
    close: whether a prepared question is close.
    """

    values: Array
    right: NDArray[np.bool_]
    answerable: NDArray[np.bool_]
    single: NDArray[np.bool_]
    close: NDArray[np.bool_]

    def among(self, chosen: NDArray[np.bool_]) -> "Told":
        kept: list[Any] = [one[chosen] for one in self]
        return Told(*kept)


app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "Their index is kept here."),
) -> None:
    """Fits the chance that the first statement answers."""
    console, settings = Console(), Settings()
    index = open_index(without_prepared(settings))
    alone = [one for one in questions() if not one.history and not one.conversation]
    grounds = {
        "documents": over_documents(folders, settings.model_copy(update={"data_dir": out})),
        "summaries": told_of(alone, index, settings),
    }
    curves = {}
    for name, ground in grounds.items():
        others = [one for other, one in grounds.items() if other != name]
        said = probability(ground.values, fitted(others))
        curves[name] = (said, ground.right)
        fitted_on = f"{name}: {len(said)} questions, fitted on the other"
        console.print(fitted_on, *table(said * ground.single, ground))
    CURVE.write_text(chance_curve(curves), "utf-8")
    found = [round(float(weight), 3) for weight in fitted(list(grounds.values()))]
    weights = dict(zip(("intercept", *FEATURES), found, strict=True))
    fitted_on_both = {name: len(one.right) for name, one in grounds.items()}
    write(index.embedder.fingerprint, "chance", weights, _PROGRAM, fitted_on=fitted_on_both)
    console.print(weights)


def fitted(grounds: Sequence[Told]) -> Array:
    """Weights (intercept first) of a model in which all grounds count alike."""
    outcome = np.concatenate([one.right for one in grounds]).astype(float)
    total = len(outcome) / len(grounds)
    counts = np.concatenate([np.full(len(one.right), total / len(one.right)) for one in grounds])
    return fit(np.concatenate([one.values for one in grounds]), outcome, _PENALTY, counts)


def table(said: Array, ground: Told) -> Iterator[str]:
    answerable = ground.answerable
    for threshold in _THRESHOLDS:
        told = said >= threshold
        share = (told & answerable).sum() / answerable.sum()
        right = f"{ground.right[told].mean():.2f}" if told.any() else "-"
        wrong = f"{told[~answerable].mean():.3f}" if not answerable.all() else "-"
        yield (
            f"\n  from {threshold:.2f}: {share:.2f} of the answerable, {right} right; "
            f"{wrong} of the unanswerable"
        )


def without_prepared(settings: Settings) -> Settings:
    """Settings of an index of the same source texts that has no prepared questions."""
    folder = settings.data_dir / "without-prepared"
    shutil.rmtree(folder, ignore_errors=True)
    for place in settings.corpus_dirs:
        if place.is_dir():
            leave_out = shutil.ignore_patterns("*.questions.*")
            shutil.copytree(place, folder / place.name, ignore=leave_out)
    return prepare([folder], settings)


class _Answered(NamedTuple):
    decision: Decision
    request: Request


class _Rows:
    """Gathers what was decided."""

    def __init__(self, index: Index, settings: Settings, names: Sequence[str]) -> None:
        self._index, self._settings, self._names = index.snapshot(), settings, names
        self._trials = Probes(settings)
        self._rows: list[tuple[list[float], bool, bool, bool, bool]] = []

    def ask(self, question: str, language: str) -> _Answered:
        query, meant = Query(question, language), Interpretation(question)
        results = self._settings.results
        found = retrieve(self._index, query, meant, results, for_model=False)
        decision = decide(self._index, query, meant, found, self._trials, self._settings)
        return _Answered(decision, build_request(self._index, query, meant, decision))

    def add(self, question: str, language: str, one: _Answered, *, right: bool, yes: bool) -> None:
        whole, first = one.decision.whole, one.decision.first
        assert first is not None  # noqa: S101 - no passages were given
        near = self._index.prepared(question, language)
        values = features(whole.found, whole.ranked, near)
        single = len(one.request.parts) == 1 and one.request.quotable and not first.lacks
        row = [values[name] for name in self._names]
        self._rows.append((row, right, yes, single, first.prepared))

    def told(self) -> Told:
        return Told(*map(np.array, zip(*self._rows, strict=True)))


def told_of(
    asked: Sequence[Question], index: Index, settings: Settings, names: Sequence[str] = FEATURES
) -> Told:
    """Answers as the assistant gives them, without a model."""
    rows = _Rows(index, settings, names)
    for question in asked:
        one = rows.ask(question.question, question.language)
        if one.decision.whole.ranked:
            blocks = choose(one.request)
            said = [text for b in blocks for text in readings(b.passage, b.units, one.request)]
            right = question.answerable and question.facts_in(fold(" ".join(said)))
            rows.add(
                question.question, question.language, one, right=right, yes=question.answerable
            )
    return rows.told()


def over_documents(folders: Sequence[Path], settings: Settings) -> Told:
    """What is decided on the questions to choose by, over an index of their documents."""
    there = files(folders)
    own = {name: one for name, one in sources().items() if one.part == "choose" and name in there}
    place = settings.data_dir / "choose"
    place.mkdir(parents=True, exist_ok=True)
    for name in own:
        shutil.copyfile(there[name], place / there[name].name)
    index = open_index(prepare([place], settings))
    asked: list[tuple[Located, str]] = []
    texts: dict[tuple[str, str], int] = {}
    for name, source in own.items():
        document = Document(there[name], local_embedder())
        asked += ((one, name) for one in located(source, document))
        texts |= {(name, one.text): number for number, one in enumerate(document.passages)}
    keys = {(one.document.key, one.text) for one in index.passages()}
    names = {key: name for key, text in keys for name in own if (name, text) in texts}
    random.Random(0).shuffle(asked)  # noqa: S311 - a lot, no secret
    rows = _Rows(index, settings, FEATURES)
    for one, name in asked[:_MOST]:
        answered = rows.ask(one.asked.question, one.asked.language)
        whole = answered.decision.whole
        if whole.ranked:
            first = whole.ranked[0]
            passage = whole.found[first.passage].passage
            at = names.get(passage.document.key)
            places = {(texts.get((at or "", passage.text), -1), n) for n in first.statement.units}
            right = at == name and not places.isdisjoint(_right(one))
            rows.add(
                one.asked.question, one.asked.language, answered,
                right=right, yes=bool(one.answers),
            )  # fmt: skip
    return rows.told()


def _right(one: Located) -> set[Place]:
    return {way[0] for way in one.answers}


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
