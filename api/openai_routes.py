"""OpenAI's protocols: chat completions, responses and models."""

import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from api.ask_route import Events, Service, TheService
from api.key_access import AskCaller, Caller
from api.openai_reply import (
    MODEL,
    ChatReply,
    ClientReply,
    Json,
    ModelInfo,
    ModelList,
    ResponseReply,
    tokens,
)
from api.openai_requests import (
    ChatRequest,
    ClientMessage,
    ResponsesRequest,
    asked,
    unknown_model,
    wrong_body,
)
from api.problem import problem_of
from core.answer import Event, Finished


class ChatForm:
    """One reply in this form, whole or in chunks.

    Args:
        reply: the answer in the making.
        asked: the texts of the request, for `usage`.
        include_usage: whether a last chunk tells the usage.
    """

    def __init__(
        self, reply: ClientReply, asked: list[str], *, include_usage: bool = False
    ) -> None:
        self._reply = reply
        self._asked = asked
        self._include_usage = include_usage
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def whole(self) -> ChatReply:
        """The body of a reply that is not streamed."""
        message = {
            "role": "assistant",
            "content": self._reply.said.text,
            "refusal": self._reply.refusal,
            "annotations": self._reply.annotations(nested=True),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return ChatReply.model_validate(
            {
                **self._head("chat.completion"),
                "choices": [choice],
                "usage": self._usage(),
                **self._reply.extra(),
            }
        )

    def begin(self) -> Iterator[Json]:
        yield self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, text: str) -> Iterator[Json]:
        yield self._chunk({"content": text})

    def end(self) -> Iterator[Json]:
        """Refusal and annotations, the reason why it ends, the usage if it was asked for."""
        if self._reply.refusal:
            yield self._chunk({"refusal": self._reply.refusal})
        if annotations := self._reply.annotations(nested=True):
            yield self._chunk({"annotations": annotations})
        yield {**self._chunk({}, "stop"), **self._reply.extra()}
        if self._include_usage:
            usage = self._usage()
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def failed(self, error: Json) -> Iterator[Json]:
        yield error

    def _chunk(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage: Json = {"usage": None} if self._include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _head(self, kind: str) -> Json:
        return {"id": self._id, "object": kind, "created": self._created, "model": MODEL}

    def _usage(self) -> Json:
        prompt, completion = tokens(*self._asked), tokens(self._reply.said.text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


# POST /v1/responses: an answer in the form of OpenAI's Responses.


class ResponsesForm:
    """One reply in this form, whole or as events in the order that OpenAI documents.

    Args:
        reply: the answer in the making.
        asked: the texts of the request, for `usage`.
        metadata: of the request, which is repeated.
    """

    def __init__(self, reply: ClientReply, asked: list[str], metadata: Mapping[str, str]) -> None:
        self._reply = reply
        self._asked = asked
        self._metadata = dict(metadata)
        self._id = f"resp_{uuid.uuid4().hex}"
        self._item = f"msg_{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._numbers = itertools.count()

    def whole(self) -> ResponseReply:
        """The body of a reply that is not streamed."""
        usage = self._usage()
        output = [self._message(self._parts())]
        response = self._response("completed", output, usage)
        return ResponseReply.model_validate({**response, **self._reply.extra()})

    def begin(self) -> Iterator[Json]:
        for name in ("created", "in_progress"):
            response = self._response("in_progress", [], None)
            yield self._event(f"response.{name}", response=response)
        item = self._message([], "in_progress")
        yield self._event("response.output_item.added", output_index=0, item=item)
        yield self._part("response.content_part.added", 0, _text("", []))

    def piece(self, text: str) -> Iterator[Json]:
        yield self._event("response.output_text.delta", **self._at(0), delta=text, logprobs=[])

    def end(self) -> Iterator[Json]:
        text, *refusals = self._parts()
        said = self._reply.said.text
        for number, annotation in enumerate(self._reply.annotations(nested=False)):
            yield self._event(
                "response.output_text.annotation.added",
                **self._at(0),
                annotation_index=number,
                annotation=annotation,
            )
        yield self._event("response.output_text.done", **self._at(0), text=said, logprobs=[])
        yield self._part("response.content_part.done", 0, text)
        for index, part in enumerate(refusals, start=1):
            refusal = self._reply.refusal
            yield self._part(
                "response.content_part.added", index, {"type": "refusal", "refusal": ""}
            )
            yield self._event("response.refusal.delta", **self._at(index), delta=refusal)
            yield self._event("response.refusal.done", **self._at(index), refusal=refusal)
            yield self._part("response.content_part.done", index, part)
        item = self._message([text, *refusals])
        yield self._event("response.output_item.done", output_index=0, item=item)
        yield self._event("response.completed", response=self.whole().model_dump(mode="json"))

    def failed(self, error: Json) -> Iterator[Json]:
        """A response that failed, as `error` of a reply's body tells it."""
        told = error["error"]
        assert isinstance(told, dict)  # noqa: S101 - the shape of all errors
        reason = {"code": "server_error", "message": told["message"]}
        response = {**self._response("failed", [], None), "error": reason}
        yield self._event("response.failed", response=response)

    def _parts(self) -> list[Json]:
        """The parts of the message: the text, and once more what refuses."""
        parts = [_text(self._reply.said.text, self._reply.annotations(nested=False))]
        if self._reply.refusal:
            parts.append({"type": "refusal", "refusal": self._reply.refusal})
        return parts

    def _message(self, parts: list[Json], status: str = "completed") -> Json:
        return {
            "id": self._item,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": parts,
        }

    def _response(self, status: str, output: list[Json], usage: Json | None) -> Json:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "metadata": self._metadata,
            "model": MODEL,
            "output": output,
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "store": False,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "truncation": "disabled",
            "usage": usage,
        }

    def _event(self, kind: str, **facts: object) -> Json:
        return {"type": kind, "sequence_number": next(self._numbers), **facts}

    def _part(self, kind: str, index: int, part: Json) -> Json:
        return self._event(kind, **self._at(index), part=part)

    def _at(self, index: int) -> Json:
        return {"item_id": self._item, "output_index": 0, "content_index": index}

    def _usage(self) -> Json:
        asked, said = tokens(*self._asked), tokens(self._reply.said.text)
        return {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + said,
        }


def _text(text: str, annotations: list[Json]) -> Json:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


# OpenAI's protocol: Chat Completions, Responses, and the list of the one model.


_PING = 15.0  # seconds: proxies close what is silent for 60, clients what is for 30
_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}
_CHAT: dict[str, Any] = {
    "description": "The answer. With `stream`, chunks of it as OpenAI documents them, and last "
    "`[DONE]`; the chunk with `finish_reason` has `citations` and `strategiewijzer`.",
    "content": _STREAM,
}
_RESPONSE: dict[str, Any] = {
    "description": "The answer. With `stream`, events as OpenAI documents them, of which the last, "
    "`response.completed`, has the whole.",
    "content": _STREAM,
}

