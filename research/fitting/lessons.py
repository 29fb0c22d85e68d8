"""Training sentences of the verifier: true ones in any language, with false twins."""

from pathlib import Path

from core.frozen import Frozen
from eval.replies import Twin, entries

LESSONS = Path(__file__).with_name("replies")


class LessonSentence(Frozen):
    """A true sentence about a passage, in any language, and its false twins."""

    language: str
    text: str
    twins: tuple[Twin, ...]


class Lesson(Frozen):
    """Training sentences about one passage (its id)."""

    passage: str
    sentences: tuple[LessonSentence, ...]


def lessons(folder: Path = LESSONS) -> tuple[Lesson, ...]:
    """Reads the training sentences of the verifier.

    Raises:
        StrategiewijzerError: a file is malformed.
    """
    return tuple(entries(folder, Lesson))
