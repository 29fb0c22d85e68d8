"""One reply of a language model: its pieces, within a time, and how it ended."""

import queue
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from chain.aside import aside
from chain.thoughts import without_thoughts
from core.errors import ModelError

_OUT_OF_TOKENS = frozenset({"length", "max_output_tokens"})


def within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a model's reply as they come, for so many seconds at most.

    They are read in a thread of their own: neither a server that falls silent nor a client that
    reads a stream to its end before closing it can hold up the answer. Whoever stops reading ends
    the thread at the next piece.

    Raises:
        ModelError: the time is up, or what the pieces raise.
    """
    arrived: queue.Queue[str | BaseException | None] = queue.Queue()
    abandoned = aside(pieces, arrived.put)
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                piece = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise ModelError(
                    f"The model gave no whole answer within {seconds:g} seconds. Set "
                    "STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
                    "slow",
                ) from None
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece from None
            yield piece
    finally:
        abandoned.set()


def replied(
    client: BaseChatOpenAI,
    messages: Sequence[BaseMessage],
    sent: Mapping[str, Any],
    config: RunnableConfig | None,
) -> Iterator[str]:
    """The pieces of one reply, without the thoughts that some models put before it.

    Raises:
        ModelError: the reply is empty or has no end.
        Exception: the client's own.
    """
    ending, written = "", False

    def texts() -> Iterator[str]:
        nonlocal ending
        body = {key: value for key, value in sent.items() if key != "stream"}
        if "stream" in sent:
            parts: Iterable[BaseMessage] = client.stream(list(messages), config, extra_body=body)
        else:
            parts = [client.invoke(list(messages), config, extra_body=body)]
        for part in parts:
            ending = _ending(part.response_metadata) or ending
            yield str(part.text)

    for text in without_thoughts(texts()):
        written = written or bool(text.strip())
        yield text
    if ending in _OUT_OF_TOKENS:
        told = "" if written else " before it wrote anything"
        raise ModelError(
            f"The model reached its limit of tokens{told}. Set STRATEGIEWIJZER_ANSWER_TOKENS "
            "higher or leave it empty, or STRATEGIEWIJZER_REASONING_EFFORT lower.",
            "cut" if written else "empty",
        )
    if ending == "content_filter":
        raise ModelError(
            "The model's server filters the answer out. See its settings for content.",
            "cut" if written else "refused",
        )
    if not written:
        raise ModelError("The model's answer is empty.", "empty")
    if not ending:
        raise ModelError("The model's answer broke off on its way.", "cut")


def _ending(about: Mapping[str, Any]) -> str:
    """How a reply ended, as either API says it: "stop", "length", "completed", ..."""
    incomplete = about.get("incomplete_details") or {}
    return str(incomplete.get("reason") or about.get("finish_reason") or about.get("status") or "")
