"""Attempts that may be made in a minute, counted in the memory of this process."""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class AttemptLimit:
    """So many attempts a minute of each person.

    Args:
        per_minute: attempts that are allowed.
    """

    def __init__(self, per_minute: int) -> None:
        self._allowed = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may_try(self, person: str) -> bool:
        """Whether another attempt is allowed; it is not counted."""
        return self._limiter.test(self._allowed, person)

    def count(self, person: str) -> None:
        """Counts an attempt."""
        self._limiter.hit(self._allowed, person)
