"""Circuit breaker: leaves a server alone for a while after a failure that lasts."""

import threading
import time

from core.errors import ModelError

# Seconds. At first, a restarted server is soon in use again; at most, since every try makes a
# reader wait, but a server that is back must not be left alone for hours.
_PAUSES = (30.0, 600.0)


class Breaker:
    """Circuit breaker. Each pause is twice as long as the last; after it one request tries while
    others wait.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: ModelError | None = None
        self._pause = 0.0
        self._opened = self._until = 0.0  # of time.monotonic()

    def check(self) -> None:
        """Looks whether a request may be made; reserves nothing, unlike `admit`.

        Raises:
            ModelError: the pause after a failure lasts.
        """
        left = self._until - time.monotonic()
        if self._first is not None and left > 0:
            raise ModelError(
                f"The model is not asked for {left:.0f} seconds more, since it failed: "
                f"{self._first}",
                "paused",
                self._first.first,
            )

    def admit(self) -> float:
        """Lets a request begin, and returns when. Until it ends, others wait after a failure.

        Raises:
            ModelError: the model is left alone.
        """
        with self._lock:
            self.check()
            now = time.monotonic()
            self._until = now + self._pause
            return now

    def failed(self, error: ModelError, started: float) -> None:
        """Records the lasting failure of a request that began at `started`; before the pause, it is
        the same failure, and does not lengthen that."""
        with self._lock:
            if self._first is None or started >= self._opened:  # else the same failure
                self._pause = min(max(2 * self._pause, _PAUSES[0]), _PAUSES[1])
                self._opened = time.monotonic()
                self._until = self._opened + self._pause
                self._first = error

    def broke_off(self, error: ModelError) -> None:
        """Records that a server was lost in mid-answer: the next request tries at once, and others
        wait for it."""
        with self._lock:
            if self._first is None:
                self._first, self._pause = error, _PAUSES[0] / 2
                self._opened = self._until = time.monotonic()

    def worked(self) -> None:
        with self._lock:
            self._first, self._pause = None, 0.0
