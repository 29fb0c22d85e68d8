"""Fits the weights that rank passages; writes them into the embedder's profile
(vectorstore/embeddings.py).

    python -m research.fitting.fit_ranking DIR ... --xquad FOLDER --out FOLDER

Every set of questions counts alike: those over the documents of the part `choose` of the grounds
(docs/grounds.md; DIR has them, `--out` keeps their index), in the language of their document and in
another; those about the even articles of XQuAD (`--xquad` has `xquad.en.json` and `xquad.de.json`;
English, German, and German questions over English paragraphs); and those in this folder that name
the sections that answer them, over the index in use and two with each brief in one language. Prints
hit@1 and MRR of each set, by six-fold cross-validation over documents, articles or questions.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import typer
from rich.console import Console

from chain.retrieve import FOUND
from core.command_line import CommandLine, option
from core.settings import Settings
from eval.corpora import prepare
from eval.dataset import Question
from eval.labels import Outline
from ingest.reading.files import find
from ingest.reading.load import load as load_document
from research.fitting import questions
from research.fitting.fitted_numbers import write
from research.fitting.logit import Asked, cross_validated, fit
from research.reader.shown import asked_of
from research.xquad import XQuAD, build_index, even_articles, load, paragraph_of
from vectorstore.generation import document_key
from vectorstore.profile import LOOK
from vectorstore.search import RANKING_FEATURES, Candidate
from vectorstore.store import Index, open_index

_PROGRAM = "python -m research.fitting.fit_ranking"
_FITTED = RANKING_FEATURES[:-1]  # `asked` keeps its weight (decision 4)
_PAIRS = (("en", "en"), ("de", "de"), ("en", "de"))  # languages of paragraphs and of questions

app = CommandLine()


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
        made = _over_paragraphs(even_articles(paragraphs), build_index(paragraphs, settings))
        sets[f"xquad {asked_in} over {language}, even articles"] = made
    index = open_index(settings)
    sets["briefs"] = from_briefs(questions(), index)
    for turn, mixed in enumerate(_each_in_one_language(settings), start=1):
        sets[f"briefs, each in one language, turn {turn}"] = from_briefs(questions(), mixed)
    sets = {
        name: [question.only(len(_FITTED)) for question in examples]
        for name, examples in sets.items()
    }
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
        evidence = index.snapshot().evidence(question.text, LOOK, language=xquad.asked_in)
        paragraphs = [paragraph_of(candidate.scored.passage) for candidate in evidence]
        right = [paragraph == question.paragraph for paragraph in paragraphs]
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
    rows = [[candidate.features[name] for name in RANKING_FEATURES] for candidate in evidence]
    return Asked(np.array(rows), np.array(right, dtype=bool), group)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
