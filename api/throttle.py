"""How often a key may ask, and a stranger may try: counted in this process, forgotten with it."""

import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.problem import ApiError

_TRIES = 20  # wrong keys a minute from one address: a person with a stale key, no program trying
_KNOWN = 1000  # keys that worked and are remembered: more than an organisation has


class Throttle:
    """Counts the requests of keys and the failed attempts of addresses.

    Behind a proxy everybody has its address, so somebody who tries keys must not keep the others
    out: a key that worked before is looked up however many others failed.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._worked: set[str] = set()

    def admit_try(self, hash: str, address: str) -> None:
        """
        Raises:
            ApiError: too many keys from this address were wrong in the last minute.
        """
        tries = RateLimitItemPerMinute(_TRIES)
        if hash not in self._worked and not self._limiter.test(tries, "failed", address):
            raise self._too_many(
                tries, "failed", address, "Too many requests without a valid key. Wait a minute."
            )

    def failed(self, hash: str, address: str) -> None:
        self._worked.discard(hash)
        self._limiter.hit(RateLimitItemPerMinute(_TRIES), "failed", address)

    def worked(self, hash: str, key: str, per_minute: int) -> None:
        """Counts a request of a key (id).

        Raises:
            ApiError: it made too many in the last minute.
        """
        if len(self._worked) >= _KNOWN:
            self._worked.clear()
        self._worked.add(hash)
        allowed = RateLimitItemPerMinute(per_minute)
        if not self._limiter.hit(allowed, "key", key):
            raise self._too_many(
                allowed,
                "key",
                key,
                f"This key may make {per_minute} requests a minute. Wait as long as Retry-After "
                "says; whoever runs this service can raise api_requests_per_minute.",
            )

    def _too_many(self, item: RateLimitItem, kind: str, who: str, message: str) -> ApiError:
        left = self._limiter.get_window_stats(item, kind, who).reset_time - time.time()
        wait = {"Retry-After": str(max(1, round(left + 0.5)))}
        return ApiError(429, message, "rate_limit_exceeded", headers=wait)
