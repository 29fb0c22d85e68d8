"""Fits weights and classifiers, on questions that are never part of a reported figure."""

from pathlib import Path

from eval.dataset import Question, load

QUESTIONS = Path(__file__).parent


def questions() -> tuple[Question, ...]:
    """Questions to fit on: those in this folder that are not held out."""
    return tuple(question for question in load(QUESTIONS) if not question.held_out)
