"""Measures the stages of an answer."""

import time
from collections.abc import Iterator

from core.event import Event, TextDelta


class Stopwatch:
    """Seconds per stage, in `laps`, and until the first sentence."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now

    def to_first_sentence(self, events: Iterator[Event]) -> Iterator[Event]:
        """Passes events on; the first text is "first_sentence", from the start."""
        for event in events:
            if isinstance(event, TextDelta):
                self.laps.setdefault("first_sentence", time.perf_counter() - self._start)
            yield event
