"""Route that answers a question, whole or as a stream of events."""

import asyncio
import contextlib
import re
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.key_access import AskCaller, Caller, Pool
from api.problem import ApiError, problem_of
from api.request_shapes import NOT_BLANK, WHOLE, LanguageCode, SearchLimits
from chain.assistant import Assistant
from chain.request import MAX_QUESTION
from core.answer import Answer, AnswerKind, Event, Finished, Message, Stage, TextDelta, Turn
from core.background import pump
from core.markers import Marked, Marker
from core.settings import Settings
from core.source import Scope
from vectorstore.chroma import GenerationGone

# Answers in the making: the assistant works in threads, its events arrive in the event loop.


Events = AsyncGenerator[Event | None, None]
"""The events of an answer; None whenever none has come for a while."""

_TOGETHER = 2  # times as many questions of all keys as of one, so that one leaves room for others
_LOOK = 1.0  # seconds between two looks at whether whoever asked is still there


class AnswerStreams:
    """Begins answers, so many at once for a key and for all.

    Args:
        assistant: gives the one that pages and API share; its errors reach whoever asks.
        settings: gives the current ones.
    """

    def __init__(
        self, assistant: Callable[[], Assistant], settings: Callable[[], Settings]
    ) -> None:
        self._assistant = assistant
        self._settings = settings
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def begin(
        self,
        caller: Caller,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
        scope: Scope = Scope(),
        *,
        pause: float = _LOOK,
    ) -> Events:
        """The events of an answer, which is begun; leaving them (`aclose`) ends the work at its
        next event. Arguments are those of `Assistant.stream`, and:

        Args:
            caller: who asks, and has the scope "ask".
            pause: seconds without an event after which None is yielded.

        Raises:
            ApiError: too many questions are being answered.
            StrategiewijzerError: while iterating, as `Assistant` and its `stream`.
        """

        def work() -> Iterator[Event]:
            try:
                assistant = self._assistant()
                by = f"key {caller.id}"  # for the audit record
                yield from assistant.stream(question, history, language, scope=scope, by=by)
            finally:
                self._end(caller.id)

        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Event | Exception | None] = asyncio.Queue()

        def take(item: Event | Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and the server with it
                loop.call_soon_threadsafe(arrived.put_nowait, item)

        self._claim(caller.id)
        try:
            left = pump(work(), take)
        except RuntimeError:  # no more threads
            self._end(caller.id)
            raise
        return _events(arrived, left, pause)

    async def answer(
        self,
        request: Request,
        caller: Caller,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
        scope: Scope = Scope(),
    ) -> Answer:
        """The whole answer; as `begin`.

        Raises:
            ApiError: as `begin`, or whoever asked has left.
        """
        begun = self.begin(caller, question, history, language, scope)
        async with contextlib.aclosing(begun) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event.answer
                if await request.is_disconnected():
                    break
        raise ApiError(400, "The connection was closed.", "connection_closed")  # nobody reads it

    def _claim(self, key: str) -> None:
        most = self._settings().api_questions_at_once
        with self._lock:
            if self._running[key] >= most:
                raise _busy(
                    f"This key has {most} questions being answered. Wait for an answer; whoever "
                    "runs this service can raise api_questions_at_once."
                )
            if self._running.total() >= _TOGETHER * most:
                raise _busy("All places for questions are taken. Try again in a moment.")
            self._running[key] += 1

    def _end(self, key: str) -> None:
        with self._lock:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]


async def _events(
    arrived: "asyncio.Queue[Event | Exception | None]", left: threading.Event, pause: float
) -> Events:
    try:
        while True:
            with anyio.move_on_after(pause) as waiting:
                event = await arrived.get()
            if waiting.cancelled_caught:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        left.set()


def _busy(message: str) -> ApiError:
    # An extractive answer takes less than a second, so a place is soon free.
    return ApiError(429, message, "too_many_questions", headers={"Retry-After": "1"})


# What the routes work with: one for each application.


@dataclass(frozen=True)
class Service:
    """The parts that all routes share.

    assistant: gives the one of pages and API; blocks, so call it in a `Pool`.
    settings: gives the current ones.
    answers: begins answers.
    reading: where searching and reading is done.
    """

    assistant: Callable[[], Assistant]
    settings: Callable[[], Settings]
    answers: AnswerStreams
    reading: Pool

    async def read(self, work: Callable[[], BaseModel]) -> Response:
        """Runs work on the index in a thread, as a long document would keep the event loop from the
        pages, and returns its result as JSON."""

        def made() -> str:
            try:
                return work().model_dump_json()
            except GenerationGone:  # replaced meanwhile: the next look finds the one in use
                return work().model_dump_json()

        return Response(await self.reading.run(made), media_type="application/json")


