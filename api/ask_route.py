"""POST /v1/ask: answers a question, whole or as a stream of events."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.key_access import AskCaller
from api.request_shapes import WHOLE, LanguageCode, QuestionText, SearchLimits
from api.service import PING, Asking, TheService, event_stream, json_reply, sent
from chain.request import MAX_QUESTION
from core.answer import Answer, AnswerKind, Event, Finished, Message, Stage, TextDelta, Turn
from core.answer_blocks import Marked, Marker
from core.errors import ErrorReply

_TURNS = 20  # a follow-up points back to the last turns; more are cut off by the caller
_LONGEST_ANSWER = 20_000  # characters; the longest of all evaluations has a fifth of it
_MARKERS = 200  # in an earlier answer that are looked at; more are left as they are
_CITED = 50  # citations of one answer, of which there are seldom ten

router = APIRouter()


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
        cited = tuple(dict.fromkeys(citation.passage_id for citation in quoted))
        places = {citation.number: cited.index(citation.passage_id) + 1 for citation in quoted}
        markers = (
            Marker(start=found.start(), end=found.end(), number=int(found[1]))
            for found in re.finditer(r"\[(\d{1,4})\]", self.text)
            if int(found[1]) in places
        )
        answer = Marked(self.text, tuple(islice(markers, _MARKERS))).renumbered(places)
        return Turn(
            question=(self.message and self.understood_as) or self.question,
            answer_text=answer.text,
            markers=answer.markers,
            message=self.message if self.kind == "reply" else "",
            cited=cited,
        )


class AskRequest(SearchLimits):
    """A question, and what it is asked under. `history` are earlier answers, oldest first;
    `language` is that of the question, detected if not given; the fields of `SearchLimits` say
    what is searched. `stream`: as server-sent events."""

    question: QuestionText
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
    body: AskRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers a question with citations that can be checked, or refuses and says why."""
    history = [earlier.turn() for earlier in body.history]
    asking = Asking(body.question, history, body.language, body.scope)
    if body.stream:
        return event_stream(sent(service.begin(caller, asking, pause=PING), _as_sse, _failed))
    answer = await service.answer(caller, asking, request)
    return json_reply(answer.model_dump_json())


def _as_sse(event: Event) -> Iterator[bytes]:
    if not isinstance(event, TextDelta) or event.text:  # else words of a sentence that goes on
        yield format_sse_event(event=_EVENTS[type(event)], data_str=event.model_dump_json())


def _failed(reply: ErrorReply) -> bytes:
    return format_sse_event(event=_FAILED, data_str=reply.model_dump_json())
