"""Ctrl-C for the processes that a test starts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """What is started in this block ends on SIGINT.

    A process started in the background by a shell, as tests may be, ignores SIGINT, and so do all
    that it starts: being ignored is inherited, a handler is not.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
