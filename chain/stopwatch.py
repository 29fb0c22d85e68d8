"""Measures an answer: seconds per stage, for the answer itself, the log and telemetry."""

import logging
import time
from collections.abc import Callable, Generator, Iterator

from core import telemetry
from core.answer import Answer, Event, Finished, Stage, TextDelta
from core.errors import kind_and_place

logger = logging.getLogger(__name__)


class Stopwatch:
    """Seconds per stage, in `laps`, and until the first sentence."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._running: list[tuple[str, float]] = []
        self.laps: dict[str, float] = {}
        self.question = telemetry.QuestionSpan()

    def begin(self, stage: str) -> None:
        """Ends the stage that runs, and begins another."""
        self.stop()
        self._open(stage)

    def stop(self) -> None:
        """Ends the stage that runs, if one does, with what runs inside of it."""
        while self._running:
            stage, began = self._running.pop()
            self.laps[stage] = time.perf_counter() - began
            self.question.end(stage, self.laps[stage])

    def to_first_sentence(self, events: Iterator[Event]) -> Iterator[Event]:
        """Passes events on; the first text is "first_sentence", from the start."""
        for event in events:
            if isinstance(event, TextDelta):
                self.laps.setdefault("first_sentence", time.perf_counter() - self._start)
            elif isinstance(event, Stage) and event.name == "checking":
                self._open("check")
            yield event

    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._start

    def _open(self, stage: str) -> None:
        self._running.append((stage, time.perf_counter()))
        self.question.begin(stage)


def measured(answer: Callable[[Stopwatch], Generator[Event, None, None]]) -> Iterator[Event]:
    """The events of an answer that measures its stages by the stopwatch that it is given."""
    watch = Stopwatch()
    events = answer(watch)
    finished: Answer | None = None
    failure: Exception | None = None
    try:
        while True:
            with watch.question.active():
                event = next(events, None)
            if event is None:
                return
            if isinstance(event, Finished):
                finished = event.answer
            yield event
    except Exception as error:
        failure = error
        raise
    finally:
        with watch.question.active():
            events.close()
            watch.stop()
        watch.question.ended(finished, failure)
        _log(watch, finished, failure)


def _log(watch: Stopwatch, finished: Answer | None, failure: Exception | None) -> None:
    """Logs a question by its figures, without anything that was asked or said."""
    fields: dict[str, object] = {"seconds": round(watch.seconds(), 3)}
    if finished is not None:
        fields |= {"kind": finished.kind, "mode": finished.mode, "language": finished.language}
        fields["generation"] = finished.generation
        if finished.trouble:
            fields["trouble"] = finished.trouble
    elif failure is not None:
        fields |= {"kind": "failed", "error": kind_and_place(failure)}
    else:
        fields["kind"] = "stopped"
    logger.info("A question ended", extra={"fields": fields})
