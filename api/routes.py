"""Routes to ask, whole or as a stream of events, and to what the answers rest on: the documents,
their texts, and search in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.key_access import AskCaller, ReadCaller
from api.problem import ApiError
from api.request_shapes import WHOLE, Day, LanguageCode, Names, QuestionText, SearchLimits, filled
from api.service import PING, Asking, TheService, event_stream, json_reply, sent
from chain.request import MAX_QUESTION
from core.answer import Answer, AnswerKind, Event, Finished, Message, Stage, TextDelta, Turn
from core.answer_blocks import Marked, Marker
from core.errors import ErrorReply
from core.source import DocumentInfo, Frozen, Passage, Scope, ScoredPassage, Standing, preferred
from language.identify import detect_languages
from vectorstore.manifest import DocumentEntry, by_document
from vectorstore.store import Snapshot

_TURNS = 20  # a follow-up points back to the last turns; more are cut off by the caller
_LONGEST_ANSWER = 20_000  # characters; the longest of all evaluations has a fifth of it
_MARKERS = 200  # in an earlier answer that are looked at; more are left as they are
_CITED = 50  # citations of one answer, of which there are seldom ten
_MOST = 50  # passages at once, as the setting `results` allows

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


class DocumentSummary(Frozen):
    """One language version of a document. `standing` is that of today; `pages` is 0 in a format
    without pages; `changed` is when its text last changed here (UTC, ISO 8601)."""

    info: DocumentInfo
    standing: Standing
    passages: int
    pages: int
    changed: str


class DocumentList(Frozen):
    """All documents in use, every language version, in `generation` of the index."""

    generation: str
    documents: tuple[DocumentSummary, ...]


class SectionText(Frozen):
    """The text under one heading, without its subsections. `number` is the same in all language
    versions with the same outline; `passages` are those that it is made of, as citations name
    them; `page` (from 1) is where it begins."""

    number: int
    headings: tuple[str, ...]
    page: int | None
    text: str
    passages: tuple[str, ...]


class DocumentText(Frozen):
    """A language version of a document with its sections; `languages` are those there are."""

    generation: str
    summary: DocumentSummary
    languages: tuple[str, ...]
    sections: tuple[SectionText, ...]


class VersionChoice(Frozen):
    """`language` is the wanted version, else English, else the first."""

    language: LanguageCode | None = None


@router.get("/v1/documents", response_model=DocumentList)
async def documents(_: ReadCaller, service: TheService) -> Response:
    """Lists the documents that answers are made from."""

    def work(index: Snapshot) -> DocumentList:
        standings = index.standings()
        return DocumentList(
            generation=index.generation,
            documents=tuple(_summary(entry, standings) for entry in index.entries()),
        )

    return await service.read_json(work)


@router.get("/v1/documents/{id}", response_model=DocumentText)
async def document(
    id: Annotated[str, InPath(max_length=200)],
    choice: Annotated[VersionChoice, Query()],
    _: ReadCaller,
    service: TheService,
) -> Response:
    """Gives a document with the text of its sections."""

    def work(index: Snapshot) -> DocumentText:
        versions = by_document(index.entries()).get(id)
        if not versions:
            message = "There is no document with this id. /v1/documents lists them."
            raise ApiError(404, message, "not_found", "id")
        entry = versions[preferred(versions, choice.language or "")]
        return DocumentText(
            generation=index.generation,
            summary=_summary(entry, index.standings()),
            languages=tuple(sorted(versions)),
            sections=sections_of(index.passages([entry.key])),
        )

    return await service.read_json(work)


def sections_of(passages: Sequence[Passage]) -> tuple[SectionText, ...]:
    """The sections that these passages of one language version make up, in its order."""
    in_order = sorted(passages, key=lambda passage: passage.start)
    return tuple(
        SectionText(
            number=number,
            headings=parts[0].headings,
            page=parts[0].page,
            text="\n\n".join(part.text for part in parts),
            passages=tuple(part.id for part in parts),
        )
        for number, group in groupby(in_order, key=lambda passage: passage.section)
        if (parts := list(group))
    )


def _summary(entry: DocumentEntry, standings: Mapping[str, Standing]) -> DocumentSummary:
    return filled(DocumentSummary, entry, standing=standings.get(entry.key, "in_force"))


class SearchRequest(Frozen):
    """`q` is what is asked, in `language` (detected if not given). `limit` passages are given.
    `area` and `document` (ids), each any number of times, limit the search; as of a day (`as_of`)
    later documents are left out."""

    q: QuestionText
    limit: Annotated[int, Field(ge=1, le=_MOST)] = 6
    language: LanguageCode | None = None
    area: Names = ()
    document: Names = ()
    as_of: Day | None = None


class SearchReply(Frozen):
    """The passages found, best first, and the language that the question is in."""

    generation: str
    language: str
    results: tuple[ScoredPassage, ...]


@router.get("/v1/search", response_model=SearchReply)
async def search(
    wanted: Annotated[SearchRequest, Query()], _: ReadCaller, service: TheService
) -> Response:
    """Finds passages for a question, without answering it."""

    def work(index: Snapshot) -> SearchReply:
        default = service.settings().default_language
        language = wanted.language or detect_languages([wanted.q], default)[-1]
        scope = Scope(areas=wanted.area, documents=wanted.document, as_of=wanted.as_of)
        found = index.search(wanted.q, wanted.limit, language, scope=scope)
        return SearchReply(generation=index.generation, language=language, results=tuple(found))

    return await service.read_json(work)
