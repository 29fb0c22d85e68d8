"""HTTP with a model's server, within limits: what it sends is as untrusted as what a model says."""

import time
from collections.abc import Iterator

import httpx

from core.errors import ModelError

_LARGEST = 16  # megabytes of a response: streamed, some 50,000 tokens


def client() -> httpx.Client:
    """A client with proxies from the environment, of which no response is larger than `_LARGEST`,
    packed, or longer on its way than the time-out of its request.

    What it raises of these is a `ModelError`, also as the cause of an error of OpenAI's client.
    """
    return httpx.Client(
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_bound]},
        follow_redirects=True,
    )


def _bound(response: httpx.Response) -> None:
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        # A few kilobytes can be packed gigabytes.
        raise ModelError(
            "The model's server compresses its replies although it is asked not to. Have it, or "
            "the proxy before it, send them as they are.",
            "protocol",
        )
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - of a client like this
    seconds = response.request.extensions.get("timeout", {}).get("read")
    response.stream = _Bounded(response.stream, seconds)


class _Bounded(httpx.SyncByteStream):
    """A response's body. Time counts from its beginning: a server can keep a connection alive for
    ever without saying anything."""

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
