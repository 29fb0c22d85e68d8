"""The terminal: reports as it shows them, and a progress bar on standard error."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SUMMARY = re.compile(r"<summary>(.*)</summary>")


def show(markdown: str) -> None:
    """Prints a report. Nothing is folded in a terminal: what unfolds it becomes a title."""
    Console().print(Markdown(_SUMMARY.sub(r"\n**\1**\n", markdown)))


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """What is to be called for each of `total` that is done."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
