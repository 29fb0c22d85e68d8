"""Work of a test in threads: beside the event loop of the browser, or all of it at once."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")
_Given = TypeVar("_Given")


def apart(work: Coroutine[Any, Any, _T]) -> _T:
    """Runs it in a thread of its own: the browser of other tests has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def at_once(work: Callable[[_Given], _T], given: Iterable[_Given]) -> list[_T]:
    """What this gives for each, done in as many threads that begin together."""
    given = list(given)
    together = threading.Barrier(len(given))

    def begin(one: _Given) -> _T:
        together.wait()
        return work(one)

    with ThreadPoolExecutor(len(given)) as threads:
        return list(threads.map(begin, given))
