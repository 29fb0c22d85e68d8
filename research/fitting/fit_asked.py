"""Fits what a near prepared question counts for; writes it into the embedder's profile
(vectorstore/embeddings.py).

    python -m research.fitting.fit_asked --documents DIR

1. In the order of passages: the weight `asked`, on the questions of this folder over the index in
   use, none of which is a prepared one. The other weights stay as they are, as they are fitted on
   texts that have no prepared questions too. The weight is taken under which what is right is
   likeliest.
2. In the chance that the first statement answers where a prepared question is close: the section
   `prepared`, on those questions and on `documents/prepared/asked.yaml`. The latter is about three
   official documents in DIR, whose prepared questions are beside it. For each of the two grounds
   prints what weights fitted on the other give, of what would be given as an answer.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from chain.reading.confidence import PREPARED_FEATURES
from core.command_line import CommandLine, option
from core.settings import Settings
from eval.dataset import Question, load, prepare
from research.fitting import QUESTIONS, fit_ranking, questions
from research.fitting.fit_chance import Told, fitted, table, told_of
from research.fitting.fitted_numbers import rewrite, write
from research.fitting.logistic import probability
from research.fitting.logit import Array, Asked
from vectorstore.search import FEATURES
from vectorstore.store import Index, open_index

PREPARED = QUESTIONS / "documents" / "prepared"
_WEIGHTS = tuple(np.arange(0.0, 16.1, 0.5))
_PROGRAM = "python -m research.fitting.fit_asked"


app = CommandLine()


@app.command()
def main(documents: Path = option(..., "DIR", "Official documents.")) -> None:
    """Fits how much a prepared question counts."""
    console = Console()
    settings = Settings()
    _order(questions(), open_index(settings), console)
    alone = [one for one in questions() if not one.history and not one.conversation]
    own = with_prepared(documents, settings)
    grounds = {
        "summaries": told_of(alone, open_index(settings), settings, PREPARED_FEATURES),
        "official documents": told_of(
            load(PREPARED / "asked.yaml"), open_index(own), own, PREPARED_FEATURES
        ),
    }
    _chance(grounds, open_index(settings).embedder.fingerprint, console)


def with_prepared(folder: Path, settings: Settings) -> Settings:
    """Settings of an index of those documents in a folder that have prepared questions in
    `documents/prepared`, with these."""
    place = settings.data_dir / "with-prepared"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for file in sorted(PREPARED.glob("*.questions.yaml")):
        shutil.copy2(file, place)
        stem = file.name.removesuffix(".questions.yaml")
        shutil.copy(next(folder.glob(f"{stem}.*")), place)
    return prepare([place], settings)


def _order(asked: Sequence[Question], index: Index, console: Console) -> None:
    profile = index.snapshot().profile
    examples = fit_ranking.from_briefs(asked, index)
    told = [one for one in examples if one.right.any() and not one.right.all()]
    best = (-np.inf, 0.0)
    for weight in _WEIGHTS:
        values = np.array([{**profile.ranking, "asked": weight}[name] for name in FEATURES])
        hit, likelihood = _figures(told, values)
        console.print(f"{weight:4.1f}: hit@1 {hit:.4f}, likelihood {likelihood:.4f}")
        best = max(best, (likelihood, float(weight)))
    rewrite(index.embedder.fingerprint, "ranking", asked=best[1])
    console.print(f"asked {best[1]}")


def _figures(examples: Sequence[Asked], weights: Array) -> tuple[float, float]:
    """hit@1, and the mean log-likelihood of what is right."""
    hits, likelihoods = [], []
    for one in examples:
        scores = one.values @ weights
        powers = np.exp(scores - scores.max())
        hits.append(bool(one.right[int(scores.argmax())]))
        likelihoods.append(float(np.log(max(powers[one.right].sum() / powers.sum(), 1e-300))))
    return float(np.mean(hits)), float(np.mean(likelihoods))


def _chance(grounds: Mapping[str, Told], embedder: str, console: Console) -> None:
    near = {name: one.among(one.close) for name, one in grounds.items()}
    for name, ground in near.items():
        others = [one for other, one in near.items() if other != name]
        whole = grounds[name]
        said = np.where(whole.single & whole.close, 1.0, 0.0)
        said *= probability(whole.values, fitted(others))
        shown = f"{name}: {len(ground.right)} of {len(whole.right)} questions have a close one"
        console.print(f"{shown}; fitted on the other", *table(said, whole))
    found = [round(float(weight), 3) for weight in fitted(list(near.values()))]
    weights = dict(zip(("intercept", *PREPARED_FEATURES), found, strict=True))
    fitted_on = {name: len(one.right) for name, one in near.items()}
    write(embedder, "prepared", weights, _PROGRAM, fitted_on=fitted_on)
    console.print(weights)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
