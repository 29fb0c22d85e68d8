"""What is decided on questions, in numbers to fit on: `python -m research.fitting`.

Four grounds: the bundled summaries with and without their prepared questions, three official
documents with prepared questions, and documents that the reader was not trained on (the part
`choose` of docs/grounds.md). The first three have their questions in this folder; what they show
is right if it has all facts of the question. Over the last the first statement is right if it has
the unit that answers most directly, so a neighbour that says the same is wrong.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.answerability import Decision
from chain.reading.confidence import CHANCE_FEATURES, IN_SOURCES, ON_TOPIC, evidence, features
from chain.reading.quotables import reading
from chain.request import Request
from chain.understanding.follow_ups import standalone
from chain.writing.extractive import choose
from core.settings import Settings
from eval.corpora import prepare
from eval.dataset import Question, load
from language.words import fold
from research.fitting import QUESTIONS, questions
from research.fitting.logistic import Array
from research.reader.shown import Asked, asked_of, decided
from vectorstore.store import open_index

PREPARED = QUESTIONS / "documents" / "prepared"

Flags = NDArray[np.bool_]
_IsRight = Callable[[Decision, Request], bool]


class Told(NamedTuple):
    """What was decided on questions over one kind of text.

    on_topic, in_sources, first: features of the two models of the confidence, and of the chance
        that the first statement answers; shape (questions, features).
    """

    on_topic: Array
    in_sources: Array
    first: Array
    right: Flags  # whether it is right
    answerable: Flags  # whether the sources answer
    far: Flags  # whether the question is far from the topic
    single: Flags  # whether one thing is asked, and the first statement lacks no detail


class _Rows:
    """Asks questions of an index, and gathers what was decided."""

    def __init__(self, settings: Settings) -> None:
        self._index, self._settings = open_index(settings).snapshot(), settings
        self._rows: list[tuple[object, ...]] = []

    def ask(
        self, question: str, language: str, is_right: _IsRight, *, yes: bool, far: bool = False
    ) -> None:
        index = self._index
        _, decision, request = decided(question, language, index, self._settings)
        if not decision.whole.ranked or decision.first is None:
            return
        values = evidence(decision.whole, index)
        first = features(decision.whole, decision.prepared)
        self._rows.append(
            (
                [values[name] for name in ON_TOPIC],
                [values[name] for name in IN_SOURCES],
                [first[name] for name in CHANCE_FEATURES],
                yes and is_right(decision, request),
                yes,
                far,
                len(request.parts) == 1 and request.quotable and not decision.first.lacks,
            )
        )

    def gathered(self) -> Told:
        return Told(*map(np.array, zip(*self._rows, strict=True)))


def grounds(folders: Sequence[Path], out: Path) -> Mapping[str, Told]:
    """What is decided over each ground.

    Args:
        folders: have the documents.
        out: keeps their indexes.
    """
    settings = Settings()
    elsewhere = settings.model_copy(update={"data_dir": out})
    alone = [question for question in questions() if not question.conversation]
    official = load(PREPARED / "asked.yaml")
    return {
        "summaries": _over_facts(alone, settings),
        "summaries, nothing prepared": _over_facts(alone, _without_prepared(settings, out)),
        "official documents": _over_facts(official, _with_prepared(folders, elsewhere)),
        "documents": _over_documents(folders, elsewhere),
    }


def _over_facts(labelled: Iterable[Question], settings: Settings) -> Told:
    rows = _Rows(settings)
    for label in labelled:
        question = standalone(label.question, label.language, label.history)
        is_far = label.challenge == "far-topic"
        rows.ask(question, label.language, _has_facts(label), yes=label.answerable, far=is_far)
    return rows.gathered()


def _has_facts(question: Question) -> _IsRight:
    def has_facts(_: Decision, request: Request) -> bool:
        texts = []
        for block in choose(request):
            passage = request.found[block.passage].passage
            texts += [reading(passage, passage.units[number]) for number in block.units]
        return question.facts_in(fold(" ".join(texts)))

    return has_facts


def _over_documents(folders: Sequence[Path], settings: Settings) -> Told:
    kept, labelled = asked_of("choose", folders, settings)
    rows = _Rows(kept)
    for asked in labelled:

        def answers(decision: Decision, _: Request, asked: Asked = asked) -> bool:
            return asked.is_answered(decision.whole.ranked[0], decision.whole.found)

        label = asked.labelled
        rows.ask(label.question, label.language, answers, yes=bool(asked.units))
    return rows.gathered()


def _without_prepared(settings: Settings, out: Path) -> Settings:
    """Settings of an index of the same source texts that has no prepared questions."""
    folder = out / "without-prepared"
    shutil.rmtree(folder, ignore_errors=True)
    for place in settings.corpus_dirs:
        if place.is_dir():
            leave_out = shutil.ignore_patterns("*.questions.*")
            shutil.copytree(place, folder / place.name, ignore=leave_out)
    return prepare([folder], settings)


def _with_prepared(folders: Sequence[Path], settings: Settings) -> Settings:
    """Settings of an index of the documents that have prepared questions in `documents/prepared`,
    with these."""
    place = settings.data_dir / "with-prepared"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for file in sorted(PREPARED.glob("*.questions.yaml")):
        shutil.copy2(file, place)
        stem = file.name.removesuffix(".questions.yaml")
        shutil.copy(next(path for folder in folders for path in folder.glob(f"{stem}.*")), place)
    return prepare([place], settings)
