"""Fits the confidence and the chance that the first statement answers
(chain/reading/confidence.py); writes the weights into the embedder's profile
(vectorstore/embeddings.py).

    python -m research.fitting DIR ... --out FOLDER

Logistic regressions with an L2 penalty (Newton's method), on what is decided over four grounds
(`research/fitting/decided.py`; DIR has the documents, FOLDER keeps their indexes): is a question on
topic (all questions), do the sources answer it (those on topic), and is the first statement right.
The first is fitted on the summaries, about which the questions off topic were written; for the
second summaries and documents count alike. Prints, of the first two together, the area under the
ROC curve and the share refused at each threshold, by leave-one-out cross-validation; of the last,
for each ground what weights fitted on the other texts give.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import typer
from rich.console import Console

from chain.reading.confidence import CHANCE_FEATURES, IN_SOURCES, ON_TOPIC
from core.command_line import CommandLine, option
from core.settings import Settings
from eval.dataset import fingerprints
from research.fitting import QUESTIONS
from research.fitting.decided import Flags, Told, grounds
from research.fitting.fitted_numbers import write
from research.fitting.logistic import Array, area, fit, probability
from vectorstore.embeddings import make_embedder

_PENALTY = 1.0  # on standardised features
_OF_CHANCE = 10.0
_REFUSED = np.arange(0.1, 0.95, 0.05)
_GIVEN = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
_ASKED_ALONE = ("summaries", "documents")  # as is asked in practice, for the confidence
_PROGRAM = "python -m research.fitting"

app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "Their indexes are kept here."),
) -> None:
    """Fits the confidence and the chance that the first statement answers."""
    console = Console()
    decided = grounds(folders, out)
    fingerprint = make_embedder(Settings()).fingerprint
    _confidence({name: decided[name] for name in _ASKED_ALONE}, fingerprint, console)
    _chance(decided, fingerprint, console)


def _confidence(decided: Mapping[str, Told], embedder: str, console: Console) -> None:
    both = list(decided.values())
    near, inside, answerable, far = (
        np.concatenate([getattr(ground, name) for ground in both])
        for name in ("on_topic", "in_sources", "answerable", "far")
    )
    counts = _alike([len(ground.far) for ground in both])
    models: Mapping[str, tuple[Array, Sequence[str], Flags, Flags]] = {
        "on_topic": (near, ON_TOPIC, ~far, np.arange(len(far)) < len(both[0].far)),
        "in_sources": (inside, IN_SOURCES, answerable, ~far),
    }
    weights, left_out = {}, {}
    for model, (values, names, outcome, among) in models.items():
        wanted = outcome.astype(float)
        fitted = fit(values[among], wanted[among], _PENALTY, counts[among])
        weights[model] = _named(fitted, names, 4)
        left_out[model] = _left_out(values, wanted, among, counts)
    judged = left_out["on_topic"] * left_out["in_sources"]
    areas, begin = {}, 0
    for name, ground in decided.items():
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
    numbers = {name: len(ground.far) for name, ground in decided.items()}
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


def _chance(decided: Mapping[str, Told], embedder: str, console: Console) -> None:
    for name, ground in decided.items():
        kind = name.partition(",")[0]
        others = [of for other, of in decided.items() if other.partition(",")[0] != kind]
        chances = probability(ground.first, fitted(others))
        console.print(f"{name}: {len(chances)} questions, fitted on the others")
        for line in table(chances * ground.single, ground):
            console.print(line)
    weights = _named(fitted(list(decided.values())), CHANCE_FEATURES, 3)
    fitted_on = {name: len(decided_over.right) for name, decided_over in decided.items()}
    write(embedder, "chance", weights, _PROGRAM, fitted_on=fitted_on)
    console.print(weights)


def fitted(some: Sequence[Told]) -> Array:
    """Weights (intercept first) of a model in which every question counts once."""
    outcome = np.concatenate([ground.right for ground in some]).astype(float)
    return fit(np.concatenate([ground.first for ground in some]), outcome, _OF_CHANCE)


def table(chances: Array, ground: Told) -> Iterator[str]:
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


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
