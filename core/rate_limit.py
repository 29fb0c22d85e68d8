"""Attempts that may be made in a minute, counted in the memory of this process."""

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class AttemptLimit:
    """So many attempts in any minute, counted apart for each name."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may_try(self, per_minute: int, *name: str) -> bool:
        """Whether another attempt is allowed; it is not counted."""
        return self._limiter.test(RateLimitItemPerMinute(per_minute), *name)

    def count(self, per_minute: int, *name: str) -> int:
        """Counts an attempt, unless it is not allowed; returns the seconds (1 or more) to wait
        before one is, 0 if this was."""
        allowed = RateLimitItemPerMinute(per_minute)
        if self._limiter.hit(allowed, *name):
            return 0
        left = self._limiter.get_window_stats(allowed, *name).reset_time - time.time()
        return max(1, round(left + 0.5))
