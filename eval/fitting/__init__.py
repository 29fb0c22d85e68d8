"""Fits what is chosen from data, on questions that are never part of a reported figure."""

from pathlib import Path

QUESTIONS = Path(__file__).parent
