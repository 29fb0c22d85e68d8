"""POST /v1/ask: a question gets a checked answer, or a refusal, whole or as it is made."""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.answer_streams import Events, TheService
from api.key_access import AskCaller
from api.problem import problem_of
from api.search_limits import NOT_BLANK, WHOLE, LanguageCode, SearchLimits
from chain.query import MAX_QUESTION
from core.answer import Answer, AnswerKind, Event, Finished, Message, Stage, TextDelta, Turn
from core.answer_blocks import Marked, Marker

router = APIRouter()

_TURNS = 20  # a follow-up points back to the last turns; more are cut off by the caller
_LONGEST_ANSWER = 20_000  # characters; the longest of all evaluations has a fifth of it
_MARKERS = 200  # in an earlier answer that are looked at; more are left as they are
_CITED = 50  # citations of one answer, of which there are seldom ten
_PING = 15.0  # seconds: proxies close what is silent for 60, clients what is for 30


class EarlierCitation(BaseModel):
    """What is needed of a `Citation` of an earlier answer."""

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
        """As `Turn.of` makes it of the whole answer."""
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
