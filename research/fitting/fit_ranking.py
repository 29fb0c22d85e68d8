"""Fits the weights that rank passages; writes them into the embedder's profile.

    python -m research.fitting.fit_ranking DIR ... --xquad FOLDER --out FOLDER

Every set of questions counts alike: those over the documents of the part `choose` of the grounds
(docs/grounds.md; DIR has them, `--out` keeps their index), in the language of their document and in
another; those about the even articles of XQuAD (`--xquad` has `xquad.en.json` and `xquad.de.json`;
English, German, and German questions over English paragraphs); and those in this folder that name
the sections that answer them, over the index in use and two with each brief in one language. Prints
hit@1 and MRR of each set, by six-fold cross-validation over documents, articles or questions.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from chain.retrieve import FOUND
from core.command_line import CommandLine, option
from core.settings import Settings
from eval.corpora import prepare
from eval.dataset import Question
from eval.labels import Outline
from eval.metrics import reciprocal_rank
from ingest.reading.files import find
from ingest.reading.load import load as load_document
from research.fitting import questions, write
from research.fitting.logistic import Array
from research.reader.shown import asked_of
from research.xquad import XQuAD, build_index, load, paragraph_id
from vectorstore.generation import document_key
from vectorstore.profile import LOOK
from vectorstore.search import Candidate
from vectorstore.store import Index, open_index

_PROGRAM = "python -m research.fitting.fit_ranking"
# `asked` keeps its weight (decision 4).
_FITTED = ("words", "letters", "unit", "passage", "across")
_PAIRS = (("en", "en"), ("de", "de"), ("en", "de"))  # languages of paragraphs and of questions
_FOLDS = 6
_PENALTY = 1e-3  # on standardised features

app = CommandLine()


@dataclass(frozen=True)
class Asked:
    """One question."""

    values: Array  # features, shape (candidates, features)
    right: NDArray[np.bool_]  # which candidates are right, shape (candidates,)
    group: int  # questions of one group go into the same fold


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    xquad: Path = option(..., "FOLDER", "Has xquad.en.json."),
    out: Path = option(..., "FOLDER", "The index of the documents is kept here."),
) -> None:
    """Fits the weights and writes them."""
    settings = Settings()
    sets = _over_documents(folders, settings.model_copy(update={"data_dir": out}))
    for language, asked_in in _PAIRS:
        paragraphs = load(xquad, language, asked_in)
        made = _over_paragraphs(paragraphs, build_index(paragraphs, settings))
        sets[f"xquad {asked_in} over {language}, even articles"] = made
    index = open_index(settings)
    sets["briefs"] = from_briefs(questions(), index)
    for turn, mixed in enumerate(_each_in_one_language(settings), start=1):
        sets[f"briefs, each in one language, turn {turn}"] = from_briefs(questions(), mixed)
    console = Console()
    for name, (hit, mrr) in cross_validated(sets).items():
        console.print(f"{name}: hit@1 {hit:.4f}, MRR {mrr:.4f} ({len(sets[name])} questions)")
    fitted_on = {name: len(examples) for name, examples in sets.items()}
    weights = dict(zip(_FITTED, (round(float(w), 2) for w in fit(sets.values())), strict=True))
    write(index.embedder.fingerprint, "ranking", weights, _PROGRAM, fitted_on=fitted_on)
    console.print(weights)


def _over_documents(folders: Sequence[Path], settings: Settings) -> dict[str, list[Asked]]:
    kept, labelled = asked_of("choose", folders, settings)
    index, groups = open_index(kept).snapshot(), dict[str, int]()
    sets: dict[str, list[Asked]] = {"documents, own language": [], "documents, across": []}
    for question in labelled:
        if not question.units:
            continue
        name = "own language" if question.own_language else "across"
        label, passages = question.labelled, question.passages
        evidence = index.evidence(label.question, FOUND, language=label.language)
        right = [found.scored.passage.id in passages for found in evidence]
        group = groups.setdefault(document_key(min(passages)), len(groups))
        sets[f"documents, {name}"].append(_asked(evidence, right, group))
    return sets


def _over_paragraphs(xquad: XQuAD, index: Index) -> list[Asked]:
    found = []
    for question in xquad.questions:
        if question.article % 2:  # figures are about these
            continue
        evidence = index.snapshot().evidence(question.text, LOOK, language=xquad.asked_in)
        documents = [candidate.scored.passage.document.id for candidate in evidence]
        right = [document == paragraph_id(question.paragraph) for document in documents]
        found.append(_asked(evidence, right, question.article // 2))  # no article is in two folds
    return found


def from_briefs(questions: Sequence[Question], index: Index) -> list[Asked]:
    """Examples from questions about the briefs."""
    outline = Outline.of(index.snapshot().passages())
    found = []
    for number, question in enumerate(questions):
        sections = outline.relevant_sections(question)
        if sections and not question.history:
            snapshot, language = index.snapshot(), question.language
            evidence = snapshot.evidence(question.question, LOOK, language=language)
            passages = [candidate.scored.passage for candidate in evidence]
            right = [(passage.document.id, passage.section) in sections for passage in passages]
            found.append(_asked(evidence, right, number))
    return found


def _each_in_one_language(settings: Settings) -> list[Index]:
    """Two indexes of the source texts in use with each document in one language, as official texts
    mostly are: languages alternate between documents, in the second the other way round.

    If every document had a version in the question's language, weights across languages could not
    be fitted.
    """
    versions: dict[str, dict[str, Path]] = {}
    for path in find(settings.corpus_dirs).files:
        document = load_document(path)
        versions.setdefault(document.id, {})[document.language] = path
    ordered = [[of[language] for language in sorted(of)] for _, of in sorted(versions.items())]
    return [
        open_index(
            prepare([of[(place + turn) % len(of)] for place, of in enumerate(ordered)], settings)
        )
        for turn in (0, 1)
    ]


def _asked(evidence: Sequence[Candidate], right: Sequence[bool], group: int) -> Asked:
    rows = [[candidate.features[name] for name in _FITTED] for candidate in evidence]
    return Asked(np.array(rows), np.array(right, dtype=bool), group)


def fit(sets: Iterable[Sequence[Asked]]) -> Array:
    """Maximum-likelihood weights, shape (features,), of a conditional logit over the candidates of
    each question, in which each set counts alike.

    McFadden 1974; listwise ("softmax") ranking, Cao et al. 2007. Newton's method, with each step
    halved until it lowers the loss. Questions with no right candidate, or only right ones, are left
    out.
    """
    kept = [
        [example for example in examples if example.right.any() and not example.right.all()]
        for examples in sets
    ]
    kept = [examples for examples in kept if examples]
    scale = np.mean(
        [np.mean([example.values.std(0) for example in examples], axis=0) for examples in kept], 0
    )
    scale[scale == 0] = 1.0
    weights = np.zeros(len(scale))
    loss, gradient, curvature = _look(kept, scale, weights)
    for _ in range(30):
        step = np.linalg.solve(curvature, gradient)
        while True:
            further = _look(kept, scale, weights + step)
            if further[0] <= loss or np.abs(step).max() < 1e-6:
                break
            step = step / 2
        weights, (loss, gradient, curvature) = weights + step, further
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(weights / scale)


def _look(
    kept: Sequence[Sequence[Asked]], scale: Array, weights: Array
) -> tuple[float, Array, Array]:
    """Loss at these weights, its negative gradient, and the Hessian of its convex part.

    With several right candidates the loss as a whole may not be convex.
    """
    loss = _PENALTY * float(weights @ weights) / 2
    gradient, curvature = -_PENALTY * weights, _PENALTY * np.eye(len(weights))
    for examples in kept:
        for example in examples:
            values = example.values / scale
            scores = values @ weights
            chance = np.exp(scores - scores.max())
            chance /= chance.sum()
            right = max(float(chance @ example.right), 1e-300)
            mean, wanted = chance @ values, (chance * example.right) @ values / right
            loss -= float(np.log(right)) / len(examples)
            gradient = gradient + (wanted - mean) / len(examples)
            spread = values.T @ (values * chance[:, None]) - np.outer(mean, mean)
            curvature = curvature + spread / len(examples)
    return loss, gradient, curvature


def cross_validated(sets: Mapping[str, Sequence[Asked]]) -> dict[str, tuple[float, float]]:
    """hit@1 and MRR of each set, with weights fitted without the question's fold."""
    ranks: dict[str, list[float]] = {name: [] for name in sets}
    for fold in range(_FOLDS):
        weights = fit(
            [[o for o in examples if o.group % _FOLDS != fold] for examples in sets.values()]
        )
        for name, examples in sets.items():
            for example in examples:
                if example.group % _FOLDS == fold:
                    order = np.argsort(-(example.values @ weights), kind="stable")
                    ranks[name].append(reciprocal_rank([bool(example.right[n]) for n in order]))
    return {
        name: (float(np.mean([r == 1 for r in of_set])), float(np.mean(of_set)))
        for name, of_set in ranks.items()
    }


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
