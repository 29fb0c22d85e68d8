"""Threads of our own, which the end of the process never cuts off in the middle of their work.

The interpreter cuts off daemon threads when it ends. One that comes back from native code
(onnxruntime, sentencepiece, Chroma, pydantic) then aborts the process: exit code 134, although its
work was done. One that waits for a socket or a lock is cut off without harm.
"""

import atexit
import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import cache, update_wrapper
from typing import Generic, TypeVar

_PATIENCE = 1.0  # seconds for threads to stop; a model's server may be silent for much longer


def begin(work: Callable[[], object], name: str, stop: threading.Event | None = None) -> None:
    """Starts a thread that does some work.

    The end of the process waits for it: without `stop` until the work is done, which has to be
    short; else it sets `stop`, and waits for a second at most.

    Args:
        work: what to do, in a copy of the context of this call.
        name: of the thread.
        stop: once it is set, the work ends as soon as it waits for nothing else.
    """
    run = contextvars.copy_context().run
    thread = _Thread(target=run, args=(_done, work), name=name, daemon=stop is not None)
    thread.stop = stop
    thread.start()


def _done(work: Callable[[], object]) -> None:
    try:
        work()
    except RuntimeError:
        if threading.main_thread().is_alive():
            raise
        # The process ends, and no more threads are to be had: nobody waits for the work any more.


class _Thread(threading.Thread):
    stop: threading.Event | None


@atexit.register
def _stop_all() -> None:
    running = [one for one in threading.enumerate() if isinstance(one, _Thread)]
    for thread in running:
        if thread.stop is not None:
            thread.stop.set()
    ends = time.monotonic() + _PATIENCE
    for thread in running:
        thread.join(max(0.0, ends - time.monotonic()))


_T = TypeVar("_T")


class once(Generic[_T]):  # noqa: N801 - a decorator
    """Calls a function without arguments once, also when several threads need its result at once:
    `functools.cache` then calls it for each. `cache_clear` forgets the result."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._making = threading.Lock()
        self._made = cache(make)
        self.cache_clear = self._made.cache_clear
        update_wrapper(self, make)

    def __call__(self) -> _T:
        with self._making:
            return self._made()


# Reads an iterator in a background thread.


_AHEAD = 100  # items kept for a slow reader; then whatever makes them waits: memory is bounded
_GLANCE = 0.1  # seconds: how soon an end is noticed, and somebody else's wish; hardly felt


def in_background(items: Iterator[_T]) -> Generator[_T | None, None, None]:
    """The same items, which a thread reads; None whenever none has come for a moment.

    A server may say nothing for a minute, which must not keep a reader from looking at a clock or
    a button. The thread ends at its next item once nobody reads.

    Raises:
        Exception: raised by `items`, after what came before.
    """
    arrived: queue.Queue[_T | Exception | None] = queue.Queue(_AHEAD)
    left = threading.Event()

    def take(item: _T | Exception | None) -> None:
        while not left.is_set():
            with contextlib.suppress(queue.Full):
                return arrived.put(item, timeout=_GLANCE)

    pump(items, take, left)
    try:
        while True:
            try:
                item = arrived.get(timeout=_GLANCE)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        left.set()


def pump(
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
