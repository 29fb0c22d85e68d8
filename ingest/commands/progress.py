"""What a person or a program sees of a run while it is busy."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from core.files import printable
from ingest.commands import print_json
from ingest.publishing.ingest_run import Embedded, Event, FileDone, FilesFound, Planned, Tell
from ingest.publishing.plan import Plan

_EVERY = 5.0  # seconds between two lines that only say how far a run is; more bury the others

_READING = "Reading files"
_EMBEDDING = {"passages": "Embedding passages", "questions": "Embedding prepared questions"}


@contextmanager
def progress(*, as_json: bool, console: Console | None = None) -> Iterator[Tell]:
    """A listener for the events of a run: JSON lines on standard output, else on standard error a
    bar in a terminal, and lines for a log elsewhere."""
    console = console or Console(stderr=True)
    if as_json:
        yield JsonLines()
    elif console.is_terminal:
        with bars(console) as shown:
            yield Bars(shown)
    else:
        yield LogLines(partial(print, file=sys.stderr, flush=True))


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal; yields what is to be called with how many
    passages are done and how many there are."""
    with bars(Console(stderr=True)) as shown:
        task = shown.add_task(label, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


class JsonLines:
    """Every event as a line of JSON; of those that only count, one in a while and the last."""

    def __init__(self) -> None:
        self._pace = _Pace()

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Embedded) or self._pace.is_due(event.done, event.total):
            print_json(event.model_dump(mode="json"))


class LogLines:
    """Lines with the time, and for what takes long how fast it goes and how long it still takes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._pace = _Pace()

    def __call__(self, event: Event) -> None:
        if isinstance(event, FilesFound):
            self._say(f"{event.files} files found")
            self._pace = _Pace()
        elif isinstance(event, Planned):
            self._say(_planned(event))
            self._pace = _Pace()
        elif isinstance(event, FileDone | Embedded):
            if isinstance(event, FileDone) and event.event == "failed":
                self._say(f"Not taken: {event.reason}")
            if self._pace.is_due(event.done, event.total):
                pace = self._pace.remaining(event.done, event.total)
                self._say(f"{_counted(event)}: {event.done} of {event.total}{pace}")
        else:
            self._say(f"Generation {printable(event.generation)} is in use")

    def _say(self, text: str) -> None:
        self._write(f"{time.strftime('%H:%M:%S')} {text}")


class Bars:
    """A bar for each thing that takes long."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, FilesFound):
            self._show(_READING, 0, event.files)
        elif isinstance(event, FileDone | Embedded):
            self._show(_counted(event), event.done, event.total)

    def _show(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what)
        self._bars.update(self._tasks[what], completed=done, total=total)


def bars(console: Console) -> Progress:
    """Bars with how many are done, how fast, and the time left; nothing where it is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "")


class _Pace:
    """Says when it is time for another line, and how fast a count goes."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self._first = True

    def is_due(self, done: int, total: int) -> bool:
        """Whether the first, the last, or some seconds after the one before."""
        now = time.monotonic()
        if not (self._first or done == total or now - self._last >= _EVERY):
            return False
        self._first, self._last = False, now
        return True

    def remaining(self, done: int, total: int) -> str:
        """For example " (12.5/s, 1:40 left)"; nothing before there is something to go by."""
        spent = time.monotonic() - self._began
        if done < 2 or done == total or not spent:
            return ""
        minutes, seconds = divmod(round((total - done) * spent / done), 60)
        return f" ({done / spent:.1f}/s, {minutes}:{seconds:02} left)"


def _counted(event: FileDone | Embedded) -> str:
    """What an event counts."""
    return _EMBEDDING[event.what] if isinstance(event, Embedded) else _READING


def _planned(event: Planned) -> str:
    counts = (f"{len(getattr(event.plan, name))} {name}" for name in Plan.model_fields)
    return f"{', '.join(counts)}; {event.to_embed} passages to embed"
