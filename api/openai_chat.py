"""Chat Completions of OpenAI's protocol: what a client asks, and the answer whole or in chunks.

Clients send much that has no meaning here (temperature, system messages, tools that may be called):
that is left aside. What would give another answer than was asked for is refused.
"""

import json
import math
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field

import prompts
from api.client_text import ClientText
from api.key_access import AskCaller
from api.problem import ApiError
from api.request_shapes import AnswerFacts, SearchLimits, SourceQuote, filled, source_quotes
from api.service import PING, Asking, TheService, event_stream, json_reply, sent
from chain.request import MAX_QUESTION
from chain.understanding.intent import classify
from core.answer import Answer, Event, Finished, Message, ModelTrouble, Turn
from core.answer_blocks import Marked
from core.errors import MAX_BODY, ErrorReply
from core.source import Frozen
from language.escaping import visible
from language.identify import detect_languages
from prompts import client_words

MODEL = "strategiewijzer"
"""The one model id that there is."""

_MESSAGES = 1000  # in one request: more than any conversation has
_TURNS = 10  # that are looked at: a follow-up hardly ever points further back
_ANSWER = 10_000  # characters of an earlier answer that are looked at: longer ones are not ours
_MARKERS = 200  # in it that are looked at; more are left as they are
_MARKER = re.compile(r"(?<!\\)\[(\d{1,4})\]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_DECLINED = ("harm", "opinion")  # kinds of messages that are not answered on purpose
_PER_TOKEN = 4  # characters: what OpenAI reckons for English. There may be no model that counts
_DESCRIBED: dict[str, Any] = {
    "description": "The answer. With `stream`, chunks of it as OpenAI documents them, and last "
    "`[DONE]`; the chunk with `finish_reason` has `citations` and `strategiewijzer`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}

router = APIRouter(tags=["OpenAI's protocol"])


class _Body(BaseModel):
    """A part of a body. With a bound every text is looked at, and so refused where it is none:
    half of a character (a lone surrogate), which nothing can write again."""

    model_config = ConfigDict(str_max_length=MAX_BODY)


class _Part(_Body):
    type: str = ""
    text: str = ""


class ClientMessage(_Body):
    """A message; others than text are of parts."""

    role: str = ""
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        if not isinstance(self.content, list):
            return self.content or ""
        return "\n".join(part.text for part in self.content if part.type == "text")

    @property
    def other_parts(self) -> list[str]:
        """The kinds of what is no text."""
        parts = self.content if isinstance(self.content, list) else []
        return [part.type for part in parts if part.type != "text"]


class _Format(_Body):
    type: Literal["text"] = "text"


class ChatRequest(_Body):
    """The body of a request to /v1/chat/completions, as far as it has a meaning here.
    `strategiewijzer` is ours, and limits the search."""

    model_config = ConfigDict(extra="allow")  # what is left aside

    model: str
    messages: Annotated[list[ClientMessage], Field(min_length=1, max_length=_MESSAGES)]
    stream: bool = False
    tool_choice: Literal["auto", "none"] | None = None
    n: Literal[1] | None = None
    modalities: tuple[Literal["text"]] | None = None
    response_format: _Format | None = None
    strategiewijzer: SearchLimits = SearchLimits()

    def check(self) -> None:
        """Raises `ApiError` where another model, or our fields in another place, are named."""
        if self.model != MODEL:
            raise ApiError(
                404,
                f"The model {self.model[:100]!r} does not exist. There is one: {MODEL!r}.",
                "model_not_found",
                "model",
            )
        for name in SearchLimits.model_fields:
            if name in (self.model_extra or {}):  # left aside, more than wanted would be searched
                raise _refused(f'Send it as {{"strategiewijzer": {{"{name}": ...}}}}.', name)


class OpenAIShape(Frozen):
    """A part of a reply; openapi.json tells that fields with a fixed value are always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class UrlPlace(OpenAIShape):
    """The official page that a marker in the text refers to. `start_index` to `end_index`
    (exclusive) is the marker, counted in Unicode characters (code points)."""

    url: str
    title: str
    start_index: int
    end_index: int


class UrlCitation(OpenAIShape):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlPlace


class ChatFacts(AnswerFacts):
    """The facts of an answer for which OpenAI's protocol has no place; `limits` are those that the
    request had."""

    reason: str
    message: Message | Literal[""]
    confidence: float
    trouble: ModelTrouble | Literal[""]
    checker: str
    check_trouble: ModelTrouble | Literal[""]
    generation: str
    limits: SearchLimits


class _Message(OpenAIShape):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None
    annotations: tuple[UrlCitation, ...]


class _Choice(OpenAIShape):
    index: Literal[0] = 0
    message: _Message
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class _Usage(OpenAIShape):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatReply(OpenAIShape):
    """A chat completion. `usage` is an estimate: four characters a token."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[_Choice]
    usage: _Usage
    citations: tuple[SourceQuote, ...]
    strategiewijzer: ChatFacts


class ModelInfo(OpenAIShape):
    """The one model that there is."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: Literal[0] = 0  # nobody made it
    owned_by: str = MODEL


class ModelList(OpenAIShape):
    object: Literal["list"] = "list"
    data: tuple[ModelInfo, ...] = (ModelInfo(),)


@router.get("/v1/models")
async def models(_: AskCaller) -> ModelList:
    """Lists the one model that there is."""
    return ModelList()


@router.post("/v1/chat/completions", response_model=ChatReply, responses={200: _DESCRIBED})
async def chat(
    body: ChatRequest, request: Request, caller: AskCaller, service: TheService
) -> Response:
    """Answers the last message in the form of Chat Completions (docs/clients.md)."""
    body.check()
    default = service.settings().default_language
    question, history = await service.run(lambda: read_conversation(body.messages, default))
    reply = _Reply(body)
    asking = Asking(question, history, scope=body.strategiewijzer.scope)
    if not body.stream:
        answer = await service.answer(caller, asking, request)
        reply.text.take(Finished(answer=answer))
        return json_reply(reply.whole(answer).model_dump_json())
    begun = service.begin(caller, asking, pause=PING)
    first = await anext(begun)  # what fails before it has a status of its own

    async def streamed() -> AsyncIterator[bytes]:
        yield _event(reply.chunk({"role": "assistant", "content": "", "refusal": None}))
        for piece in reply.pieces(first) if first else ():
            yield piece
        async for piece in sent(begun, reply.pieces, _failed):
            yield piece
        yield b"data: [DONE]\n\n"

    return event_stream(streamed())


class _Reply:
    """A reply in the making, whole or in chunks."""

    def __init__(self, body: ChatRequest) -> None:
        self.text = ClientText()
        self._limits = body.strategiewijzer
        self._prompt_tokens = _tokens(*(message.text for message in body.messages))
        self._head: dict[str, Any] = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": MODEL,
        }

    def whole(self, answer: Answer) -> ChatReply:
        """The whole reply, once its text is."""
        declined = answer.kind == "reply" and answer.message in _DECLINED
        quotes = source_quotes(answer, self.text.citations(answer))
        message = _Message(
            content=self.text.text,
            refusal=answer.text if answer.kind == "refusal" or declined else None,
            annotations=tuple(annotations(self.text, quotes, answer.language)),
        )
        prompt, completion = self._prompt_tokens, _tokens(self.text.text)
        return ChatReply(
            **self._head,
            choices=(_Choice(message=message),),
            usage=_Usage(
                prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
            ),
            citations=quotes,
            strategiewijzer=filled(ChatFacts, answer, limits=self._limits),
        )

    def pieces(self, event: Event) -> Iterator[bytes]:
        """The chunks that an event adds; at the end refusal, annotations and our own fields."""
        if text := self.text.take(event):
            yield _event(self.chunk({"content": text}))
        if not isinstance(event, Finished):
            return
        whole = self.whole(event.answer).model_dump(mode="json")
        message = whole["choices"][0]["message"]
        for name in ("refusal", "annotations"):
            if message[name]:
                yield _event(self.chunk({name: message[name]}))
        ours = {name: whole[name] for name in ("citations", "strategiewijzer")}
        yield _event({**self.chunk({}, "stop"), **ours})

    def chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}


def annotations(
    text: ClientText, quotes: Iterable[SourceQuote], language: str
) -> Iterator[UrlCitation]:
    """The official page of each marker that has one; a brief has that of the official text."""
    first = {quote.number: quote for quote in reversed([*quotes])}
    for marker in text.markers:
        quote = first.get(marker.number)
        if quote is None or not quote.url:
            continue
        about = f" ({client_words(language).summary})" if quote.kind == "brief" else ""
        place = UrlPlace(
            url=quote.url,
            title=f"{quote.title}{about}",
            start_index=marker.start,
            end_index=marker.end,
        )
        yield UrlCitation(url_citation=place)


def _tokens(*texts: str) -> int:
    """An estimate: four characters each."""
    return math.ceil(sum(map(len, texts)) / _PER_TOKEN)


def _event(chunk: Mapping[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(chunk, ensure_ascii=False))


def _failed(reply: ErrorReply) -> bytes:
    return _event(reply.model_dump(mode="json"))


def _refused(message: str, param: str = "messages", code: str = "unsupported_value") -> ApiError:
    return ApiError(400, message, code, param)


def read_conversation(
    messages: Sequence[ClientMessage], default_language: str
) -> tuple[str, tuple[Turn, ...]]:
    """The question, which is the last message, and the turns before it, oldest first. Raises
    ApiError: the last message is not a user's question in text."""
    last = messages[-1]
    if last.role != "user":
        raise _refused("The last message has to be the user's: it is the question.")
    if last.other_parts:
        raise _refused(f"Only text is read, no {last.other_parts[0][:30]!r}. Leave it out.")
    question = visible(last.text).strip()
    if not question:
        raise _refused("The last message is empty. Ask a question.")
    if len(question) > MAX_QUESTION:
        raise _refused(
            f"A question has at most {MAX_QUESTION} characters; this one has {len(question)}.",
            code="question_too_long",
        )
    return question, _with_kinds(list(_turns(messages))[-_TURNS:], question, default_language)


def _turns(messages: Sequence[ClientMessage]) -> Iterator[Turn]:
    """Pairs each user's message with the answer to it; messages of systems and tools are left
    aside."""
    question = ""
    for message in messages:
        if message.role == "user":
            question = visible(message.text).strip()
        elif message.role == "assistant" and question:
            if len(question) <= MAX_QUESTION:
                yield _turn(question, message.text[:_ANSWER])
            question = ""


def _with_kinds(turns: Sequence[Turn], question: str, default_language: str) -> tuple[Turn, ...]:
    """These turns, with the kinds of those messages that asked the sources nothing."""
    questions = [*(turn.question for turn in turns), question]
    languages = detect_languages(questions, default_language)
    return tuple(
        turn.model_copy(update={"message": classify(turn.question, language).kind or ""})
        for turn, language in zip(turns, languages, strict=False)
    )


def _turn(question: str, sent: str) -> Turn:
    """A question with the answer as it was sent (api/client_text.py), without what stood below."""
    headings = "|".join(map(re.escape, prompts.reference_headings()))
    proper = re.split(rf"\n\n\*\*(?:{headings})\*\*\n", visible(sent), maxsplit=1)[0]
    pieces = []
    for number, piece in enumerate(_MARKER.split(proper, _MARKERS)):  # words, number, words, ...
        words = Marked(_ESCAPE.sub(r"\1", piece))
        pieces.append(Marked.citing([int(piece)]) if number % 2 else words)
    answer = Marked.joined(pieces)
    return Turn(question=question, answer_text=answer.text, markers=answer.markers)
