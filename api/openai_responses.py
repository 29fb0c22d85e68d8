"""Responses of OpenAI's protocol: the shape of a reply, whole and as events."""

import itertools
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from api.openai_reply import MODEL, ClientReply, FileCitation, OpenAIShape, OurFields, UrlCitation
from api.request_shapes import filled


class ResponseUrlCitation(UrlCitation):
    type: Literal["url_citation"] = "url_citation"


class ResponseFileCitation(FileCitation):
    type: Literal["file_citation"] = "file_citation"


_ResponseAnnotation = Annotated[
    ResponseUrlCitation | ResponseFileCitation, Field(discriminator="type")
]


class _ResponseText(OpenAIShape):
    type: Literal["output_text"] = "output_text"
    text: str = ""
    annotations: tuple[_ResponseAnnotation, ...] = ()
    logprobs: tuple[()] = ()


class _ResponseRefusal(OpenAIShape):
    type: Literal["refusal"] = "refusal"
    refusal: str = ""


_ResponsePart = Annotated[_ResponseText | _ResponseRefusal, Field(discriminator="type")]


class _ResponseMessage(OpenAIShape):
    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed"] = "completed"
    content: tuple[_ResponsePart, ...] = ()


class _ResponseUsage(OpenAIShape):
    input_tokens: int
    input_tokens_details: Mapping[str, int] = {"cached_tokens": 0, "cache_write_tokens": 0}
    output_tokens: int
    output_tokens_details: Mapping[str, int] = {"reasoning_tokens": 0}
    total_tokens: int


class _TextFormat(OpenAIShape):
    format: Mapping[str, str] = {"type": "text"}


class _UnfinishedResponse(OpenAIShape):
    """A response while it is made, or that failed."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["in_progress", "failed", "completed"] = "in_progress"
    background: Literal[False] = False
    error: Mapping[str, str] | None = None
    incomplete_details: None = None
    instructions: None = None
    max_output_tokens: None = None
    metadata: Mapping[str, str]
    model: str
    output: tuple[_ResponseMessage, ...] = ()
    parallel_tool_calls: Literal[False] = False
    previous_response_id: None = None
    store: Literal[False] = False
    temperature: None = None
    text: _TextFormat = _TextFormat()
    tool_choice: Literal["none"] = "none"
    tools: tuple[()] = ()
    top_p: None = None
    truncation: Literal["disabled"] = "disabled"
    usage: _ResponseUsage | None = None


class ResponseReply(_UnfinishedResponse, OurFields):
    """A response; nothing of it is stored. `usage` is an estimate: four characters a token."""

    status: Literal["completed"] = "completed"
    error: None = None
    output: tuple[_ResponseMessage]
    usage: _ResponseUsage


class ResponsesForm:
    """One reply in this form, whole or as events in the order that OpenAI documents.

    Args:
        reply: the answer in the making.
        prompt_tokens: of the request, for `usage`.
        metadata: of the request, which is repeated.
    """

    last = b""

    def __init__(self, reply: ClientReply, prompt_tokens: int, metadata: Mapping[str, str]) -> None:
        self._reply = reply
        self._prompt_tokens = prompt_tokens
        self._item = f"msg_{uuid.uuid4().hex}"
        self._numbers = itertools.count()
        self._head: dict[str, Any] = {
            "id": f"resp_{uuid.uuid4().hex}",
            "created_at": int(time.time()),
            "metadata": metadata,
            "model": MODEL,
        }

    def whole(self) -> ResponseReply:
        """The body of a reply that is not streamed."""
        prompt, text = self._prompt_tokens, self._reply.tokens
        usage = _ResponseUsage(input_tokens=prompt, output_tokens=text, total_tokens=prompt + text)
        return ResponseReply(
            **self._head,
            output=(self._message(self._parts()),),
            usage=usage,
            **dict(self._reply.our_fields),
        )

    def begin(self) -> Iterator[dict[str, Any]]:
        for name in ("created", "in_progress"):
            response = _UnfinishedResponse(**self._head)
            yield self._event(f"response.{name}", response=response)
        item = _ResponseMessage(id=self._item, status="in_progress")
        yield self._event("response.output_item.added", output_index=0, item=item)
        yield self._part("response.content_part.added", 0, _ResponseText())

    def piece(self, text: str) -> Iterator[dict[str, Any]]:
        yield self._event("response.output_text.delta", **self._at(0), delta=text, logprobs=[])

    def end(self) -> Iterator[dict[str, Any]]:
        text, *refusals = self._parts()
        for number, annotation in enumerate(self._annotations()):
            yield self._event(
                "response.output_text.annotation.added",
                **self._at(0),
                annotation_index=number,
                annotation=annotation,
            )
        whole = self._reply.text.text
        yield self._event("response.output_text.done", **self._at(0), text=whole, logprobs=[])
        yield self._part("response.content_part.done", 0, text)
        for index, part in enumerate(refusals, start=1):
            refusal = self._reply.refusal
            yield self._part("response.content_part.added", index, _ResponseRefusal())
            yield self._event("response.refusal.delta", **self._at(index), delta=refusal)
            yield self._event("response.refusal.done", **self._at(index), refusal=refusal)
            yield self._part("response.content_part.done", index, part)
        item = self._message([text, *refusals])
        yield self._event("response.output_item.done", output_index=0, item=item)
        yield self._event("response.completed", response=self.whole())

    def failed(self, error: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A response that failed, for the reason that `error` has, the body of a reply."""
        reason = {"code": "server_error", "message": error["error"]["message"]}
        response = _UnfinishedResponse(**self._head, status="failed", error=reason)
        yield self._event("response.failed", response=response)

    def _annotations(self) -> Iterator[ResponseUrlCitation | ResponseFileCitation]:
        for citation in self._reply.annotations:
            if isinstance(citation, UrlCitation):
                yield filled(ResponseUrlCitation, citation)
            else:
                yield filled(ResponseFileCitation, citation)

    def _parts(self) -> list[_ResponseText | _ResponseRefusal]:
        """The parts of the message: the text, and once more what refuses."""
        text = _ResponseText(text=self._reply.text.text, annotations=tuple(self._annotations()))
        refusal = self._reply.refusal
        return [text, _ResponseRefusal(refusal=refusal)] if refusal else [text]

    def _message(self, parts: Sequence[_ResponseText | _ResponseRefusal]) -> _ResponseMessage:
        return _ResponseMessage(id=self._item, content=tuple(parts))

    def _event(self, kind: str, **facts: object) -> dict[str, Any]:
        values = {
            name: value.model_dump(mode="json") if isinstance(value, OpenAIShape) else value
            for name, value in facts.items()
        }
        return {"type": kind, "sequence_number": next(self._numbers), **values}

    def _part(
        self, kind: str, index: int, part: _ResponseText | _ResponseRefusal
    ) -> dict[str, Any]:
        return self._event(kind, **self._at(index), part=part)

    def _at(self, index: int) -> dict[str, Any]:
        return {"item_id": self._item, "output_index": 0, "content_index": index}
