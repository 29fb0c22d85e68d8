"""What a person or a program sees of a run while it is busy."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from core.files import printable
from ingest.commands import print_json
from ingest.publishing.ingest_run import Embedded, Event, FileDone, Planned, Published, Tell
from ingest.publishing.plan import Plan

_EVERY = 5.0  # seconds between two lines that only say how far a run is; more bury the others


@contextmanager
def progress(*, as_json: bool, console: Console | None = None) -> Iterator[Tell]:
    """A listener for the events of a run: JSON lines on standard output, else on standard error a
    bar in a terminal, and lines for a log elsewhere."""
    console = console or Console(stderr=True)
    if as_json:
        yield _json_lines()
    elif console.is_terminal:
        with _bars(console) as shown:
            yield _on(shown)
    else:
        yield _log_lines()


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal; yields a function that takes how many are
    done and how many there are."""
    with _bars(Console(stderr=True)) as shown:
        task = shown.add_task(label, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _bars(console: Console) -> Progress:
    """Bars with how many are done, and the time left; nothing where it is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _on(bars: Progress) -> Tell:
    """A bar for each thing that takes long."""
    tasks: dict[str, TaskID] = {}

    def tell(event: Event) -> None:
        if isinstance(event, FileDone | Embedded):
            what = _counted(event)
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=event.done, total=event.total)

    return tell


def _json_lines() -> Tell:
    """Every event as a line of JSON; of those that only count, one in a while and the last."""
    is_due = _pace()

    def tell(event: Event) -> None:
        if not isinstance(event, Embedded) or is_due(event):
            print_json(event.model_dump(mode="json"))

    return tell


def _log_lines() -> Tell:
    """Lines with the time."""
    is_due = _pace()

    def say(text: str) -> None:
        print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)

    def tell(event: Event) -> None:
        if isinstance(event, FileDone) and event.event == "failed":
            say(f"Not taken: {event.reason}")
        if isinstance(event, FileDone | Embedded) and is_due(event):
            say(f"{_counted(event)}: {event.done} of {event.total}")
        elif isinstance(event, Planned):
            counts = (f"{len(getattr(event.plan, name))} {name}" for name in Plan.model_fields)
            say(f"{', '.join(counts)}; {event.to_embed} passages to embed")
        elif isinstance(event, Published):
            say(f"Generation {printable(event.generation)} is in use")

    return tell


def _pace() -> Callable[[FileDone | Embedded], bool]:
    """Says when it is time for another line: the first, the last, or some seconds after another."""
    last = -math.inf

    def is_due(event: FileDone | Embedded) -> bool:
        nonlocal last
        now = time.monotonic()
        if event.done < event.total and now - last < _EVERY:
            return False
        last = now
        return True

    return is_due


def _counted(event: FileDone | Embedded) -> str:
    """What an event counts."""
    if isinstance(event, FileDone):
        return "Reading files"
    return "Embedding passages" if event.what == "passages" else "Embedding prepared questions"
