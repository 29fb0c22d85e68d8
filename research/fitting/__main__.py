"""Fits the confidence and the chance that the first statement answers
(chain/reading/confidence.py); writes the weights into the embedder's profile.

    python -m research.fitting DIR ... --out FOLDER    # the documents; where their indexes are kept

Logistic regressions on what is decided over four grounds: is a question on topic (all questions),
do the sources answer it (those on topic), and is the first statement right. The first is fitted on
the summaries, about which the questions off topic were written; for the second summaries and
documents count alike. Prints, of both together, the area under the ROC curve and the share refused
at each threshold, by leave-one-out cross-validation; of the last, for each ground what weights
fitted on the other texts give.

The grounds are the bundled summaries with and without their prepared questions, three official
documents with prepared questions, and the part `choose` of docs/grounds.md. The first three have
their questions in this folder; what they show is right if it has all facts of the question. Over
the last the first statement is right if it has the unit that answers most directly, so a neighbour
that says the same is wrong.
"""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from chain.answerability import Decision
from chain.reading.confidence import evidence, features
from chain.reading.quotables import reading
from chain.request import Request
from chain.understanding.follow_ups import standalone
from chain.writing.extractive import choose
from core.command_line import CommandLine, option
from core.settings import Settings
from eval.corpora import prepare
from eval.dataset import Question, fingerprints, load
from language.words import fold
from research.fitting import QUESTIONS, questions, write
from research.fitting.logistic import Array, area, fit, probability
from research.reader.shown import Asked, asked_of, decided
from vectorstore.embeddings import make_embedder
from vectorstore.store import open_index

_PREPARED = QUESTIONS / "documents" / "prepared"
_PENALTY = 1.0  # on standardised features
_OF_CHANCE = 10.0
_REFUSED = np.arange(0.1, 0.95, 0.05)
_GIVEN = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
_ASKED_ALONE = ("summaries", "documents")  # as is asked in practice, for the confidence
_PROGRAM = "python -m research.fitting"
_ON_TOPIC = ("unit", "everyday", "read")
_IN_SOURCES = ("read", "lacks")
_CHANCE_FEATURES = ("read", "ahead", "share", "asked", "rival")

Flags = NDArray[np.bool_]
_IsRight = Callable[[Decision, Request], bool]

app = CommandLine()


class Decisions(NamedTuple):
    """What was decided on questions over one kind of text; features: (questions, features)."""

    on_topic: Array  # features of the two models of the confidence
    in_sources: Array
    first: Array  # of the chance that the first statement answers
    right: Flags  # whether it is right
    answerable: Flags  # whether the sources answer
    far: Flags  # whether the question is far from the topic
    single: Flags  # whether one thing is asked, and the first statement lacks no detail


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "Their indexes are kept here."),
) -> None:
    """Fits the confidence and the chance that the first statement answers."""
    console = Console()
    by_ground = _grounds(folders, out)
    fingerprint = make_embedder(Settings()).fingerprint
    _confidence({name: by_ground[name] for name in _ASKED_ALONE}, fingerprint, console)
    _chance(by_ground, fingerprint, console)


def _confidence(by_ground: Mapping[str, Decisions], embedder: str, console: Console) -> None:
    both = list(by_ground.values())
    near, inside, answerable, far = (
        np.concatenate([getattr(ground, name) for ground in both])
        for name in ("on_topic", "in_sources", "answerable", "far")
    )
    counts = _alike([len(ground.far) for ground in both])
    models: Mapping[str, tuple[Array, Sequence[str], Flags, Flags]] = {
        "on_topic": (near, _ON_TOPIC, ~far, np.arange(len(far)) < len(both[0].far)),
        "in_sources": (inside, _IN_SOURCES, answerable, ~far),
    }
    weights, left_out = {}, {}
    for model, (values, names, outcome, among) in models.items():
        wanted = outcome.astype(float)
        fitted = fit(values[among], wanted[among], _PENALTY, counts[among])
        weights[model] = _named(fitted, names, 4)
        left_out[model] = _left_out(values, wanted, among, counts)
    judged = left_out["on_topic"] * left_out["in_sources"]
    areas, begin = {}, 0
    for name, ground in by_ground.items():
        own = slice(begin, begin := begin + len(ground.far))
        areas[name] = area(judged[own][ground.answerable], judged[own][~ground.answerable])
        kinds = {
            "off topic": ground.far,
            "near the topic, not in the sources": ~ground.answerable & ~ground.far,
            "answerable": ground.answerable,
        }
        groups = {group: judged[own][of] for group, of in kinds.items() if of.any()}
        console.print(f"{name}: {len(ground.far)} questions, AUC, leave one out: {areas[name]:.3f}")
        for threshold in _REFUSED:
            shares = (f"{(of < threshold).mean():.1%} {group}" for group, of in groups.items())
            console.print(f"  refuse below {threshold:.2f}: {', '.join(shares)}")
        chances = left_out["on_topic"][own]
        for limit in (0.1, 0.2, 0.3, 0.5):
            shares = (f"{(chances[of] < limit).mean():.1%} {group}" for group, of in kinds.items())
            console.print(f"  off topic below {limit}: {', '.join(shares)}")
    numbers = {name: len(ground.far) for name, ground in by_ground.items()}
    made = {"questions": fingerprints({"questions": QUESTIONS}), "fitted_on": numbers}
    write(embedder, "confidence", weights, _PROGRAM, **made, auc_leave_one_out=areas)


