"""Routes of OpenAI's protocol: Chat Completions, Responses, and the list of the one model."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from api.key_access import AskCaller, Caller
from api.openai_chat import ChatForm, ChatReply
from api.openai_reply import MODEL, ClientReply, OpenAIShape, tokens
from api.openai_requests import (
    ChatRequest,
    ClientMessage,
    ResponsesRequest,
    read_conversation,
    unknown_model,
    wrong_body,
)
from api.openai_responses import ResponseReply, ResponsesForm
from api.problem import problem_of
from api.service import PING, Events, Service, TheService, event_stream, json_reply
from core.answer import Event, Finished

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

Form = ChatForm | ResponsesForm


class ModelInfo(OpenAIShape):
    """The one model that there is."""

    id: str
    object: Literal["model"] = "model"
    created: Literal[0] = 0  # nobody made it
    owned_by: str


class ModelList(OpenAIShape):
    object: Literal["list"] = "list"
    data: tuple[ModelInfo, ...]


_MODEL = ModelInfo(id=MODEL, owned_by=MODEL)


class _AsOpenAI(APIRoute):
    """A route that replies to a wrong body with the status that OpenAI has for it."""

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
    include_usage = options is not None and options.include_usage
    reply = ClientReply(body.strategiewijzer)
    form = ChatForm(reply, _prompt_tokens(body.messages), include_usage=include_usage)
    asking = _Asking(request, caller, service, body.messages, "messages")
    return await (asking.streamed if body.stream else asking.whole)(form, reply)


@router.post("/v1/responses", response_model=ResponseReply, responses={200: _RESPONSE})
async def responses(
    body: ResponsesRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers the last message in the form of Responses (docs/clients.md); nothing is stored."""
    body.check()
    reply = ClientReply(body.strategiewijzer)
    form = ResponsesForm(reply, _prompt_tokens(body.messages), body.metadata or {})
    asking = _Asking(request, caller, service, body.messages, "input")
    return await (asking.streamed if body.stream else asking.whole)(form, reply)


class _Asking:
    """A request on its way to an answer; `param` is the part of it that has the messages."""

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
        question, history = await self._conversation()
        answer = await self._service.answer(
            self._request, self._caller, question, history, scope=reply.limits.scope
        )
        reply.take(Finished(answer=answer))
        return json_reply(form.whole().model_dump_json())

    async def streamed(self, form: Form, reply: ClientReply) -> Response:
        """The reply as server-sent events; what fails before the first has a status of its own."""
        question, history = await self._conversation()
        begun = self._service.begin(
            self._caller, question, history, scope=reply.limits.scope, pause=PING
        )
        first = await anext(begun)

        async def sent() -> AsyncIterator[bytes]:
            async for chunk in _chunks(first, begun, form, reply):
                yield KEEPALIVE_COMMENT if chunk is None else _event(chunk)
            yield form.last

        return event_stream(sent())

    async def _conversation(self) -> tuple[str, Any]:
        default = self._service.settings().default_language
        return await self._service.run(
            lambda: read_conversation(self._messages, default, self._param)
        )


async def _chunks(
    first: Event | None, begun: Events, form: Form, reply: ClientReply
) -> AsyncIterator[dict[str, Any] | None]:
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


def _prompt_tokens(messages: Sequence[ClientMessage]) -> int:
    """The tokens of a request, as an estimate."""
    return tokens(message.text for message in messages)


def _event(chunk: dict[str, Any]) -> bytes:
    """A server-sent event, with a name where the chunk has one: those of Responses."""
    return format_sse_event(event=chunk.get("type"), data_str=json.dumps(chunk, ensure_ascii=False))
