"""Work in a thread of its own, of which the results come one by one."""

import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def aside(items: Iterator[_T], take: Callable[[_T | Exception | None], None]) -> threading.Event:
    """Reads items in a thread of their own and hands over each as it comes, last what ended them:
    None or an error. The event that is returned, once set, ends the thread at the next item."""
    abandoned = threading.Event()

    def read() -> None:
        try:
            for item in items:
                if abandoned.is_set():
                    return
                take(item)
            take(None)
        except Exception as error:  # noqa: BLE001 - told to whoever takes
            take(error)

    threading.Thread(target=contextvars.copy_context().run, args=(read,), daemon=True).start()
    return abandoned
