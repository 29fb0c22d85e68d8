"""Fits what is chosen from data, on questions that are never part of a reported figure."""

from pathlib import Path

from eval.dataset import Question, load

QUESTIONS = Path(__file__).parent


def questions() -> tuple[Question, ...]:
    """The questions to fit on: those in this folder that are not held out to measure on."""
    return tuple(question for question in load(QUESTIONS) if not question.held_out)
