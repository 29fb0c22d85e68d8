"""The assistant that goes by the current settings, one for all of a process."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from chain.assistant import AnswerHook, Assistant
from core.settings import AT_START, Settings, changed, current

HookFactory = Callable[[Settings], AnswerHook | None]
"""Gives what is done with each answer by these settings; None where nothing is."""


class _Current(NamedTuple):
    settings: Settings
    assistant: Assistant


class CurrentAssistant:
    """Called, it gives the assistant, made anew when a setting has changed; safe to share between
    threads.

    The index stays open, unless it is to be opened in another way. An answer under way ends with
    the assistant that it began with.

    Args:
        keeping: gives what keeps each answer.

    Raises:
        StrategiewijzerError: when called, as `Assistant`; the next call tries again.
    """

    def __init__(self, keeping: HookFactory) -> None:
        self._keeping = keeping
        self._lock = threading.Lock()
        self._made: _Current | None = None

    def __call__(self) -> Assistant:
        made = self._made
        if made is None or made.settings != current():
            with self._lock:  # only one thread makes it, and an index is opened once
                made = self._made = self._of(current())
        return made.assistant

    def _of(self, settings: Settings) -> _Current:
        made, index = self._made, None
        if made is not None:
            if made.settings == settings:  # another thread was first
                return made
            if not changed(made.settings, settings, AT_START):
                index = made.assistant.index
        after = self._keeping(settings)
        return _Current(settings, Assistant(settings, after=after, index=index))
