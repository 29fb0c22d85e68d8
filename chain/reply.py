"""One reply of a language model: its pieces, within a time and a length, and how it ended."""

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from chain.aside import aside
from chain.thoughts import without_thoughts
from core.characters import visible
from core.errors import ModelError

_LONGEST = 400_000  # characters of a reply, thoughts included: some 100,000 tokens
_PIECE = 200  # characters; between two pieces the time is looked at
_AHEAD = 100  # pieces that are kept for a reader who is slower than the model
_GLANCE = 0.1  # seconds between two looks at whether anybody reads on
_OUT_OF_TOKENS = frozenset({"length", "max_output_tokens"})


def within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a model's reply as they come, for so many seconds at most.

    They are read in a thread of their own: neither a server that falls silent nor a client that
    reads a stream to its end before closing it can hold up the answer. Whoever stops reading ends
    the thread at the next piece.

    Raises:
        ModelError: the time is up, or what the pieces raise.
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
            if left > 0:  # looked at first: of a reply without end a piece is always there
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
    """The pieces of one reply, without the thoughts that some models put before it.

    Raises:
        ModelError: the reply is empty, too long or has no end.
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
    """The same text in short pieces, without what nobody sees; of white space in a row a space and
    two line ends at most.

    Raises:
        ModelError: there is no end to it.
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


def _ending(about: Mapping[str, Any]) -> str:
    """How a reply ended, as either API says it: "stop", "length", "completed", ..."""
    incomplete = about.get("incomplete_details") or {}
    return str(incomplete.get("reason") or about.get("finish_reason") or about.get("status") or "")
