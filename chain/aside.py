"""Work in a thread of its own, of which the results come one by one."""

import contextvars
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def aside(
    items: Iterator[_T],
    take: Callable[[_T | Exception | None], None],
    abandoned: threading.Event | None = None,
) -> threading.Event:
    """Reads items in a thread of their own and hands over each as it comes, last what ended them:
    None or an error. The event that is given, or else made, once set ends the thread at the next
    item. A program that ends does not wait for the thread."""
    left = abandoned or threading.Event()

    def read() -> None:
        try:
            for item in items:
                if left.is_set():
                    return
                take(item)
            take(None)
        except Exception as error:  # noqa: BLE001 - told to whoever takes
            take(error)
        finally:
            if isinstance(items, Generator):
                items.close()  # hangs up, whoever else still knows of it

    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(read,), name="aside", daemon=True).start()
    return left
