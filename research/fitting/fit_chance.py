"""Fits the chance that the first statement answers (chain/reading/confidence.py); writes the
weights into the embedder's profile (vectorstore/embeddings.py), and draws `docs/chance.svg`.

    python -m research.fitting.fit_chance --documents DIR --xquad DIR

Three grounds: the bundled summaries (the questions of this folder that stand alone), the official
documents of tests/replies/documents/documents.csv (DIR has the files; the questions are in
`documents/`), and the paragraphs of XQuAD (DIR has `xquad.en.json` and `xquad.de.json`; even
articles). A statement is right if what an answer would show has all facts of the question; readers
who did not know how it was made agree with that (kappa 0.94, docs/decisions/0015). For each ground
prints what weights fitted on the other two give: the share of the answerable questions at a chance,
and the share right of these. The weights are then fitted on all three, which count alike.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from chain.answer.section_questions import Probes
from chain.answerability import build_request, decide
from chain.reading.confidence import FEATURES, features
from chain.reading.relevance import rank
from chain.request import Query
from chain.retrieve import retrieve
from chain.understanding.meaning import Interpretation
from chain.writing.extractive import choose, readings
from core.command_line import CommandLine, option
from core.settings import ROOT, Settings
from eval.dataset import Question, fingerprints, load, prepare
from language.matching import fold
from research.fitting import QUESTIONS, questions
from research.fitting.curve import chance_curve
from research.fitting.fitted_numbers import write
from research.fitting.logistic import Array, fit, probability
from research.public import build_index, halves
from research.public import load as load_public
from research.public.tasks import right_units
from vectorstore.store import Index, open_index

CURVE = ROOT / "docs" / "chance.svg"
_PENALTY = 10.0  # on standardised features
_THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


class Ground(NamedTuple):
    """Questions over one kind of text: features of the first statement, shape (n, features),
    whether it is right, whether the sources answer, whether one thing is asked that it does not
    lack, and whether a prepared question is close, shape (n,)."""

    values: Array
    right: NDArray[np.bool_]
    answerable: NDArray[np.bool_]
    single: NDArray[np.bool_]
    close: NDArray[np.bool_]

    def among(self, chosen: NDArray[np.bool_]) -> "Ground":
        return Ground(
            self.values[chosen],
            self.right[chosen],
            self.answerable[chosen],
            self.single[chosen],
            self.close[chosen],
        )


app = CommandLine()


@app.command()
def main(
    documents: Path = option(..., "DIR", "Official documents."),
    xquad: Path = option(..., "DIR", "Folder with xquad.en.json."),
) -> None:
    """Fits the chance that the first statement answers."""
    console = Console()
    settings = Settings()
    index = open_index(without_prepared(settings))
    alone = [one for one in questions() if not one.history and not one.conversation]
    official = load(QUESTIONS / "documents")
    own = prepare([documents], settings)
    grounds = {
        "summaries": asked_of(alone, index, settings),
        "official documents": asked_of(official, open_index(own), own),
        "XQuAD": _paragraphs(xquad, settings),
    }
    curves = {}
    for name, ground in grounds.items():
        others = [one for other, one in grounds.items() if other != name]
        said = probability(ground.values[:, : len(FEATURES)], fitted(others))
        curves[name] = (said, ground.right)
        console.print(
            f"{name}: {len(said)} questions, fitted on the other two", *table(said, ground)
        )
    CURVE.write_text(chance_curve(curves), "utf-8")
    found = [round(float(weight), 3) for weight in fitted(list(grounds.values()))]
    weights = dict(zip(("intercept", *FEATURES), found, strict=True))
    write(
        index.embedder.fingerprint,
        "chance",
        weights,
        "python -m research.fitting.fit_chance",
        fitted_on={name: len(one.right) for name, one in grounds.items()},
        questions=fingerprints({"questions": QUESTIONS / "documents"}),
    )
    console.print(weights)


def fitted(grounds: Sequence[Ground], columns: int = len(FEATURES)) -> Array:
    """Weights (intercept first) of a model over the first columns, in which all grounds count
    alike."""
    outcome = np.concatenate([one.right for one in grounds]).astype(float)
    total = len(outcome) / len(grounds)
    counts = np.concatenate([np.full(len(one.right), total / len(one.right)) for one in grounds])
    values = np.concatenate([one.values[:, :columns] for one in grounds])
    return fit(values, outcome, _PENALTY, counts)


def table(said: Array, ground: Ground) -> Iterator[str]:
    for threshold in _THRESHOLDS:
        told = said >= threshold
        share = (told & ground.answerable).sum() / ground.answerable.sum()
        right = f"{ground.right[told].mean():.2f}" if told.any() else "-"
        yield f"\n  from {threshold:.2f}: {share:.2f} of the answerable, {right} right"


def without_prepared(settings: Settings) -> Settings:
    """Settings of an index of the same source texts that has no prepared questions."""
    folder = settings.data_dir / "without-prepared"
    shutil.rmtree(folder, ignore_errors=True)
    for place in settings.corpus_dirs:
        if place.is_dir():
            leave_out = shutil.ignore_patterns("*.questions.*")
            shutil.copytree(place, folder / place.name, ignore=leave_out)
    return prepare([folder], settings)


def asked_of(asked: Sequence[Question], index: Index, settings: Settings) -> Ground:
    """Answers as the assistant gives them, without a model."""
    trials, snapshot = Probes(settings), index.snapshot()
    rows, right, answerable, single, close = [], [], [], [], []
    for one in asked:
        query, meant = Query(one.question, one.language), Interpretation(one.question)
        found = retrieve(snapshot, query, meant, settings.results, for_model=False)
        decision = decide(snapshot, query, meant, found, trials, settings)
        ranked = decision.whole.ranked
        if not ranked:
            continue
        request = build_request(snapshot, query, meant, decision)
        near = snapshot.prepared(one.question, one.language)
        blocks = choose(request)
        shown = [text for one in blocks for text in readings(one.passage, one.units, request)]
        rows.append(features(one.question, one.language, found, ranked, near, snapshot))
        right.append(one.answerable and one.facts_in(fold(" ".join(shown))))
        answerable.append(one.answerable)
        first = decision.first
        assert first is not None  # noqa: S101 - no passages were given
        single.append(len(request.parts) == 1 and request.quotable and not first.lacks)
        close.append(first.prepared)
    return Ground(*map(np.array, (rows, right, answerable, single, close)))


def _paragraphs(folder: Path, settings: Settings) -> Ground:
    rows, right = [], []
    for language in ("en", "de"):
        others = None if language == "en" else folder / f"xquad.{language}.json"
        public = halves(load_public("xquad", folder / "xquad.en.json", None, others))[0]
        index = build_index(public, settings)
        snapshot = index.snapshot()
        for question in public.questions:
            found = snapshot.search(question.text, settings.results, language)
            ranked = rank(question.text, language, found, snapshot.profile)
            if not ranked:
                continue
            first = ranked[0]
            rows.append(features(question.text, language, found, ranked, (), snapshot))
            units = {(first.passage, number) for number in first.statement.units}
            right.append(not units.isdisjoint(right_units(public, question, found)))
    yes = np.ones(len(right), dtype=bool)
    return Ground(np.array(rows), np.array(right), yes, yes, ~yes)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], "python -m research.fitting.fit_chance"))
