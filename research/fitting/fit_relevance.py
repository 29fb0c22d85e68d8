"""Fits the weights that rank sentences; writes them into the embedder's profile
(vectorstore/embeddings.py).

    python -m research.fitting.fit_relevance --xquad DIR

DIR has `xquad.en.json` and `xquad.de.json`. A unit of the retrieved passages is right if it
overlaps the gold answer (XQuAD, even articles), if a question in this folder names it, or if it is
in another language, in a section that the question names, and has one of its facts. Prints hit@1
and MRR of each set, by six-fold cross-validation over articles or questions.
"""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from chain.reading.relevance import FEATURES, features, places
from chain.understanding.meaning import standalone
from core.command_line import CommandLine, option
from core.settings import Settings
from core.source import Passage, ScoredPassage, Unit
from eval.dataset import Outline, Place, Question
from language.matching import fold, in_folded
from research.fitting.linear import group_of, run
from research.fitting.logit import Asked
from research.public import PublicSet
from research.public.tasks import right_units
from vectorstore.store import Index

_PROGRAM = "python -m research.fitting.fit_relevance"
app = CommandLine()


@app.command()
def main(xquad: Path = option(..., "DIR", "Folder with xquad.en.json.")) -> None:
    """Fits the weights and writes them."""
    run(
        xquad,
        program=_PROGRAM,
        section="relevance",
        features=FEATURES[:-1],  # `asked` is fitted by fit_asked.py
        from_xquad=_xquad,
        from_briefs=from_briefs,
    )


def _xquad(public: PublicSet, index: Index) -> list[Asked]:
    group, language = group_of(public), public.question_language
    asked = []
    for question in public.questions:
        found = index.search(question.text, _passages(), language=language)
        right = right_units(public, question, found)
        flags = [(index, number) in right for index, number, _ in places(found)]
        values = features(question.text, language, found)
        asked.append(Asked(values, np.array(flags), group[next(iter(question.relevant))]))
    return asked


def from_briefs(questions: Sequence[Question], index: Index) -> list[Asked]:
    """Examples from questions about the briefs."""
    asked, outline = [], Outline.of(index.passages())
    for number, question in enumerate(questions):
        sections = outline.relevant_sections(question)
        if question.answers or sections:
            asked_for = standalone(question.question, question.language, question.history)
            found = index.search(asked_for, _passages(), language=question.language)
            values = features(asked_for, question.language, found)
            asked.append(Asked(values, np.array(_right(question, found, sections)), number))
    return asked


def _right(
    question: Question, found: Sequence[ScoredPassage], sections: Collection[Place]
) -> list[bool]:
    """Whether each unit has one of the question's `answers`, or is an item of a list whose
    introduction has; or is in another language, in one of the sections, and has a fact."""
    wanted = [fold(answer) for answer in question.answers]

    def is_right(passage: Passage, unit: Unit) -> bool:
        spans = [(unit.start, unit.end), *([unit.lead_in] if unit.lead_in else ())]
        texts = [fold(passage.text[start:end]) for start, end in spans]
        if any(answer in text for answer in wanted for text in texts):
            return True
        return (
            passage.language != question.language
            and (passage.document.id, passage.section) in sections
            and any(in_folded(texts[0], said) for fact in question.facts for said in fact)
        )

    return [is_right(found[index].passage, unit) for index, _, unit in places(found)]


def _passages() -> int:
    return Settings().results


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
