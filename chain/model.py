"""The configured language model: its client, its time limit, its errors."""

import contextvars
import queue
import threading
import time
from collections.abc import Iterator

import httpx
from langchain_openai import ChatOpenAI
from openai import APIStatusError, OpenAIError
from pydantic import SecretStr

from core.errors import ModelError
from core.settings import Settings

CONDENSE_SHARE = 0.1
"""The part of `answer_timeout` in which a follow-up is rewritten; the rest is for the answer."""

_NO_SCHEMA = frozenset({400, 415, 422, 501})  # how servers refuse a response format
# What langchain-openai lets through when a server answers in another form than the protocol's.
_NO_PROTOCOL = (ValueError, LookupError, TypeError, AttributeError)


class RequestRefusedError(ModelError):
    """The server refuses the form of the request; it may take another form."""


def chat_model(settings: Settings, max_tokens: int | None = None) -> ChatOpenAI:
    """A client of the OpenAI-compatible server of these settings, at temperature 0.

    It tries a failed request twice more with growing pauses; `within` bounds them all together.
    """
    return ChatOpenAI(
        model=settings.chat_model,
        base_url=settings.openai_base_url or None,
        api_key=SecretStr(settings.openai_api_key.get_secret_value() or "none"),
        temperature=0,
        timeout=settings.answer_timeout,
        max_retries=2,
        max_tokens=max_tokens,  # type: ignore[call-arg] # an alias that mypy does not see
        stream_usage=True,  # by default only OpenAI's own server is asked for token counts
    )


def within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a model's reply as they come, for so many seconds at most.

    They are read in a thread of their own: neither a server that falls silent nor a client that
    reads a stream to its end before closing it can hold up the answer. Whoever stops reading ends
    the thread at the next piece.

    Raises:
        RequestRefusedError: the server does not take requests of this form.
        ModelError: the time is up or the model failed; never with the text of the failure, which
            may repeat a key or an address.
    """
    arrived: queue.Queue[str | BaseException | None] = queue.Queue()
    abandoned = threading.Event()

    def read() -> None:
        try:
            for piece in pieces:
                if abandoned.is_set():
                    return
                arrived.put(piece)
            arrived.put(None)
        except Exception as error:  # noqa: BLE001 - told to the reader below
            arrived.put(error)

    threading.Thread(target=contextvars.copy_context().run, args=(read,), daemon=True).start()
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                piece = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise ModelError(f"The model took more than {seconds:g} seconds.") from None
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise _translated(piece) from None
            yield piece
    finally:
        abandoned.set()


def _translated(error: BaseException) -> BaseException:
    kind = type(error).__name__
    if isinstance(error, APIStatusError) and error.status_code in _NO_SCHEMA:
        return RequestRefusedError(f"The model's server refuses the request ({kind}).")
    if isinstance(error, OpenAIError | httpx.HTTPError | httpx.InvalidURL):
        return ModelError(f"The model did not answer ({kind}).")
    if isinstance(error, _NO_PROTOCOL):
        return ModelError(f"The model's server does not speak OpenAI's protocol ({kind}).")
    return error
