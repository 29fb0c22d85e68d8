"""Hands each answer on to what keeps something of it: before anybody sees any of it, where the
setting `audit` asks for a record."""

from collections.abc import Callable, Iterator
from typing import Protocol

from core.answer import Answer
from core.errors import SettingsError
from core.event import Event, Finished, TextDelta
from core.settings import Settings

After = Callable[[Answer, str], None]
"""What is done with a finished answer before it is told; the text is who asked."""


class Keeping(Protocol):
    """What is done with each answer by these settings; None where nothing is.

    trial: maintainers try out what is not published yet.
    """

    def __call__(self, settings: Settings, *, trial: bool = False) -> After | None: ...


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


def recorded(
    events: Iterator[Event], after: After | None, by: str, *, holds: bool
) -> Iterator[Event]:
    """The events, of which `after` gets the answer before the last.

    Where it `holds`, all text is held back until then: what `after` raises ends the events, so
    nothing is shown that is not on record, also when a reader stops halfway.
    """
    held: list[Event] = []
    for event in events:
        if holds and isinstance(event, TextDelta):
            held.append(event)
            continue
        if isinstance(event, Finished):
            if after is not None:
                after(event.answer, by)
            yield from held
        yield event
