"""Answers as a stream of events, and the assistant that gives them."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import anyio
from fastapi import Depends, Request, Response
from pydantic import BaseModel

from api.key_access import Caller, Pool
from api.problem import ApiError
from chain.assistant import Assistant
from chain.model.aside import aside
from core.answer import Answer, Event, Finished, Turn
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
            left = aside(work(), take)
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
        """What comes of work on the index, as JSON. Both are made in a thread: a long document
        would keep the event loop from the pages."""

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
