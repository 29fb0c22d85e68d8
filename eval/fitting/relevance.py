"""Fits the weights by which sentences are chosen and writes `chain/relevance.json`.

    python -m eval.fitting.relevance --xquad DIR

DIR has `xquad.en.json` and `xquad.de.json`. A unit of the passages found is right where it has a
part of the gold answer (XQuAD, even articles) or one of the facts of a question in this folder.
Prints, for each set, hit@1 and MRR of weights fitted on the other articles or questions (six
folds).
"""

import sys
from collections.abc import Sequence

import numpy as np

from chain.relevance import FEATURES, WEIGHTS, features, places
from core.matching import contains
from core.settings import Settings
from core.types import ScoredPassage
from eval.dataset import Question
from eval.fitting.linear import group_of, run
from eval.fitting.logit import Asked
from eval.public import PublicSet
from eval.public.tasks import right_units
from vectorstore.store import Index


def main(arguments: Sequence[str] | None = None) -> int:
    return run(
        arguments,
        program="python -m eval.fitting.relevance",
        weights=WEIGHTS,
        features=FEATURES,
        from_xquad=_xquad,
        from_briefs=_briefs,
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


def _briefs(questions: Sequence[Question], index: Index) -> list[Asked]:
    asked = []
    for number, question in enumerate(questions):
        if question.answerable and not question.history:
            found = index.search(question.question, _passages(), language=question.language)
            values = features(question.question, question.language, found)
            asked.append(Asked(values, np.array(_with_a_fact(question, found)), number))
    return asked


def _with_a_fact(question: Question, found: Sequence[ScoredPassage]) -> list[bool]:
    spellings = [spelling for fact in question.facts for spelling in fact]
    texts = (found[index].passage.text[unit.start : unit.end] for index, _, unit in places(found))
    return [any(contains(text, spelling) for spelling in spellings) for text in texts]


def _passages() -> int:
    return Settings().results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
