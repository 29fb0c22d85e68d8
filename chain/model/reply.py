"""Streams one reply of a language model, with limits of time and length."""

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from chain.model.aside import aside
from chain.model.thoughts import without_thoughts
from core import telemetry
from core.errors import ModelError
from language.characters import visible

_LONGEST = 400_000  # characters, some 100,000 tokens; an endless reply would fill memory
_PIECE = 200  # characters of a piece: the deadline is checked between two only
_AHEAD = 100  # pieces kept for a slow reader; then the model waits, and memory is bounded
_GLANCE = 0.1  # seconds between two checks whether anybody reads: how soon a stop is noticed
_OUT_OF_TOKENS = frozenset({"length", "max_output_tokens"})


def within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces of a reply until a deadline.

    A thread reads them, so that neither a silent server nor a client that drains a stream before
    closing it can block the answer. It ends at the next piece once nobody reads.

    Raises:
        ModelError: the time is up, or `pieces` raises it.
    """
    arrived: queue.Queue[str | Exception | None] = queue.Queue(_AHEAD)
    abandoned = threading.Event()
    deadline = time.monotonic() + seconds

    def put(piece: str | Exception | None) -> None:
        while not abandoned.is_set():
            try:
                return arrived.put(piece, timeout=_GLANCE)
            except queue.Full:
                pass

    def following() -> str | Exception | None:
        left = deadline - time.monotonic()
        try:
            if left > 0:  # checked first: an endless reply always has a piece ready
                return arrived.get(timeout=left)
        except queue.Empty:
            pass
        raise ModelError(
            f"The model gave no whole answer within {seconds:g} seconds. Set "
            "STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
            "slow",
        )

    aside(pieces, put, abandoned)
    try:
        while (piece := following()) is not None:
            if isinstance(piece, Exception):
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
    """Yields the pieces of one reply, without the model's thoughts.

    Raises:
        ModelError: the reply is empty, too long or incomplete.
        Exception: raised by the client.
    """
    ending, written = "", False

    def texts() -> Iterator[str]:
        nonlocal ending
        body = {key: value for key, value in sent.items() if key != "stream"}
        with telemetry.call("chat", client.model_name, _address(client)) as call:
            if "stream" in sent:
                parts: Iterable[BaseMessage] = client.stream(
                    list(messages), config, extra_body=body
                )
            else:
                parts = [client.invoke(list(messages), config, extra_body=body)]
            for part in parts:
                ending = _ending(part.response_metadata) or ending
                call.tokens = _tokens(part) or call.tokens
                yield str(part.text)

    for text in without_thoughts(tidy(texts())):
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


def tidy(texts: Iterable[str]) -> Iterator[str]:
    """The text in short pieces, without invisible characters and with runs of white space
    shortened: to the first character and two line ends.

    Raises:
        ModelError: the text is too long.
    """
    length, blank = 0, ""
    for text in texts:
        length += len(text)
        if length > _LONGEST:
            raise ModelError(
                f"The model wrote more than {_LONGEST} characters and was not read further. Set "
                "STRATEGIEWIJZER_ANSWER_TOKENS lower.",
                "cut",
            )
        kept: list[str] = []
        for character in visible(text):
            if not character.isspace():
                blank = ""
            elif not blank or (character == "\n" and blank.count("\n") < 2):
                blank += character
            else:
                continue
            kept.append(character)
        for start in range(0, len(kept), _PIECE):
            yield "".join(kept[start : start + _PIECE])


def _address(client: BaseChatOpenAI) -> str:
    return client.openai_api_base or str(getattr(client, "azure_endpoint", "") or "")


def _tokens(part: BaseMessage) -> tuple[int, int] | None:
    """Tokens of the request and of the reply, where the server tells them."""
    usage = getattr(part, "usage_metadata", None)
    return (usage["input_tokens"], usage["output_tokens"]) if usage else None


def _ending(about: Mapping[str, Any]) -> str:
    """Finish reason in either API: "stop", "length", "completed", ..."""
    incomplete = about.get("incomplete_details") or {}
    return str(incomplete.get("reason") or about.get("finish_reason") or about.get("status") or "")
