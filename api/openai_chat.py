"""Chat Completions of OpenAI's protocol: the shape of a reply, whole and in chunks."""

import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from api.openai_reply import MODEL, ClientReply, FileCitation, OpenAIShape, OurFields, UrlCitation


class ChatUrlCitation(OpenAIShape):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class ChatFileCitation(OpenAIShape):
    type: Literal["file_citation"] = "file_citation"
    file_citation: FileCitation


_ChatAnnotation = Annotated[ChatUrlCitation | ChatFileCitation, Field(discriminator="type")]


class _ChatMessage(OpenAIShape):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None
    annotations: tuple[_ChatAnnotation, ...]


class _ChatChoice(OpenAIShape):
    index: Literal[0] = 0
    message: _ChatMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class _ChatUsage(OpenAIShape):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatReply(OurFields):
    """A chat completion. `usage` is an estimate: four characters a token."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[_ChatChoice]
    usage: _ChatUsage


class ChatForm:
    """One reply in this form, whole or in chunks.

    Args:
        reply: the answer in the making.
        prompt_tokens: of the request, for `usage`.
        include_usage: whether a last chunk has the usage.
    """

    last = b"data: [DONE]\n\n"

    def __init__(
        self, reply: ClientReply, prompt_tokens: int, *, include_usage: bool = False
    ) -> None:
        self._reply = reply
        self._prompt_tokens = prompt_tokens
        self._include_usage = include_usage
        self._head: dict[str, Any] = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": MODEL,
        }

    def whole(self) -> ChatReply:
        """The body of a reply that is not streamed."""
        message = _ChatMessage(
            content=self._reply.text.text,
            refusal=self._reply.refusal,
            annotations=tuple(self._annotations()),
        )
        return ChatReply(
            **self._head,
            choices=(_ChatChoice(message=message),),
            usage=self._usage(),
            **dict(self._reply.our_fields),
        )

    def begin(self) -> Iterator[dict[str, Any]]:
        yield self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, text: str) -> Iterator[dict[str, Any]]:
        yield self._chunk({"content": text})

    def end(self) -> Iterator[dict[str, Any]]:
        """Refusal and annotations, the reason why it ends, the usage if it was asked for."""
        if self._reply.refusal:
            yield self._chunk({"refusal": self._reply.refusal})
        if annotations := [found.model_dump(mode="json") for found in self._annotations()]:
            yield self._chunk({"annotations": annotations})
        yield {**self._chunk({}, "stop"), **self._reply.our_fields.model_dump(mode="json")}
        if self._include_usage:
            usage = self._usage().model_dump()
            yield {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage}

    def failed(self, error: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield error

    def _annotations(self) -> Iterator[ChatUrlCitation | ChatFileCitation]:
        for citation in self._reply.annotations:
            if isinstance(citation, UrlCitation):
                yield ChatUrlCitation(url_citation=citation)
            else:
                yield ChatFileCitation(file_citation=citation)

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._include_usage else {}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], **usage}

    def _usage(self) -> _ChatUsage:
        prompt, completion = self._prompt_tokens, self._reply.tokens
        return _ChatUsage(
            prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
        )
