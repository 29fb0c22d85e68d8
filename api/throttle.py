"""How often a key may ask, and strangers may try: counted in this process, forgotten with it."""

import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.problem import ApiError
from core.api_error import NO_KEY

_TRIES = 20  # wrong keys a minute: programs with a stale one, none that tries them


class Throttle:
    """Counts the requests of keys, and the wrong keys of all strangers together.

    Strangers are not told apart by address: behind a proxy everybody has its address, and what a
    request says of it (X-Forwarded-For) anybody on this machine can make up. They keep nobody out
    who has a key, since only what was looked up and is wrong counts.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wrong(self) -> None:
        """Counts a wrong key.

        Raises:
            ApiError: too many were wrong in the last minute.
        """
        told = f"{NO_KEY} Too many wrong keys came in the last minute: wait before the next try."
        self._count(RateLimitItemPerMinute(_TRIES), "wrong", "", told)

    def asked(self, key: str, per_minute: int) -> None:
        """Counts a request of a key (id).

        Raises:
            ApiError: it made too many in the last minute.
        """
        told = (
            f"This key may make {per_minute} requests a minute. Wait as long as Retry-After "
            "says; whoever runs this service can raise api_requests_per_minute."
        )
        self._count(RateLimitItemPerMinute(per_minute), "key", key, told)

    def _count(self, allowed: RateLimitItem, kind: str, who: str, told: str) -> None:
        if self._limiter.hit(allowed, kind, who):
            return
        left = self._limiter.get_window_stats(allowed, kind, who).reset_time - time.time()
        wait = {"Retry-After": str(max(1, round(left + 0.5)))}
        raise ApiError(429, told, "rate_limit_exceeded", headers=wait)
