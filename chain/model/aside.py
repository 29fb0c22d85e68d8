"""Reads an iterator in a background thread."""

import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from core.background import begin

_T = TypeVar("_T")


def aside(
    items: Iterator[_T],
    take: Callable[[_T | Exception | None], None],
    abandoned: threading.Event | None = None,
) -> threading.Event:
    """Reads items in a thread and passes each to `take`, then None or the error that ended them.
    Returns the event (`abandoned` if given) that stops the thread at the next item."""
    left = abandoned or threading.Event()

    def read() -> None:
        try:
            for item in items:
                if left.is_set():
                    return
                take(item)
            take(None)
        except Exception as error:  # noqa: BLE001 - passed to `take`
            take(error)
        finally:
            if isinstance(items, Generator):
                items.close()  # closes the connection even if a reference to it is left

    begin(read, "aside", left)
    return left
