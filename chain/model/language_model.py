"""A language model behind a server: requests, and replies as a stream with limits."""

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from chain.model.servers import (
    DEFAULT_CONTEXT,
    Context,
    Server,
    asked_to_wait,
    is_transient,
    known_context,
    refused_parameter,
    refuses_system_role,
    translated,
    wants_responses,
)
from core import telemetry
from core.answer import ModelTrouble
from core.background import in_background
from core.breaker import Breaker
from core.environment import trace_with_langsmith
from core.errors import ModelError
from core.settings import Settings
from language.escaping import visible

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}

_ENDS = {
    tag: f"{tag[0]}/{tag[1:]}"
    for tag in ("<think>", "<thinking>", "<thought>", "<reasoning>", "[think]")
}


class Thoughts:
    """Strips tagged thoughts from the beginning of a reply as it arrives."""

    def __init__(self) -> None:
        self._blank = ""  # white space before a possible tag
        self._begun = ""  # the possible tag; within thoughts, their last characters
        self._end = ""  # the closing tag, within thoughts
        self._are_over = False

    def without(self, piece: str) -> str:
        """The part of the reply that this piece adds."""
        return piece if self._are_over else "".join(map(self._take, piece))

    def rest(self) -> str:
        """At the end of the reply: an incomplete tag, which is text."""
        return "" if self._end or self._are_over else self._blank + self._begun

    def _take(self, character: str) -> str:
        if self._are_over:
            return character
        if self._end:
            self._begun = f"{self._begun}{character.lower()}"[-len(self._end) :]
            if self._begun == self._end:
                self._blank = self._begun = self._end = ""
        elif not self._begun and character.isspace():
            self._blank += character
        else:
            self._begun += character
            begun = self._begun.lower()
            self._end = _ENDS.get(begun, "")
            self._are_over = not any(tag.startswith(begun) for tag in _ENDS)
        return self._blank + self._begun if self._are_over else ""


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a reply, without its thoughts."""
    thoughts = Thoughts()
    for piece in pieces:
        if said := thoughts.without(piece):
            yield said
    if rest := thoughts.rest():
        yield rest


# The form in which a server takes a request: optional fields, and the system message.


FORMS = frozenset({"response_format", "text"})
"""The schema of the reply, in either API."""

_LIMITS = ("max_completion_tokens", "max_tokens")  # OpenAI's name, and that of all others


def optional_fields(
    settings: Settings,
    schema: Mapping[str, Any] | None,
    tokens: int | None,
    *,
    refused: Collection[str],
    responses: bool,
    official: bool,
) -> dict[str, Any]:
    """The fields that are set and not refused, by their names in either of OpenAI's APIs.

    They go into the body unchanged: langchain-openai would rename or drop some, and it loses the
    token counts of a stream that it parses by a schema.

    Args:
        settings: temperature and reasoning effort.
        schema: JSON schema of the reply, with a title.
        tokens: limit of the reply; `answer_tokens` if not given.
        refused: fields that the server refuses.
        responses: the request goes to the Responses API.
        official: the server has OpenAI's own models.
    """
    tokens, effort = tokens or settings.answer_tokens, settings.reasoning_effort or None
    form: dict[str, Any] | None = None
    if schema is not None:
        form = {"name": schema["title"], "strict": True, "schema": schema}
    fields: dict[str, Any] = {"stream": True, "temperature": settings.temperature}
    if responses:
        fields["text"] = form and {"format": {"type": "json_schema", **form}}
        fields["max_output_tokens"] = tokens
        fields["reasoning"] = effort and {"effort": effort}
    else:
        fields["response_format"] = form and {"type": "json_schema", "json_schema": form}
        limits = _LIMITS if official else _LIMITS[::-1]
        fields |= dict.fromkeys([name for name in limits if name not in refused][:1], tokens)
        fields["reasoning_effort"] = effort
        if "stream" not in refused:  # servers refuse the options without it
            fields["stream_options"] = {"include_usage": True}
    return {key: value for key, value in fields.items() if value is not None and key not in refused}


def in_one(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Merges the system message into the question, for models without a system role."""
    if len(messages) < 2 or not isinstance(messages[0], SystemMessage):
        return list(messages)
    return [HumanMessage(f"{messages[0].text}\n\n{messages[1].text}"), *messages[2:]]


# Streams one reply of a language model, with limits of time and length.


_LONGEST = 400_000  # characters, some 100,000 tokens; an endless reply would fill memory
_PIECE = 200  # characters of a piece: the deadline is checked between two only
_OUT_OF_TOKENS = frozenset({"length", "max_output_tokens"})


