"""HTTP clients of servers that settings name: bounds of what these may send, and a circuit breaker,
which leaves a server alone for a while after a failure that lasts."""

import math
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from core.errors import ModelError
from core.files import MEGABYTE

_LARGEST = 16  # megabytes, some 50,000 tokens streamed; an endless response would fill memory
# Seconds. At first, a restarted server is soon in use again; at most, since every try makes a
# reader wait, but a server that is back must not be left alone for hours.
_PAUSES = (30.0, 600.0)


def bounded_client(
    server: str, setting: str, remedy: str = "See its log.", **more: Any
) -> httpx.Client:
    """HTTP client for the server whose address is in a setting, with proxies from the environment.

    Reading a response raises `ModelError` (or an error of OpenAI's client caused by it) if the
    response is larger than `_LARGEST`, compressed, takes longer than the request's time-out
    (`remedy` is against that), or redirects to another origin; then nothing was sent there.
    """

    def check(response: httpx.Response) -> None:
        _refuse_other_origin(response, server, setting)
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            # A decompression bomb: a few kilobytes can unpack to gigabytes.
            raise ModelError(
                f"{server} compresses its replies although it is asked not to. Have it, or the "
                "proxy before it, send them as they are.",
                "protocol",
            )
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - the client is sync
        seconds = response.request.extensions.get("timeout", {}).get("read")
        large = f"{server} sends more than {_LARGEST} megabytes for one reply."
        response.stream = _Bounded(
            response.stream,
            within_bounds(
                response.stream,
                size=_LARGEST * MEGABYTE,
                deadline=time.monotonic() + seconds if seconds else math.inf,
                too_large=ModelError(large, "protocol"),
                too_slow=ModelError(f"{server} does not end its reply. {remedy}", "slow"),
            ),
        )

    client = httpx.Client(event_hooks={"response": [check]}, follow_redirects=True, **more)
    client.headers["Accept-Encoding"] = "identity"
    return client


def within_bounds(
    pieces: Iterable[bytes],
    *,
    size: int,
    deadline: float,
    too_large: Exception,
    too_slow: Exception,
) -> Iterator[bytes]:
    """The pieces of a response's body up to a size in bytes and a moment (of time.monotonic()),
    then one of these errors: a read time-out alone would let a server send for ever."""
    for piece in pieces:
        size -= len(piece)
        if size < 0:
            raise too_large
        if time.monotonic() > deadline:
            raise too_slow
        yield piece


class _Bounded(httpx.SyncByteStream):
    """A response's body, of which bounded pieces are read."""

    def __init__(self, stream: httpx.SyncByteStream, pieces: Iterator[bytes]) -> None:
        self._stream, self._pieces = stream, pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._stream.close()


def _refuse_other_origin(response: httpx.Response, server: str, setting: str) -> None:
    if not response.has_redirect_location:
        return
    requested = response.request.url
    target = requested.join(response.headers["Location"])
    if _origin(target) != _origin(requested):
        # The origin only: a path or query may hold a secret.
        raise ModelError(
            f"{server} redirects to {_origin(target)}, which no setting names: nothing was sent "
            f"there. If questions may go there, set {setting} to its address; else see who "
            "answers at the present one.",
            "unreachable",
        )


def _origin(url: httpx.URL) -> str:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return f"{url.scheme}://{url.host}:{port}"


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
        """Looks whether a request may be made; reserves nothing, unlike `admit`. Raises ModelError:
        the pause after a failure lasts."""
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
        Raises ModelError: the model is left alone."""
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
