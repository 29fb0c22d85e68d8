"""HTTP client for a model's server, with limits of size, time and origin: it is not trusted."""

import time
from collections.abc import Iterator

import httpx

from core.errors import ModelError
from core.one_origin import one_origin

_LARGEST = 16  # megabytes, some 50,000 tokens streamed; an endless response would fill memory


def client() -> httpx.Client:
    """HTTP client that takes proxies from the environment.

    Reading a response raises `ModelError` (or an error of OpenAI's client caused by it) if the
    response is larger than `_LARGEST`, compressed, takes longer than the request's time-out, or
    redirects to another origin.
    """
    within_origin = one_origin("The model's server", "OPENAI_BASE_URL")
    return httpx.Client(
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [within_origin, _bound]},
        follow_redirects=True,
    )


def _bound(response: httpx.Response) -> None:
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        # A decompression bomb: a few kilobytes can unpack to gigabytes.
        raise ModelError(
            "The model's server compresses its replies although it is asked not to. Have it, or "
            "the proxy before it, send them as they are.",
            "protocol",
        )
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - the client is sync
    seconds = response.request.extensions.get("timeout", {}).get("read")
    response.stream = _Bounded(response.stream, seconds)


class _Bounded(httpx.SyncByteStream):
    """A response's body, limited in size and in total time: a read time-out alone would let a
    server keep a connection open for ever."""

    def __init__(self, stream: httpx.SyncByteStream, seconds: float | None) -> None:
        self._stream = stream
        self._deadline = time.monotonic() + seconds if seconds else None

    def __iter__(self) -> Iterator[bytes]:
        left = _LARGEST * 1_000_000
        for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise ModelError(
                    f"The model's server sends more than {_LARGEST} megabytes for one reply.",
                    "protocol",
                )
            if self._deadline is not None and time.monotonic() > self._deadline:
                raise ModelError(
                    "The model's server does not end its reply. Set "
                    "STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
                    "slow",
                )
            yield chunk

    def close(self) -> None:
        self._stream.close()
