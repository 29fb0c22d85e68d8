"""What is done with each answer: its audit record, and a count of what was asked."""

import logging
from collections.abc import Callable

from core.answer import Answer
from core.errors import StrategiewijzerError, kind_and_place
from core.settings import Settings
from userdata.asked_questions import note
from userdata.audit import keep

logger = logging.getLogger(__name__)


def after_answers(settings: Settings) -> Callable[[Answer, str], None] | None:
    """The function to which `Assistant` gives each answer and who asked; None where nothing is
    kept.

    What it raises means that the answer has no audit record, and must not be shown. A question that
    could not be noted costs nobody the answer.
    """
    notes = settings.keep_questions > 0
    if not settings.audit and not notes:
        return None

    def after(answer: Answer, by: str) -> None:
        if settings.audit:
            keep(settings, answer, by)
        try:
            if notes:
                note(settings, answer, by)
        except StrategiewijzerError as error:  # says nothing of the question
            logger.warning("What was asked is not counted. %s", error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader has an answer
            logger.warning("What was asked is not counted: %s", kind_and_place(error))

    return after
