"""Waiting for a condition: the only place in the tests that sleeps, or that ends by a clock.

A test never asserts how long something took: other work on the machine would decide. It counts work
(requests, calls, pieces), or asks whether something ends at all. pytest-timeout (`pyproject.toml`)
ends what does not.
"""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

_T = TypeVar("_T")

PATIENCE = 120.0  # seconds, for a busy machine: only a test that fails waits that long
SILENT = 1e6  # seconds of a server's delay: it says nothing until it is closed
RUNS_ON = "import signal; signal.alarm(600); signal.pause()"  # a program that others have to end


def until(
    condition: Callable[[], _T],
    what: str,
    *,
    seconds: float = PATIENCE,
    told: Callable[[], object] = str,
) -> _T:
    """Waits until a condition holds, and returns what it gave.

    Fails the test after a time, and says what was waited for.

    Args:
        condition: asked again and again.
        what: is waited for, as in "the job has ended".
        seconds: when to give up.
        told: gives what helps to understand the failure, such as a log.
    """
    ends = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > ends:
            pytest.fail(f"Waited {seconds:g} seconds in vain until {what}.\n{told()}")
        time.sleep(0.01)
    return found


def listens(port: int) -> bool:
    """Whether a server takes connections on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