_MODEL = ModelInfo(id=MODEL, owned_by=MODEL)

Form = ChatForm | ResponsesForm


class _AsOpenAI(APIRoute):
    """A route that tells of a wrong body with the status that OpenAI has for it."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise wrong_body(error) from None

        return handled


router = APIRouter(route_class=_AsOpenAI, tags=["OpenAI's protocol"])


@router.get("/v1/models")
async def models(_: AskCaller) -> ModelList:
    """Lists the one model that there is."""
    return ModelList(data=(_MODEL,))


@router.get("/v1/models/{model}")
async def model(model: str, _: AskCaller) -> ModelInfo:
    """Tells that the model is there."""
    if model != MODEL:
        raise unknown_model(model)
    return _MODEL


@router.post("/v1/chat/completions", response_model=ChatReply, responses={200: _CHAT})
async def chat(
    body: ChatRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers the last message in the form of Chat Completions (docs/clients.md)."""
    body.check()
    options = body.stream_options
    reply, texts = ClientReply(body.strategiewijzer), _texts(body.messages)
    form = ChatForm(reply, texts, include_usage=options is not None and options.include_usage)
    asking = _Asking(request, caller, service, body.messages, "messages")
    if body.stream:
        return await asking.streamed(form, reply, _unnamed, b"data: [DONE]\n\n")
    return await asking.whole(form, reply)


@router.post("/v1/responses", response_model=ResponseReply, responses={200: _RESPONSE})
async def responses(
    body: ResponsesRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers the last message in the form of Responses (docs/clients.md); nothing is stored."""
    body.check()
    reply = ClientReply(body.strategiewijzer)
    form = ResponsesForm(reply, _texts(body.messages), body.metadata or {})
    asking = _Asking(request, caller, service, body.messages, "input")
    if body.stream:
        return await asking.streamed(form, reply, _named)
    return await asking.whole(form, reply)


class _Asking:
    """A request on its way to an answer."""

    def __init__(
        self,
        request: Request,
        caller: Caller,
        service: Service,
        messages: Sequence[ClientMessage],
        param: str,
    ) -> None:
        self._request = request
        self._caller = caller
        self._service = service
        self._messages = messages
        self._param = param

    async def whole(self, form: Form, reply: ClientReply) -> Response:
        question, history = await self._asked()
        answers = self._service.answers
        answer = await answers.answer(
            self._request, self._caller, question, history, scope=reply.limits.scope
        )
        reply.take(Finished(answer=answer))
        return Response(form.whole().model_dump_json(), media_type="application/json")

    async def streamed(
        self, form: Form, reply: ClientReply, event: Callable[[Json], bytes], last: bytes = b""
    ) -> Response:
        """The reply as server-sent events; what fails before the first has a status of its own."""
        question, history = await self._asked()
        begun = self._service.answers.begin(
            self._caller, question, history, scope=reply.limits.scope, pause=_PING
        )
        first = await anext(begun)

        async def sent() -> AsyncIterator[bytes]:
            async for chunk in _chunks(first, begun, form, reply):
                yield KEEPALIVE_COMMENT if chunk is None else event(chunk)
            yield last

        return StreamingResponse(
            sent(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},  # nginx passes it on
        )

    async def _asked(self) -> tuple[str, Any]:
        default = self._service.settings().default_language
        return await self._service.reading.run(lambda: asked(self._messages, default, self._param))


async def _chunks(
    first: Event | None, begun: Events, form: Form, reply: ClientReply
) -> AsyncIterator[Json | None]:
    """The chunks of an answer in the making; None to show that the connection lives."""
    async with aclosing(begun) as events:
        try:
            for chunk in form.begin():
                yield chunk
            if first is not None:
                reply.take(first)
            async for event in events:
                if event is None:
                    yield None
                elif text := reply.take(event):
                    for chunk in form.piece(text):
                        yield chunk
            for chunk in form.end():
                yield chunk
        except Exception as error:  # noqa: BLE001 - told in the stream, which has begun
            for chunk in form.failed(problem_of(error).reply.model_dump(mode="json")):
                yield chunk


def _texts(messages: Sequence[ClientMessage]) -> list[str]:
    """The texts of a request that `usage` counts."""
    return [message.text for message in messages]


def _unnamed(chunk: Json) -> bytes:
    return format_sse_event(data_str=json.dumps(chunk, ensure_ascii=False))


def _named(chunk: Json) -> bytes:
    return format_sse_event(
        event=str(chunk["type"]), data_str=json.dumps(chunk, ensure_ascii=False)
    )
