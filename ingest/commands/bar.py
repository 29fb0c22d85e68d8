"""A progress bar on standard error, where that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from ingest.commands.progress import bars
from ingest.publishing import build


@contextmanager
def bar(label: str) -> Iterator[build.Progress]:
    """Yields what is to be called with how many passages are done and how many there are."""
    with bars(Console(stderr=True)) as shown:
        task = shown.add_task(label, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
