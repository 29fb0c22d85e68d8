"""Fits the weights that rank passages; writes them into the embedder's profile
(vectorstore/embeddings.py).

    python -m research.fitting.fit_ranking --xquad DIR

DIR has `xquad.en.json` and `xquad.de.json`. Training data are the questions about their even
articles (English, German, and German questions over English paragraphs), and the questions in this
folder that name the sections that answer them, over the index in use and one-language versions of
it. Prints hit@1 and MRR of each set, by six-fold cross-validation over articles or questions.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.command_line import CommandLine, option
from eval.dataset import Outline, Question
from research.fitting.linear import group_of, run
from research.fitting.logit import Asked
from research.public import PublicSet
from research.public.index import document_of
from vectorstore.embeddings import LOOK
from vectorstore.search import FEATURES, Candidate
from vectorstore.store import Index

_PROGRAM = "python -m research.fitting.fit_ranking"
app = CommandLine()


@app.command()
def main(xquad: Path = option(..., "DIR", "Folder with xquad.en.json.")) -> None:
    """Fits the weights and writes them."""
    run(
        xquad,
        program=_PROGRAM,
        section="ranking",
        features=FEATURES[:-1],  # `asked` is fitted by fit_asked.py
        from_xquad=_xquad,
        from_briefs=from_briefs,
    )


def _xquad(public: PublicSet, index: Index) -> list[Asked]:
    group = group_of(public)
    found = []
    for question in public.questions:
        evidence = index.snapshot().evidence(question.text, LOOK, language=public.question_language)
        names = [document_of(public, one.scored.passage).id for one in evidence]
        right = [name in question.relevant for name in names]
        found.append(_asked(evidence, right, group[next(iter(question.relevant))]))
    return found


def from_briefs(questions: Sequence[Question], index: Index) -> list[Asked]:
    """Examples from questions about the briefs."""
    outline = Outline.of(index.passages())
    found = []
    for number, question in enumerate(questions):
        sections = outline.relevant_sections(question)
        if sections and not question.history:
            evidence = index.snapshot().evidence(
                question.question, LOOK, language=question.language
            )
            passages = [one.scored.passage for one in evidence]
            right = [(passage.document.id, passage.section) in sections for passage in passages]
            found.append(_asked(evidence, right, number))
    return found


def _asked(evidence: Sequence[Candidate], right: Sequence[bool], group: int) -> Asked:
    rows = [[one.features[name] for name in FEATURES] for one in evidence]
    return Asked(np.array(rows), np.array(right, dtype=bool), group)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
