"""Requests in OpenAI's protocol: their bodies, what of these is refused, and what is asked.

Clients send much that has no meaning here (temperature, system messages, tools that may be called):
that is left aside. What would give another answer than was asked for is refused.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

import prompts
from api.openai_reply import MODEL
from api.problem import ApiError, invalid_request
from api.request_shapes import SearchLimits, unknown
from chain.request import MAX_QUESTION
from chain.understanding.intent import classify
from core.answer import Turn
from core.answer_blocks import Marked
from core.errors import MAX_BODY
from language.escaping import visible
from language.identify import detect_languages
from vectorstore.embeddings import local_embedder

_MESSAGES = 1000  # in one request: more than any conversation has
_TURNS = 10  # that are looked at: a follow-up hardly ever points further back
_ANSWER = 10_000  # characters of an earlier answer that are looked at: longer ones are not ours
_MARKERS = 200  # in it that are looked at; more are left as they are
_MARKER = re.compile(r"(?<!\\)\[(\d{1,4})\]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")


_Key = Annotated[str, StringConstraints(max_length=64)]  # of metadata, as OpenAI bounds it
_Value = Annotated[str, StringConstraints(max_length=512)]


class _Body(BaseModel):
    """A part of a body. With a bound every text is looked at, and so refused where it is none:
    half of a character (a lone surrogate), which nothing can write again."""

    model_config = ConfigDict(str_max_length=MAX_BODY)


class _Part(_Body):
    type: str = ""
    text: str = ""
    refusal: str = ""


class ClientMessage(_Body):
    """A message of Chat Completions or an item of Responses; other items have no role."""

    role: str = ""
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        if not isinstance(self.content, list):
            return self.content or ""
        texts = [part.text or part.refusal for part in self.content if part.type in _TEXT_PARTS]
        # A refusal of ours says the same once more.
        return "\n".join(dict.fromkeys(texts))

    @property
    def other_parts(self) -> list[str]:
        """The kinds of what is no text."""
        parts = self.content if isinstance(self.content, list) else []
        return [part.type for part in parts if part.type not in _TEXT_PARTS]


Messages = Annotated[list[ClientMessage], Field(min_length=1, max_length=_MESSAGES)]


class _Format(_Body):
    type: str = "text"


class _Common(_Body):
    """The fields that both forms of the protocol have; `strategiewijzer` is ours, and limits the
    search."""

    model_config = ConfigDict(extra="allow")  # what is left aside

    model: str
    stream: bool = False
    tool_choice: object = None
    strategiewijzer: SearchLimits = SearchLimits()

    def check(self) -> None:
        """
        Raises:
            ApiError: it asks for something that there is not.
        """
        if self.model != MODEL:
            raise unknown_model(self.model)
        if self.tool_choice not in (None, "auto", "none"):
            raise refused("No tool is ever called. Leave out tool_choice.", "tool_choice")
        for name in SearchLimits.model_fields:
            if name in (self.model_extra or {}):  # left aside, more than wanted would be searched
                raise refused(f'Send it as {{"strategiewijzer": {{"{name}": ...}}}}.', name)


class _StreamOptions(_Body):
    include_usage: bool = False


class ChatRequest(_Common):
    """The body of a request to /v1/chat/completions, as far as it has a meaning here."""

    messages: Messages
    stream_options: _StreamOptions | None = None
    n: int | None = None
    modalities: list[str] | None = None
    response_format: _Format | None = None

    def check(self) -> None:
        super().check()
        if self.n not in (None, 1):
            raise refused("There is one answer to a question. Leave out n.", "n")
        if self.modalities not in (None, ["text"]):
            raise refused("Answers are text. Leave out modalities.", "modalities")
        if self.response_format is not None:
            _check_format(self.response_format, "response_format")


class _TextOptions(_Body):
    format: _Format | None = None


class ResponsesRequest(_Common):
    """The body of a request to /v1/responses, as far as it has a meaning here."""

    input: Annotated[str, Field(min_length=1)] | Messages
    previous_response_id: str | None = None
    conversation: object = None
    prompt: object = None
    background: bool | None = None
    text: _TextOptions | None = None
    metadata: Annotated[dict[_Key, _Value], Field(max_length=16)] | None = None

    @property
    def messages(self) -> list[ClientMessage]:
        if isinstance(self.input, str):
            return [ClientMessage(role="user", content=self.input)]
        return self.input

    def check(self) -> None:
        super().check()
        for name in ("previous_response_id", "conversation"):
            if getattr(self, name) is not None:
                raise refused(
                    "Nothing is stored here, so nothing can be taken up again. Send the earlier "
                    "messages in input.",
                    name,
                )
        if self.prompt is not None:
            raise refused("There are no stored prompts. Send the question in input.", "prompt")
        if self.background:
            raise refused("Nothing is answered in the background. Leave it out.", "background")
        if self.text is not None and self.text.format is not None:
            _check_format(self.text.format, "text.format")


def _check_format(wanted: _Format, param: str) -> None:
    if wanted.type != "text":
        raise refused("Answers are text, in no other form. Leave out the format.", param)


def refused(message: str, param: str, code: str = "unsupported_value") -> ApiError:
    return ApiError(400, message, code, param)


def unknown_model(name: str) -> ApiError:
    return ApiError(
        404,
        f"The model {name[:100]!r} does not exist. There is one: {MODEL!r}.",
        "model_not_found",
        "model",
    )


def wrong_body(error: RequestValidationError) -> ApiError:
    """The reply to a body that is no request."""
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        *places, name = map(str, first["loc"][1:])
        place = ".".join(places)
        message = unknown(f"{place} field", name, SearchLimits.model_fields)
        return ApiError(400, message, "invalid_request", place)
    return invalid_request(400, error)


def read_conversation(
    messages: Sequence[ClientMessage], default_language: str, param: str
) -> tuple[str, tuple[Turn, ...]]:
    """The question, which is the last message, and the turns before it, oldest first.

    Raises:
        ApiError: the last message is not a user's question in text.
    """
    last = messages[-1]
    if last.role != "user":
        raise refused("The last message has to be the user's: it is the question.", param)
    if last.other_parts:
        raise refused(f"Only text is read, no {last.other_parts[0][:30]!r}. Leave it out.", param)
    question = visible(last.text).strip()
    if not question:
        raise refused("The last message is empty. Ask a question.", param)
    if len(question) > MAX_QUESTION:
        raise refused(
            f"A question has at most {MAX_QUESTION} characters; this one has {len(question)}.",
            param,
            "question_too_long",
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
    embedder = local_embedder()
    return tuple(
        turn.model_copy(update={"message": classify(turn.question, language, embedder).kind or ""})
        for turn, language in zip(turns, languages, strict=False)
    )


def _turn(question: str, sent: str) -> Turn:
    """A question with the answer as it was sent (api/openai_reply.py), without what stood below."""
    headings = "|".join(map(re.escape, prompts.reference_headings()))
    proper = re.split(rf"\n\n\*\*(?:{headings})\*\*\n", visible(sent), maxsplit=1)[0]
    pieces = []
    for number, piece in enumerate(_MARKER.split(proper, _MARKERS)):  # words, number, words, ...
        words = Marked(_ESCAPE.sub(r"\1", piece))
        pieces.append(Marked.citing([int(piece)]) if number % 2 else words)
    answer = Marked.joined(pieces)
    return Turn(question=question, answer_text=answer.text, markers=answer.markers)
