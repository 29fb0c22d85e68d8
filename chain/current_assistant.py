"""Gives the assistant that goes by the current settings, one for all of a process."""

import threading
from typing import NamedTuple

from chain.assistant import Assistant
from chain.recording import Keeping
from core.settings import Settings, current
from core.settings_at_start import AT_START, changed


class _Made(NamedTuple):
    settings: Settings
    assistant: Assistant


class CurrentAssistant:
    """Called, it gives the assistant, made anew when a setting has changed; safe to share between
    threads.

    The index stays open, unless it is to be opened in another way. An answer under way ends with
    the assistant that it began with.

    Args:
        keeping: what is done with each answer.
        trial: as of `Assistant`.

    Raises:
        StrategiewijzerError: when called, as `Assistant`; the next call tries again.
    """

    def __init__(self, keeping: Keeping, *, trial: bool = False) -> None:
        self._keeping = keeping
        self._trial = trial
        self._lock = threading.Lock()
        self._made: _Made | None = None

    def __call__(self) -> Assistant:
        made = self._made
        if made is None or made.settings != current():
            with self._lock:  # only one thread makes it, and an index is opened once
                made = self._made = self._of(current())
        return made.assistant

    def _of(self, settings: Settings) -> _Made:
        made, index = self._made, None
        if made is not None:
            if made.settings == settings:  # another thread was first
                return made
            if not changed(made.settings, settings, AT_START):
                index = made.assistant.index
        after = self._keeping(settings, trial=self._trial)
        return _Made(settings, Assistant(settings, trial=self._trial, after=after, index=index))
