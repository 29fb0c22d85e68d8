"""The replies of OpenAI's protocol, as openapi.json describes them and as they are sent.

Names and constant fields are those of OpenAI's API reference; `citations` and `strategiewijzer` are
what it has no place for.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from api.search_limits import SearchLimits
from api.source_quote import SourceQuote
from core.answer import AnswerKind, LeftOutSentence, Message, Mode, ModelTrouble
from core.frozen import Frozen


class UrlCitation(Frozen):
    """The official page that a marker in the text refers to. `start_index` to `end_index`
    (exclusive) is the marker, counted in Unicode characters (code points)."""

    url: str
    title: str
    start_index: int
    end_index: int


class FileCitation(Frozen):
    """The passage that a marker refers to, of a document without an official page. `index` is where
    the marker begins, counted in Unicode characters (code points)."""

    file_id: str
    filename: str
    index: int


class ChatUrlCitation(Frozen):
    type: Literal["url_citation"]
    url_citation: UrlCitation


class ChatFileCitation(Frozen):
    type: Literal["file_citation"]
    file_citation: FileCitation


class ResponseUrlCitation(UrlCitation):
    type: Literal["url_citation"]


class ResponseFileCitation(FileCitation):
    type: Literal["file_citation"]


class AnswerFacts(Frozen):
    """What is known of the answer, as in `Answer`; `limits` are those that the request had."""

    kind: AnswerKind
    reason: str
    message: Message | Literal[""]
    language: str
    missing: tuple[str, ...]
    related: tuple[str, ...]
    did_you_mean: str
    confidence: float
    mode: Mode
    trouble: ModelTrouble | Literal[""]
    unconfirmed: tuple[str, ...]
    left_out: tuple[LeftOutSentence, ...]
    checker: str
    unchecked: bool
    generation: str
    limits: SearchLimits


class _Extra(Frozen):
    citations: tuple[SourceQuote, ...]
    strategiewijzer: AnswerFacts


class _ChatMessage(Frozen):
    role: Literal["assistant"]
    content: str
    refusal: str | None
    annotations: tuple[
        Annotated[ChatUrlCitation | ChatFileCitation, Field(discriminator="type")], ...
    ]


class _ChatChoice(Frozen):
    index: Literal[0]
    message: _ChatMessage
    logprobs: None
    finish_reason: Literal["stop"]


class _ChatUsage(Frozen):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatReply(_Extra):
    """A chat completion. `usage` is an estimate: four characters a token."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: tuple[_ChatChoice]
    usage: _ChatUsage


class _ResponseText(Frozen):
    type: Literal["output_text"]
    text: str
    annotations: tuple[
        Annotated[ResponseUrlCitation | ResponseFileCitation, Field(discriminator="type")], ...
    ]
    logprobs: tuple[()]


class _ResponseRefusal(Frozen):
    type: Literal["refusal"]
    refusal: str


class _ResponseMessage(Frozen):
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: Literal["completed"]
    content: tuple[Annotated[_ResponseText | _ResponseRefusal, Field(discriminator="type")], ...]


class _ResponseUsage(Frozen):
    input_tokens: int
    input_tokens_details: Mapping[str, int]
    output_tokens: int
    output_tokens_details: Mapping[str, int]
    total_tokens: int


class _TextFormat(Frozen):
    format: Mapping[str, str]


class ResponseReply(_Extra):
    """A response; nothing of it is stored. `usage` is an estimate: four characters a token."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Literal["completed"]
    background: Literal[False]
    error: None
    incomplete_details: None
    instructions: None
    max_output_tokens: None
    metadata: Mapping[str, str]
    model: str
    output: tuple[_ResponseMessage]
    parallel_tool_calls: Literal[False]
    previous_response_id: None
    store: Literal[False]
    temperature: None
    text: _TextFormat
    tool_choice: Literal["none"]
    tools: tuple[()]
    top_p: None
    truncation: Literal["disabled"]
    usage: _ResponseUsage


class ModelInfo(Frozen):
    """The one model that there is."""

    id: str
    object: Literal["model"] = "model"
    created: Literal[0] = 0  # nobody made it
    owned_by: str


class ModelList(Frozen):
    object: Literal["list"] = "list"
    data: tuple[ModelInfo, ...]