def within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces of a reply until a deadline.

    A thread reads them, so that neither a silent server nor a client that drains a stream before
    closing it can block the answer.

    Raises:
        ModelError: the time is up, or `pieces` raises it.
    """
    deadline = time.monotonic() + seconds
    with closing(in_background(pieces)) as arrived:
        for piece in arrived:
            if time.monotonic() > deadline:  # an endless reply always has a piece ready
                raise ModelError(
                    f"The model gave no whole answer within {seconds:g} seconds. Set "
                    "STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
                    "slow",
                )
            if piece is not None:
                yield piece


def replied(
    client: BaseChatOpenAI,
    messages: Sequence[BaseMessage],
    sent: Mapping[str, Any],
    config: RunnableConfig | None,
) -> Iterator[str]:
    """Yields the pieces of one reply, without the model's thoughts.

    Raises:
        ModelError: the reply is empty, too long or incomplete.
        Exception: raised by the client.
    """
    ending, written = "", False

    def texts() -> Iterator[str]:
        nonlocal ending
        body = {key: value for key, value in sent.items() if key != "stream"}
        with telemetry.call("chat", client.model_name, _address(client)) as call:
            if "stream" in sent:
                parts: Iterable[BaseMessage] = client.stream(
                    list(messages), config, extra_body=body
                )
            else:
                parts = [client.invoke(list(messages), config, extra_body=body)]
            for part in parts:
                ending = _ending(part.response_metadata) or ending
                call.tokens = _tokens(part) or call.tokens
                yield str(part.text)

    for text in without_thoughts(tidy(texts())):
        written = written or bool(text.strip())
        yield text
    if ending in _OUT_OF_TOKENS:
        told = "" if written else " before it wrote anything"
        raise ModelError(
            f"The model reached its limit of tokens{told}. Set STRATEGIEWIJZER_ANSWER_TOKENS "
            "higher or leave it empty, or STRATEGIEWIJZER_REASONING_EFFORT lower.",
            "cut" if written else "empty",
        )
    if ending == "content_filter":
        raise ModelError(
            "The model's server filters the answer out. See its settings for content.",
            "cut" if written else "refused",
        )
    if not written:
        raise ModelError("The model's answer is empty.", "empty")
    if not ending:
        raise ModelError("The model's answer broke off on its way.", "cut", "unreachable")


def tidy(texts: Iterable[str]) -> Iterator[str]:
    """The text in short pieces, without invisible characters and with runs of white space
    shortened: to the first character and two line ends.

    Raises:
        ModelError: the text is too long.
    """
    length, blank = 0, ""
    for text in texts:
        length += len(text)
        if length > _LONGEST:
            raise ModelError(
                f"The model wrote more than {_LONGEST} characters and was not read further. Set "
                "STRATEGIEWIJZER_ANSWER_TOKENS lower.",
                "cut",
            )
        kept: list[str] = []
        for character in visible(text):
            if not character.isspace():
                blank = ""
            elif not blank or (character == "\n" and blank.count("\n") < 2):
                blank += character
            else:
                continue
            kept.append(character)
        for start in range(0, len(kept), _PIECE):
            yield "".join(kept[start : start + _PIECE])


def _address(client: BaseChatOpenAI) -> str:
    return client.openai_api_base or str(getattr(client, "azure_endpoint", "") or "")


def _tokens(part: BaseMessage) -> tuple[int, int] | None:
    """Tokens of the request and of the reply, where the server tells them."""
    usage = getattr(part, "usage_metadata", None)
    return (usage["input_tokens"], usage["output_tokens"]) if usage else None


def _ending(about: Mapping[str, Any]) -> str:
    """Finish reason in either API: "stop", "length", "completed", ..."""
    incomplete = about.get("incomplete_details") or {}
    return str(incomplete.get("reason") or about.get("finish_reason") or about.get("status") or "")


# Client of the configured language model: streams a reply, with retries and a deadline.


logger = logging.getLogger(__name__)

_TRIES = 3  # of a request with a transient failure; a reader waits for each of them
_FIRST_WAIT = 0.5  # seconds before the second try; doubles, as a busy server needs time
_CONTEXT_KEPT = 600.0  # seconds: a server may come back with another model, or come back
_LASTING: frozenset[ModelTrouble] = frozenset({"key", "quota", "unknown_model", "unreachable"})


class ChatModel:
    """One configured model, to be shared between threads: it remembers what the server refuses.

    Args:
        settings: server and parameters.
        name: of the model, if not `settings.model`.

    Raises:
        SettingsError: a package that a setting needs is missing.
    """

    def __init__(self, settings: Settings, name: str = "") -> None:
        trace_with_langsmith(settings.langsmith_tracing)
        self._settings = settings
        self._server = Server(settings)
        self.name = name or settings.model
        """Empty until `named` has asked the server."""
        self._client: BaseChatOpenAI | None = None
        self._breaker = Breaker()
        self._refused: frozenset[str] = frozenset()
        self._has_system_role = True
        self._context_told = False
        self._usual: tuple[int, float] | None = None  # context length, and when to ask again

    @property
    def address(self) -> str:
        """URL of the server, without secrets."""
        return self._server.address

    @property
    def takes_schema(self) -> bool:
        """Whether replies are asked for by JSON schema."""
        return self._settings.structured_answers and not self._refused & FORMS

    @property
    def refused(self) -> tuple[str, ...]:
        """Parameters that the server refused and that are not sent again."""
        return tuple(sorted(self._refused))

    def named(self) -> str:
        """Name of the model; if no setting has it, the only one on the server.

        Raises:
            ModelError: the server has none or several, or does not list them.
        """
        if not self.name:
            self.name = self._server.only_model()
        return self.name

    def room(self) -> int:
        """Context length for prompt and answer in tokens: `model_context`, or Ollama's if smaller;
        where that is not set, what the server tells or the model is known for, else 8,192.

        Raises:
            ModelError: the server does not list its models.
        """
        seen = self.ollama_context()
        told = seen.used if seen is not None and seen.sure else None
        wanted = self._settings.model_context or told or self._usual_context()
        if seen is None or seen.used >= wanted:
            return wanted
        if not self._context_told:
            self._context_told = True
            logger.warning("%s", seen)
        return seen.used

    def _usual_context(self) -> int:
        now = time.monotonic()
        if self._usual is None or now > self._usual[1]:
            told = self._server.listed_context(self.named())
            tokens = told or known_context(self.named()) or DEFAULT_CONTEXT
            self._usual = tokens, now + _CONTEXT_KEPT
        return self._usual[0]

    def ollama_context(self) -> Context | None:
        """Ollama's context length; None if the server is not Ollama.

        Raises:
            ModelError: the server does not list its models.
        """
        self._breaker.check()
        return self._server.context(self.named())

    def stream(
        self,
        messages: Sequence[BaseMessage],
        *,
        seconds: float,
        schema: Mapping[str, Any] | None = None,
        tokens: int | None = None,
        config: RunnableConfig | None = None,
    ) -> Iterator[str]:
        """Streams the reply in pieces.

        Args:
            messages: the prompt; only the first may be a system message.
            seconds: time limit for all tries together.
            schema: JSON schema of the reply, with a title; ignored if the server takes none.
            tokens: limit of the reply, reasoning included; `answer_tokens` if not given.
            config: LangChain's, for callbacks and tracers.

        Raises:
            ModelError: the model failed. With the reason "cut" the reply broke off, by its token
                limit or by a lost connection (`first` is "unreachable"), and the pieces are its
                beginning.
        """
        started = self._breaker.admit()
        pieces = self._pieces(messages, schema, tokens, config, started + seconds)
        try:
            for piece in within(seconds, pieces):
                self._breaker.worked()
                yield piece
        except ModelError as error:
            if error.reason in _LASTING:
                self._breaker.failed(error, started)
            elif error.first in _LASTING:
                self._breaker.broke_off(error)
            else:
                self._breaker.worked()
            raise

    def whole(
        self,
        messages: Sequence[BaseMessage],
        *,
        seconds: float,
        schema: Mapping[str, Any] | None = None,
        tokens: int | None = None,
        config: RunnableConfig | None = None,
    ) -> str:
        """Returns the whole reply; arguments and errors as in `stream`."""
        parts = self.stream(messages, seconds=seconds, schema=schema, tokens=tokens, config=config)
        return "".join(parts)

    def _pieces(
        self,
        messages: Sequence[BaseMessage],
        schema: Mapping[str, Any] | None,
        tokens: int | None,
        config: RunnableConfig | None,
        deadline: float,
    ) -> Iterator[str]:
        """As `stream`, asking again without what the server refuses, or after a transient error."""
        name, tries, wait = self.named(), 1, _FIRST_WAIT
        left_out: set[str] = set()  # left out on trial: the server did not name what it refuses
        while True:
            begun = False
            client = self._client or self._made(name, responses=False)
            fields = optional_fields(
                self._settings,
                schema if self.takes_schema else None,
                tokens,
                refused=self._refused,
                responses=bool(client.use_responses_api),
                official=self._server.official,
            )
            sent = {key: value for key, value in fields.items() if key not in left_out}
            asked = messages if self._has_system_role else in_one(messages)
            try:
                for piece in replied(client, asked, sent, config):
                    begun = True
                    self._refused |= left_out
                    yield piece
                return
            except ModelError:
                raise
            except Exception as error:
                told = translated(error, name, self._server.secret)
                if not isinstance(told, ModelError):
                    raise
                if begun:
                    text = f"The model's answer broke off. {told}"
                    raise ModelError(text, "cut", told.reason) from None
                if named := refused_parameter(error, sent):
                    logger.info("The model's server refuses %r; it is not sent again.", named)
                    self._refused |= {named}
                elif self._has_system_role and refuses_system_role(error):
                    self._has_system_role = False
                elif not client.use_responses_api and wants_responses(error):
                    self._made(name, responses=True)
                elif told.reason == "parameter" and sent:
                    left_out |= sent.keys() & FORMS or sent.keys()
                elif is_transient(error) and tries < _TRIES:
                    wait = max(wait, asked_to_wait(error))
                    if time.monotonic() + wait >= deadline:
                        raise told from None
                    time.sleep(wait)
                    tries, wait = tries + 1, 2 * wait
                else:
                    raise told from None

    def _made(self, name: str, *, responses: bool) -> BaseChatOpenAI:
        self._client = self._server.client(name, responses=responses)
        return self._client


# JSON schemas of replies, within what OpenAI's strict mode takes.


def object_of(**fields: Schema) -> Schema:
    """An object that has all of these fields and no other."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def list_of(entry: Schema) -> Schema:
    return {"type": "array", "items": entry}
