"""What routes and tools share: answers in the making, work on the index, whether both are possible,
and forms of a reply."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Annotated, NamedTuple, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT
from pydantic import BaseModel

from api.key_access import Caller
from api.problem import ApiError, problem_of
from chain.assistant import Assistant
from core.answer import Answer, Event, Finished, Turn
from core.background import pump
from core.errors import ErrorReply, StrategiewijzerError
from core.settings import Settings
from core.source import Scope
from userdata.api_keys import found, hash_of
from vectorstore.chroma import GenerationGone
from vectorstore.store import Snapshot

Events = AsyncGenerator[Event | None, None]
"""The events of an answer; None whenever none has come for a while."""

PING = 15.0  # seconds: proxies close what is silent for 60, clients what is for 30

_READERS = 4  # searches at once: each takes a processor for some 50 ms
_TOGETHER = 2  # times as many questions of all keys as of one, so that one leaves room for others
_LOOK = 1.0  # seconds between two looks at whether whoever asked is still there
_LONGEST = 10.0  # seconds for a check; a server of a database that hangs is waited for longer

_T = TypeVar("_T")


class Asking(NamedTuple):
    """What is asked: arguments of `Assistant.stream`."""

    question: str
    history: Sequence[Turn] = ()
    language: str | None = None
    scope: Scope = Scope()


class Service:
    """The parts that all routes share; one for each application. Work that blocks is done in
    threads of its own: the event loop, and the threads that the server has for files, go on serving
    the pages.

    Args:
        assistant: gives the one that pages and API share; its errors reach whoever asks. It blocks.
        settings: gives the current ones.
        readers: searches and reads at once.
    """

    def __init__(
        self,
        assistant: Callable[[], Assistant],
        settings: Callable[[], Settings],
        readers: int = _READERS,
    ) -> None:
        self.settings = settings
        self._assistant = assistant
        self._readers = anyio.CapacityLimiter(readers)
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._checks = anyio.CapacityLimiter(1)
        self._checking: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[], _T]) -> _T:
        """Does work in a thread; where all are taken, it waits."""
        return await anyio.to_thread.run_sync(work, limiter=self._readers)

    async def read(self, work: Callable[[Snapshot], _T]) -> _T:
        """Does work on the index in a thread, as a long document would block the event loop."""

        def attempt() -> _T:
            return work(self._assistant().index.snapshot())

        try:
            return await self.run(attempt)
        except GenerationGone:  # replaced meanwhile: the next look finds the one in use
            return await self.run(attempt)

    async def read_json(self, work: Callable[[Snapshot], BaseModel]) -> Response:
        """A reply with what comes of work on the index."""
        return json_reply(await self.read(lambda index: work(index).model_dump_json()))

    async def check(self) -> None:
        """Checks that there is all that a question takes: settings, the keys, the index. Anybody
        may ask, so there is one check at a time: whoever comes meanwhile gets what it finds. Raises
        StrategiewijzerError: what lacks, or the check takes too long; it goes on then, for whoever
        asks next."""

        def look() -> None:
            found(self.settings(), hash_of(""))  # as the key of a request is looked up
            self._assistant().index.snapshot()

        checking = self._checking
        if checking is None or checking.done():
            looked = anyio.to_thread.run_sync(look, limiter=self._checks)
            checking = self._checking = asyncio.create_task(looked)
            # An error that came too late for all who asked is no error of the event loop.
            checking.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([checking], timeout=_LONGEST)
        if not checking.done():
            raise StrategiewijzerError(
                f"The database or the index has not replied within {_LONGEST:.0f} seconds. Look at "
                "both with: ./strategiewijzer doctor"
            )
        checking.result()

    def begin(self, caller: Caller, asking: Asking, *, pause: float = _LOOK) -> Events:
        """Begins an answer, in a thread, and returns its events; closing them (`aclose`) ends the
        work at its next event. After a pause of so many seconds without an event None is yielded.

        Raises:
            ApiError: too many questions are being answered.
            StrategiewijzerError: while iterating, as `Assistant` and its `stream`.
        """

        def work() -> Iterator[Event]:
            try:
                assistant = self._assistant()
                question, history, language, scope = asking
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
        self, caller: Caller, asking: Asking, request: Request | None = None
    ) -> Answer:
        """The whole answer; as `begin`. A request that is left ends the work. Raises ApiError: as
        `begin`, or whoever asked has left."""
        begun = self.begin(caller, asking)
        async with contextlib.aclosing(begun) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event.answer
                if request is not None and await request.is_disconnected():
                    break
        raise ApiError(400, "The connection was closed.", "connection_closed")  # nobody reads it

    def _claim(self, key: str) -> None:
        most = self.settings().api_questions_at_once
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


async def sent(
    events: Events,
    encode: Callable[[Event], Iterable[bytes]],
    failed: Callable[[ErrorReply], bytes],
) -> AsyncIterator[bytes]:
    """The events of an answer as server-sent ones, with a comment where none has come for a while.
    What fails is told in the stream, which has begun."""
    async with contextlib.aclosing(events):
        try:
            async for event in events:
                for piece in (KEEPALIVE_COMMENT,) if event is None else encode(event):
                    yield piece
        except Exception as error:  # noqa: BLE001 - told in the stream
            yield failed(problem_of(error).reply)


def json_reply(text: str) -> Response:
    return Response(text, media_type="application/json")


def event_stream(events: AsyncIterator[bytes]) -> Response:
    """A reply of server-sent events, which nginx passes on as they come."""
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)  # noqa: S101 - set where the application is made
    return found


TheService = Annotated[Service, Depends(_service)]
