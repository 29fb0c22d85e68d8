"""Turns approved answers into entries of a question set.

They measure whether what was approved is given again (memory), and nothing of how well answers are
found: a run reports them in the part "memory".
"""

from collections.abc import Collection
from pathlib import Path

from chain.understanding.asking import asks_for
from eval.dataset import Question, QuestionKind, load
from eval.feedback_questions import append
from ingest.reading.question_file import AskedQuestion, PreparedAnswer

FILE = "approved-answers.yaml"
_HEADER = """\
# Approved answers, added on the evaluation page. A run with them tells whether what was approved is
# given again (memory), not how well answers are found (skill). When an answer is changed or
# withdrawn, change or delete its entries here. The format is described in docs/evaluation.md.
"""
_KINDS: tuple[tuple[str, QuestionKind], ...] = (  # the first that a question asks for
    ("list", "list"), ("number", "number"), ("amount", "number"), ("date", "date"),
    ("name", "name"), ("reason", "why"),
)  # fmt: skip


def add(key: str, answer: PreparedAnswer, file: Path) -> int:
    """Adds an approved answer to a question set: an entry for its first question in each language.

    Args:
        key: of the document version that its units are in.
        answer: with its units in whole.
        file: of the set; made if it is not there.

    Returns:
        How many entries were added; those that are there stay as they are.

    Raises:
        QuestionSetError: the file is no question set, or cannot be written.
    """
    there = known(file)
    first = {one.language: one for one in reversed(answer.questions)}
    new = [_entry(key, answer, one) for one in first.values() if _id(one) not in there]
    if new:
        append(file, new, _HEADER)
    return len(new)


def is_in(answer: PreparedAnswer, there: Collection[str]) -> bool:
    """Whether one of its questions is among entries with these ids."""
    return any(_id(one) in there for one in answer.questions)


def known(file: Path) -> frozenset[str]:
    """The ids of the entries of a question set; none where there is no file.

    Raises:
        QuestionSetError: the file is no question set.
    """
    return frozenset(one.id for one in load(file)) if file.exists() else frozenset()


def _entry(key: str, answer: PreparedAnswer, asked: AskedQuestion) -> Question:
    wanted = asks_for(asked.text, asked.language)
    kind: QuestionKind = next((kind for asks, kind in _KINDS if asks in wanted), "definition")
    if not answer.units:
        kind = "unanswerable"
    approval = answer.approved
    return Question(
        id=_id(asked),
        question=asked.text,
        language=asked.language,
        answerable=bool(answer.units),
        kind=kind,
        facts=tuple((unit,) for unit in answer.units),
        answers=answer.units,
        documents=(key.rpartition(".")[0],),
        note=f"Approved by {approval.organisation} on {approval.on}." if approval else "",
    )


def _id(asked: AskedQuestion) -> str:
    return f"approved-{asked.id}"
