"""Streams one reply of a language model: within limits of time and length, without its thoughts."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from core import telemetry
from core.background import in_background
from core.errors import ModelError
from language.escaping import visible

_LONGEST = 400_000  # characters, some 100,000 tokens; an endless reply would fill memory
_PIECE = 200  # characters of a piece: the deadline is checked between two only
_OUT_OF_TOKENS = frozenset({"length", "max_output_tokens"})
_THOUGHT_ENDS = {
    tag: f"{tag[0]}/{tag[1:]}"
    for tag in ("<think>", "<thinking>", "<thought>", "<reasoning>", "[think]")
}


def within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces of a reply until a deadline.

    A thread reads them, so that neither a silent server nor a client that drains a stream before
    closing it can block the answer.

    Raises:
        ModelError: the time is up, or `pieces` raises it.
    """
    deadline = time.monotonic() + seconds
    with closing(in_background(pieces)) as arrived:
        for piece in arrived:
            if time.monotonic() > deadline:  # an endless reply always has a piece ready
                raise ModelError(
                    f"The model gave no whole answer within {seconds:g} seconds. Set "
                    "STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
                    "slow",
                )
            if piece is not None:
                yield piece


def replied(
    client: BaseChatOpenAI,
    messages: Sequence[BaseMessage],
    fields: Mapping[str, Any],
    config: RunnableConfig | None,
) -> Iterator[str]:
    """Yields the pieces of one reply, without the model's thoughts.

    Args:
        client: of the model.
        messages: the prompt.
        fields: of the request, by their names in Chat Completions.
        config: LangChain's, for callbacks and tracers.

    Raises:
        ModelError: the reply is empty, too long or incomplete.
        Exception: raised by the client.
    """
    ending, is_written = "", False
    body: dict[str, Any] = {name: value for name, value in fields.items() if name != "stream"}
    if client.use_responses_api:  # langchain-openai translates the fields
        body.pop("stream_options", None)
        body["store"] = False
    else:
        # Unchanged: langchain-openai would rename or drop some, and it loses the token counts of a
        # stream that it parses by a schema.
        body = {"extra_body": body}

    def texts() -> Iterator[str]:
        nonlocal ending
        with telemetry.call("chat", client.model_name, _address(client)) as call:
            parts: Iterable[BaseMessage] = (
                client.stream(list(messages), config, **body)
                if "stream" in fields
                else [client.invoke(list(messages), config, **body)]
            )
            for part in parts:
                ending = _ending(part.response_metadata) or ending
                call.tokens = _tokens(part) or call.tokens
                yield str(part.text)

    for text in without_thoughts(tidy(texts())):
        is_written = is_written or bool(text.strip())
        yield text
    if ending in _OUT_OF_TOKENS:
        before = "" if is_written else " before it wrote anything"
        raise ModelError(
            f"The model reached its limit of tokens{before}. Set STRATEGIEWIJZER_ANSWER_TOKENS "
            "higher or leave it empty, or STRATEGIEWIJZER_REASONING_EFFORT lower.",
            "cut" if is_written else "empty",
        )
    if ending == "content_filter":
        raise ModelError(
            "The model's server filters the answer out. See its settings for content.",
            "cut" if is_written else "refused",
        )
    if not is_written:
        raise ModelError("The model's answer is empty.", "empty")
    if not ending:
        raise ModelError("The model's answer broke off on its way.", "cut", "unreachable")


def tidy(texts: Iterable[str]) -> Iterator[str]:
    """The text in short pieces, without invisible characters.

    Raises:
        ModelError: the text is too long.
    """
    length = 0
    for text in texts:
        length += len(text)
        if length > _LONGEST:
            raise ModelError(
                f"The model wrote more than {_LONGEST} characters and was not read further. Set "
                "STRATEGIEWIJZER_ANSWER_TOKENS lower.",
                "cut",
            )
        shown = visible(text)
        for start in range(0, len(shown), _PIECE):
            yield shown[start : start + _PIECE]


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a reply, without tagged thoughts and white space at its beginning."""
    arriving = iter(pieces)
    begun = ""  # what may be a tag; within thoughts, their last characters
    end = ""  # the closing tag, within thoughts
    for piece in arriving:
        for place, character in enumerate(piece):
            if not begun and not end and character.isspace():
                continue
            begun += character
            folded = begun.lower()
            if end:
                begun = begun[-len(end) :]
                if folded.endswith(end):
                    begun = end = ""
            elif folded in _THOUGHT_ENDS:
                begun, end = "", _THOUGHT_ENDS[folded]
            elif not any(tag.startswith(folded) for tag in _THOUGHT_ENDS):
                yield begun + piece[place + 1 :]
                yield from arriving
                return
    if begun and not end:
        yield begun  # an incomplete tag is text


def _address(client: BaseChatOpenAI) -> str:
    return client.openai_api_base or str(getattr(client, "azure_endpoint", "") or "")


def _tokens(part: BaseMessage) -> tuple[int, int] | None:
    """Tokens of the request and of the reply, where the server counts them."""
    usage = getattr(part, "usage_metadata", None)
    return (usage["input_tokens"], usage["output_tokens"]) if usage else None


def _ending(metadata: Mapping[str, Any]) -> str:
    """Finish reason in either of OpenAI's APIs: "stop", "length", "completed", ..."""
    incomplete = metadata.get("incomplete_details") or {}
    reason = incomplete.get("reason") or metadata.get("finish_reason") or metadata.get("status")
    return str(reason or "")