def service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)  # noqa: S101 - set where the application is made
    return found


TheService = Annotated[Service, Depends(service)]


# POST /v1/ask: a question gets a checked answer, or a refusal, whole or as it is made.


router = APIRouter()

_TURNS = 20  # a follow-up points back to the last turns; more are cut off by the caller
_LONGEST_ANSWER = 20_000  # characters; the longest of all evaluations has a fifth of it
_MARKERS = 200  # in an earlier answer that are looked at; more are left as they are
_CITED = 50  # citations of one answer, of which there are seldom ten
_PING = 15.0  # seconds: proxies close what is silent for 60, clients what is for 30


class EarlierCitation(BaseModel):
    """The fields of a `Citation` of an earlier answer that are needed."""

    model_config = ConfigDict(frozen=True)

    number: Annotated[int, Field(ge=1, le=9999), WHOLE]
    passage_id: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class EarlierAnswer(BaseModel):
    """An answer that was given before, as it was received or only these fields of it."""

    model_config = ConfigDict(frozen=True)

    question: Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUESTION)]
    text: Annotated[str, StringConstraints(max_length=_LONGEST_ANSWER)]
    kind: AnswerKind = "answer"
    message: Message | Literal[""] = ""
    understood_as: Annotated[str, StringConstraints(max_length=2 * MAX_QUESTION)] = ""
    citations: Annotated[tuple[EarlierCitation, ...], Field(max_length=_CITED)] = ()

    def turn(self) -> Turn:
        """The turn that `Turn.of` makes of the whole answer."""
        quoted = self.citations if self.kind in ("answer", "partial", "found") else ()
        cited = tuple(dict.fromkeys(one.passage_id for one in quoted))
        places = {one.number: cited.index(one.passage_id) + 1 for one in quoted}
        markers = (
            Marker(start=found.start(), end=found.end(), number=int(found[1]))
            for found in re.finditer(r"\[(\d{1,4})\]", self.text)
            if int(found[1]) in places
        )
        said = Marked(self.text, tuple(islice(markers, _MARKERS))).renumbered(places)
        return Turn(
            question=(self.message and self.understood_as) or self.question,
            answer_text=said.text,
            markers=said.markers,
            message=self.message if self.kind == "reply" else "",
            cited=cited,
        )


class AskRequest(SearchLimits):
    """A question, and what it is asked under. `history` are earlier answers, oldest first;
    `language` is that of the question, detected if not given; the fields of `SearchLimits` say
    what is searched. `stream`: as server-sent events."""

    question: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION),
        NOT_BLANK,
    ]
    history: Annotated[tuple[EarlierAnswer, ...], Field(max_length=_TURNS)] = ()
    language: LanguageCode | None = None
    stream: Annotated[bool, Field(strict=True)] = False


_EVENTS: dict[type[Event], str] = {Stage: "stage", TextDelta: "text", Finished: "finished"}
_FAILED = "error"
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": [*_EVENTS.values(), _FAILED]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_ANSWERED: dict[str, Any] = {
    "description": "The answer. With `stream`, events: `stage`, `text` (a piece) and "
    "last `finished`, of which `answer` is the whole; or `error`, an `ErrorReply`.",
    "content": {"text/event-stream": {"schema": _EVENT}},
}


@router.post("/v1/ask", response_model=Answer, responses={200: _ANSWERED})
async def ask(
    asked: AskRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers a question with citations that can be checked, or refuses and says why."""
    history = [one.turn() for one in asked.history]
    if asked.stream or _wants_events(request):
        begun = service.answers.begin(
            caller, asked.question, history, asked.language, asked.scope, pause=_PING
        )
        return StreamingResponse(
            _as_sse(begun),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},  # nginx passes it on
        )
    answer = await service.answers.answer(
        request, caller, asked.question, history, asked.language, asked.scope
    )
    return Response(answer.model_dump_json(), media_type="application/json")


def _wants_events(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return any(one.partition(";")[0].strip() == "text/event-stream" for one in accepted.split(","))


async def _as_sse(events: Events) -> AsyncIterator[bytes]:
    async with aclosing(events):
        try:
            async for event in events:
                if isinstance(event, TextDelta) and not event.text:
                    continue  # words of a sentence that has not ended
                yield KEEPALIVE_COMMENT if event is None else _event(event)
        except Exception as error:  # noqa: BLE001 - told in the stream, which has begun
            reply = problem_of(error).reply
            yield format_sse_event(event=_FAILED, data_str=reply.model_dump_json())


def _event(event: Event) -> bytes:
    return format_sse_event(event=_EVENTS[type(event)], data_str=event.model_dump_json())
