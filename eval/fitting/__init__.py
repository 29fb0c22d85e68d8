"""Fits what is chosen from data, on questions that are never part of a reported figure."""

from pathlib import Path

from eval.dataset import Question, load

QUESTIONS = Path(__file__).parent
_FOR_CONFIDENCE = "wide-"  # what the ids of wide.yaml begin with


def questions() -> tuple[Question, ...]:
    """The questions to fit the confidence on: those in this folder that are not held out."""
    return tuple(question for question in load(QUESTIONS) if not question.held_out)


def questions_to_rank_for() -> tuple[Question, ...]:
    """Those that the order of passages and of sentences is fitted on: without wide.yaml's."""
    return tuple(q for q in questions() if not q.id.startswith(_FOR_CONFIDENCE))