def _left_out(values: Array, outcome: Array, among: Flags, counts: Array) -> Array:
    """Leave-one-out probabilities: of each question by weights fitted on the others in `among`."""
    judged = []
    for number in range(len(values)):
        others = among & (np.arange(len(values)) != number)
        weights = fit(values[others], outcome[others], _PENALTY, counts[others])
        judged.append(probability(values[[number]], weights)[0])
    return np.array(judged)


def _alike(sizes: Sequence[int]) -> Array:
    """How much each row counts, so that all grounds count alike and a row once on average."""
    mean = sum(sizes) / len(sizes)
    return np.concatenate([np.full(size, mean / size) for size in sizes])


def _named(weights: Array, names: Sequence[str], digits: int) -> dict[str, float]:
    rounded = (round(float(weight), digits) for weight in weights)
    return dict(zip(("intercept", *names), rounded, strict=True))


def _chance(by_ground: Mapping[str, Decisions], embedder: str, console: Console) -> None:
    for name, ground in by_ground.items():
        kind = name.partition(",")[0]
        others = [of for other, of in by_ground.items() if other.partition(",")[0] != kind]
        chances = probability(ground.first, _fitted(others))
        console.print(f"{name}: {len(chances)} questions, fitted on the others")
        for line in _table(chances * ground.single, ground):
            console.print(line)
    weights = _named(_fitted(list(by_ground.values())), _CHANCE_FEATURES, 3)
    fitted_on = {name: len(ground.right) for name, ground in by_ground.items()}
    write(embedder, "chance", weights, _PROGRAM, fitted_on=fitted_on)
    console.print(weights)


def _fitted(some: Sequence[Decisions]) -> Array:
    """Weights (intercept first) of a model in which every question counts once."""
    outcome = np.concatenate([ground.right for ground in some]).astype(float)
    return fit(np.concatenate([ground.first for ground in some]), outcome, _OF_CHANCE)


def _table(chances: Array, ground: Decisions) -> Iterator[str]:
    """At each chance: of the answerable questions how many are answered, how many of the answers
    are right, and of the unanswerable ones how many are answered."""
    answerable = ground.answerable
    for threshold in _GIVEN:
        given = chances >= threshold
        share = (given & answerable).sum() / answerable.sum()
        right = f"{ground.right[given].mean():.2f}" if given.any() else "-"
        wrong = f"{given[~answerable].mean():.3f}" if not answerable.all() else "-"
        yield (
            f"  from {threshold:.2f}: {share:.2f} of the answerable, {right} right; "
            f"{wrong} of the unanswerable"
        )


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
                [values[name] for name in _ON_TOPIC],
                [values[name] for name in _IN_SOURCES],
                [first[name] for name in _CHANCE_FEATURES],
                yes and is_right(decision, request),
                yes,
                far,
                len(request.parts) == 1 and request.quotable and not decision.first.lacks,
            )
        )

    def gathered(self) -> Decisions:
        return Decisions(*map(np.array, zip(*self._rows, strict=True)))


def _grounds(folders: Sequence[Path], out: Path) -> Mapping[str, Decisions]:
    """What is decided over each ground, on questions over documents in these folders among them."""
    settings = Settings()
    elsewhere = settings.model_copy(update={"data_dir": out})
    alone = [question for question in questions() if not question.conversation]
    official = load(_PREPARED / "asked.yaml")
    return {
        "summaries": _over_facts(alone, settings),
        "summaries, nothing prepared": _over_facts(alone, _without_prepared(settings, out)),
        "official documents": _over_facts(official, _with_prepared(folders, elsewhere)),
        "documents": _over_documents(folders, elsewhere),
    }


def _over_facts(labelled: Iterable[Question], settings: Settings) -> Decisions:
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


def _over_documents(folders: Sequence[Path], settings: Settings) -> Decisions:
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
    for file in sorted(_PREPARED.glob("*.questions.yaml")):
        shutil.copy2(file, place)
        stem = file.name.removesuffix(".questions.yaml")
        shutil.copy(next(path for folder in folders for path in folder.glob(f"{stem}.*")), place)
    return prepare([place], settings)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
