"""Fits the weights by which passages are ranked and writes `vectorstore/ranking.json`.

    python -m eval.fitting.ranking --xquad DIR

DIR has `xquad.en.json` and `xquad.de.json`. Fitted on the questions about their even articles
(English, German, and German questions over English paragraphs) and on those of the questions in
this folder that name the sections that answer them, asked of the index in use. A conditional
logit over the first passages of each question (McFadden 1974; "softmax" or listwise ranking, Cao
et al. 2007), each set with the same say. Prints, for each set, hit@1 and MRR of weights fitted on
the other articles or questions (six folds).
"""

import argparse
import datetime
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from core.errors import StrategiewijzerError
from core.settings import Settings
from eval.dataset import load as load_questions
from eval.metrics import reciprocal_rank
from eval.outline import Outline
from eval.public import PublicSet, build_index, halves, load
from eval.public.index import document_of
from vectorstore.ranking import FEATURES, LOOK, WEIGHTS
from vectorstore.search import Evidence
from vectorstore.store import open_index

_FOLDS = 6
_PENALTY = 1e-3  # on standardised features
_PAIRS = (("en", "en"), ("de", "de"), ("en", "de"))  # languages of paragraphs and of questions
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """One question: features (passages, features), which passages are right, and its group.

    Questions of one group go into the same fold.
    """

    values: Array
    right: NDArray[np.bool_]
    group: int


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.ranking")
    parser.add_argument("--xquad", type=Path, required=True, metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        settings = Settings()
        sets = {
            f"xquad {asked} over {paragraphs}, even articles": _xquad(
                options.xquad, paragraphs, asked, settings
            )
            for paragraphs, asked in _PAIRS
        }
        sets["briefs"] = _briefs(settings)
    except StrategiewijzerError as error:
        Console(stderr=True).print(error, markup=False)
        return 1
    console = Console()
    for name, (hit, mrr) in cross_validated(sets).items():
        console.print(f"{name}: hit@1 {hit:.4f}, MRR {mrr:.4f} ({len(sets[name])} questions)")
    weights = fit(sets.values())
    made = {
        "made_by": "python -m eval.fitting.ranking",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "fitted_on": {name: len(asked) for name, asked in sets.items()},
        "weights": dict(zip(FEATURES, (round(float(w), 2) for w in weights), strict=True)),
    }
    WEIGHTS.write_text(json.dumps(made, indent=2) + "\n", "utf-8")
    console.print(made["weights"])
    return 0


def fit(sets: Iterable[Sequence[Asked]]) -> Array:
    """Weights under which the right passages are likeliest, in Newton's manner; (features,).

    Questions whose right passage is not among those looked at say nothing and are left out.
    """
    told = [[one for one in asked if one.right.any() and not one.right.all()] for asked in sets]
    told = [asked for asked in told if asked]
    scale = np.mean([np.mean([one.values.std(0) for one in asked], axis=0) for asked in told], 0)
    scale[scale == 0] = 1.0
    weights = np.zeros(len(scale))
    for _ in range(30):
        gradient, curvature = -_PENALTY * weights, _PENALTY * np.eye(len(weights))
        for asked in told:
            for one in asked:
                values = one.values / scale
                chance = _softmax(values @ weights)
                among_right = chance * one.right / (chance @ one.right)
                mean, right = chance @ values, among_right @ values
                gradient += (right - mean) / len(asked)
                # The curvature of the convex part: with several right passages the whole has none.
                curvature += (values.T @ (values * chance[:, None]) - np.outer(mean, mean)) / len(
                    asked
                )
        weights += np.linalg.solve(curvature, gradient)
    return np.asarray(weights / scale)


def cross_validated(sets: Mapping[str, Sequence[Asked]]) -> dict[str, tuple[float, float]]:
    """hit@1 and MRR of each set, each question judged by weights fitted without its fold."""
    ranks: dict[str, list[float]] = {name: [] for name in sets}
    for fold in range(_FOLDS):
        weights = fit([[o for o in asked if o.group % _FOLDS != fold] for asked in sets.values()])
        for name, asked in sets.items():
            for one in asked:
                if one.group % _FOLDS == fold:
                    order = np.argsort(-(one.values @ weights), kind="stable")
                    ranks[name].append(reciprocal_rank([bool(one.right[n]) for n in order]))
    return {
        name: (float(np.mean([r == 1 for r in of_set])), float(np.mean(of_set)))
        for name, of_set in ranks.items()
    }


def _xquad(folder: Path, paragraphs: str, asked: str, settings: Settings) -> list[Asked]:
    questions_from = None if asked == paragraphs else folder / f"xquad.{asked}.json"
    public = load("xquad", folder / f"xquad.{paragraphs}.json", None, questions_from)
    index = build_index(public, settings)
    fitting, _ = halves(public)
    article = _articles(fitting)
    found = []
    for question in fitting.questions:
        evidence = index.evidence(question.text, LOOK, language=asked)
        names = [document_of(public, one.scored.passage).id for one in evidence]
        right = [name in question.relevant for name in names]
        found.append(_asked(evidence, right, article[next(iter(question.relevant))] // 2))
    return found


def _articles(public: PublicSet) -> dict[str, int]:
    return {document.id: document.article for document in public.documents}


def _briefs(settings: Settings) -> list[Asked]:
    index = open_index(settings)
    outline = Outline.of(index.passages())
    found = []
    for number, question in enumerate(load_questions(Path(__file__).parent)):
        sections = outline.relevant_sections(question)
        if sections and not question.history:
            evidence = index.evidence(question.question, LOOK, language=question.language)
            passages = [one.scored.passage for one in evidence]
            right = [(passage.document.id, passage.section) in sections for passage in passages]
            found.append(_asked(evidence, right, number))
    return found


def _asked(evidence: Sequence[Evidence], right: Sequence[bool], group: int) -> Asked:
    rows = [[one.features[name] for name in FEATURES] for one in evidence]
    return Asked(np.array(rows), np.array(right, dtype=bool), group)


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


if __name__ == "__main__":
    sys.exit(main())
