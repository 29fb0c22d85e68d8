"""Puts each answer on record before anybody sees it, where the setting `audit` asks for that."""

from collections.abc import Callable, Iterator

from core.answer import Answer
from core.errors import SettingsError
from core.event import Event, Finished, Stage
from core.settings import Settings

After = Callable[[Answer, str], None]
"""What is done with a finished answer before it is told; the text is who asked."""


def recorder(settings: Settings, after: After | None) -> After | None:
    """What records answers.

    Raises:
        SettingsError: the audit record is on, and nothing is given that keeps it.
    """
    if settings.audit and after is None:
        raise SettingsError(
            "The audit record is on (STRATEGIEWIJZER_AUDIT), and this command cannot keep it. "
            "Ask with: ./strategiewijzer ask"
        )
    return after


def recorded(events: Iterator[Event], after: After | None, by: str) -> Iterator[Event]:
    """The events; with `after` all text is held back until that has had the answer.

    What `after` raises ends them, so that nothing is shown that is not on record, also when a
    reader stops halfway.
    """
    held: list[Event] = []
    for event in events:
        if after is None or isinstance(event, Stage):
            yield event
            continue
        held.append(event)
        if isinstance(event, Finished):
            after(event.answer, by)
    yield from held
