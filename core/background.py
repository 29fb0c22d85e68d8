"""Threads of our own, and the end of the process, which never cuts them off in native code.

The interpreter cuts off daemon threads when it ends. One that comes back from native code
(onnxruntime, sentencepiece, Chroma, pydantic) then aborts the process: exit code 134, although its
work was done. One that waits for a socket or a lock is cut off without harm. So all daemon threads
are begun here, and a command whose threads do not stop ends without the interpreter's own end.
"""

import atexit
import contextlib
import contextvars
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import cache, update_wrapper
from typing import Generic, NoReturn, TypeVar

INTERRUPTED = 130
"""Exit code by the custom of shells: 128 + SIGINT, which is 2."""

_PATIENCE = 1.0  # seconds for threads to stop; a model's server may be silent for much longer
_AHEAD = 100  # items kept for a slow reader; then whatever makes them waits: memory is bounded
_GLANCE = 0.1  # seconds: how soon an end is noticed, and somebody else's wish; hardly felt
_T = TypeVar("_T")
_code: int | None = None  # with which this process ends


def quiet_start() -> None:
    """Has Ctrl-C end this process at once and without a word, but in `interruptible`: a
    KeyboardInterrupt in an import prints a traceback, or becomes another error."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, _end_at_once)


def _end_at_once(*_: object) -> None:
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Meanwhile Ctrl-C is a KeyboardInterrupt, also after `quiet_start`."""
    before = signal.getsignal(signal.SIGINT)
    if before is not _end_at_once:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end(code: int) -> NoReturn:
    """Ends this process, also while a thread of ours does not stop."""
    global _code
    _code = code
    sys.exit(code)


def begin(
    work: Callable[[], object], name: str, stop: threading.Event | None = None
) -> threading.Thread:
    """Starts a thread that does some work in a copy of the context of this call, and returns it.

    The end of the process waits for it: without `stop` until the work is done, which has to be
    short; else it sets `stop`, at which the work ends as soon as it waits for nothing else, and
    waits for a second at most.
    """
    run = contextvars.copy_context().run
    thread = _Thread(target=run, args=(_done, work), name=name, daemon=stop is not None)
    thread.stop = stop
    thread.start()
    return thread


def _done(work: Callable[[], object]) -> None:
    try:
        work()
    except RuntimeError:
        if threading.main_thread().is_alive():
            raise
        # The process ends, and no more threads are to be had: nobody waits for the work any more.


class _Thread(threading.Thread):
    stop: threading.Event | None


def _running() -> list[_Thread]:
    return [thread for thread in threading.enumerate() if isinstance(thread, _Thread)]


@atexit.register
def _stop_all() -> None:
    for thread in _running():
        if thread.stop is not None:
            thread.stop.set()
    ends = time.monotonic() + _PATIENCE
    for thread in _running():
        with contextlib.suppress(RuntimeError):  # Ctrl-C came while it was being started
            thread.join(max(0.0, ends - time.monotonic()))
    if _code is not None and _running():
        os._exit(_code)  # what it printed is written


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


def in_background(items: Iterator[_T]) -> Generator[_T | None, None, None]:
    """The same items, which a thread reads; None whenever none has come for a moment.

    A server may say nothing for a minute, which must not keep a reader from looking at a clock or a
    button. The thread ends at its next item once nobody reads. Raises Exception: raised by `items`,
    after what came before.
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
