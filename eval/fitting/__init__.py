"""Fits what is chosen from data, on questions that are never part of a reported figure."""

from pathlib import Path

from eval.dataset import Question, load

QUESTIONS = Path(__file__).parent


def questions() -> tuple[Question, ...]:
    """The questions to fit the confidence on: those in this folder that are not held out."""
    return tuple(question for question in load(QUESTIONS) if not question.held_out)


def questions_to_rank_for() -> tuple[Question, ...]:
    """Those that the order of passages and of sentences is fitted on: without wide.yaml's."""
    return tuple(question for question in questions() if not is_wide(question))


def is_wide(question: Question) -> bool:
    """Whether it is of wide.yaml, which was written the way other people ask."""
    return question.id.startswith("wide-")
