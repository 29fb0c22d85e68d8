"""OpenAI's protocol: Chat Completions, Responses, and the list of the one model.

request -> question and history (openai_history.py) -> events -> `ClientReply` -> one of two forms
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from api.answer_streams import Events
from api.key_access import AskCaller, Caller
from api.openai_chat import ChatForm
from api.openai_history import asked
from api.openai_reply import MODEL, ClientReply, Json
from api.openai_requests import ChatRequest, ClientMessage, ResponsesRequest, unknown_model
from api.openai_responses import ResponsesForm
from api.problem import invalid_request, problem_of
from api.service import Service, TheService
from core.event import Event, Finished

_PING = 15.0  # seconds: proxies close what is silent for 60, clients what is for 30
_STREAM: dict[str, Any] = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}

Form = ChatForm | ResponsesForm


class _AsOpenAI(APIRoute):
    """A route that tells of a wrong body with the status that OpenAI has for it."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise invalid_request(400, error) from None

        return handled


router = APIRouter(route_class=_AsOpenAI, tags=["OpenAI's protocol"])


@router.get("/v1/models")
async def models(_: AskCaller) -> dict[str, object]:
    """Lists the one model that there is."""
    return {"object": "list", "data": [_model()]}


@router.get("/v1/models/{model}")
async def model(model: str, _: AskCaller) -> dict[str, object]:
    """Tells that the model is there."""
    if model != MODEL:
        raise unknown_model(model)
    return _model()


def _model() -> Json:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}  # nobody made it


@router.post("/v1/chat/completions", responses={200: _STREAM})
async def chat(
    body: ChatRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers the last message in the form of Chat Completions (docs/clients.md)."""
    body.check()
    options = body.stream_options
    reply, texts = ClientReply(), _texts(body.messages)
    form = ChatForm(reply, texts, include_usage=options is not None and options.include_usage)
    asking = _Asking(request, caller, service, body.messages, "messages")
    if body.stream:
        return await asking.streamed(form, reply, _unnamed, b"data: [DONE]\n\n")
    return await asking.whole(form, reply)


@router.post("/v1/responses", responses={200: _STREAM})
async def responses(
    body: ResponsesRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers the last message in the form of Responses (docs/clients.md); nothing is stored."""
    body.check()
    reply = ClientReply()
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
        answer = await answers.answer(self._request, self._caller, question, history)
        reply.take(Finished(answer=answer))
        return JSONResponse(form.whole())

    async def streamed(
        self, form: Form, reply: ClientReply, event: Callable[[Json], bytes], last: bytes = b""
    ) -> Response:
        """The reply as server-sent events; what fails before the first has a status of its own."""
        question, history = await self._asked()
        begun = self._service.answers.begin(self._caller, question, history, pause=_PING)
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
    """What is sent of an answer in the making; None to show that the connection lives."""
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
    """What `usage` counts of a request."""
    return [message.text for message in messages]


def _unnamed(chunk: Json) -> bytes:
    return format_sse_event(data_str=json.dumps(chunk, ensure_ascii=False))


def _named(chunk: Json) -> bytes:
    return format_sse_event(
        event=str(chunk["type"]), data_str=json.dumps(chunk, ensure_ascii=False)
    )
