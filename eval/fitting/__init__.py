"""Fits what is chosen from data, on questions that are never part of a reported figure."""

from pathlib import Path

from eval.dataset import Question, load

QUESTIONS = Path(__file__).parent


def questions() -> tuple[Question, ...]:
    """The questions to fit the confidence on: those in this folder that are not held out."""
    return tuple(question for question in load(QUESTIONS) if not question.held_out)


def is_wide(question: Question) -> bool:
    """Whether it is of wide.yaml, which was written the way other people ask."""
    return question.id.startswith("wide-")
