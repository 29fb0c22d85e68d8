"""The configured language model: asks its server and streams the reply, with retries."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from chain.model.failures import (
    asked_to_wait,
    is_transient,
    refused_parameter,
    refuses_system_role,
    translated,
)
from chain.model.reply import Schema
from chain.model.servers import Context, Server
from chain.model.streaming import replied, within
from core.answer import ModelTrouble
from core.breaker import Breaker
from core.environment import no_langsmith_tracing
from core.errors import ModelError
from core.settings import Settings

logger = logging.getLogger(__name__)

_TRIES = 3  # of a request with a transient failure; a reader waits for each of them
_FIRST_WAIT = 0.5  # seconds before the second try; doubles, as a busy server needs time
_CONTEXT_KEPT = 600.0  # seconds: a server may come back with another model, or come back
_LASTING: frozenset[ModelTrouble] = frozenset({"key", "quota", "unknown_model", "unreachable"})
_LIMITS = ("max_completion_tokens", "max_tokens")  # OpenAI's name, and that of all others


class ChatModel:
    """One configured model, to be shared between threads: it remembers what the server refuses.

    Args:
        settings: server and parameters.
        name: of the model, if not `settings.model`.

    Raises:
        SettingsError: a package that a setting needs is missing.
    """

    def __init__(self, settings: Settings, name: str = "") -> None:
        no_langsmith_tracing()
        self._settings = settings
        self._server = Server(settings)
        self.name = name or settings.model
        """Empty until `named` has asked the server."""
        self._client: BaseChatOpenAI | None = None
        self._breaker = Breaker()
        self._refused: frozenset[str] = frozenset()
        self._has_system_role = True
        self._has_warned = False  # that Ollama uses a smaller context
        self._usual: tuple[int, float] | None = None  # context length, and when to ask again

    @property
    def address(self) -> str:
        """URL of the server, without secrets."""
        return self._server.address

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
        ollama = self.ollama_context()
        reported = ollama.used if ollama is not None and ollama.sure else None
        wanted = self._settings.model_context or reported or self._usual_context()
        if ollama is None or ollama.used >= wanted:
            return wanted
        if not self._has_warned:
            self._has_warned = True
            logger.warning("%s", ollama)
        return ollama.used

    def _usual_context(self) -> int:
        now = time.monotonic()
        if self._usual is None or now > self._usual[1]:
            self._usual = self._server.usual_context(self.named()), now + _CONTEXT_KEPT
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
        schema: Schema | None = None,
        config: RunnableConfig | None = None,
    ) -> Iterator[str]:
        """Streams the reply in pieces.

        Args:
            messages: the prompt; only the first may be a system message. It has the form of the
                reply in words, as a server may refuse the schema.
            seconds: time limit for all tries together.
            schema: JSON schema of the reply, with a title; left out if the server takes none.
            config: LangChain's, for callbacks and tracers.

        Raises:
            ModelError: the model failed. With the reason "cut" the reply broke off, by its token
                limit or by a lost connection (`first` is "unreachable"), and the pieces are its
                beginning.
        """
        started = self._breaker.admit()
        pieces = self._pieces(messages, schema, config, started + seconds)
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
        schema: Schema | None = None,
        config: RunnableConfig | None = None,
    ) -> str:
        """Returns the whole reply; arguments and errors as in `stream`."""
        return "".join(self.stream(messages, seconds=seconds, schema=schema, config=config))

    def _pieces(
        self,
        messages: Sequence[BaseMessage],
        schema: Schema | None,
        config: RunnableConfig | None,
        deadline: float,
    ) -> Iterator[str]:
        """As `stream`, asking again without what the server refuses, or after a transient error."""
        name, tries, wait = self.named(), 1, _FIRST_WAIT
        left_out: set[str] = set()  # left out on trial: the server did not name what it refuses
        client = self._client = self._client or self._server.client(name)
        while True:
            has_begun = False
            fields = self._fields(schema, left_out)
            prompt = messages if self._has_system_role else _in_one(messages)
            try:
                for piece in replied(client, prompt, fields, config):
                    has_begun = True
                    self._refused |= left_out
                    yield piece
                return
            except ModelError:
                raise
            except Exception as error:
                failure = translated(error, name, self._server.secret)
                if not isinstance(failure, ModelError):
                    raise
                if has_begun:
                    text = f"The model's answer broke off. {failure}"
                    raise ModelError(text, "cut", failure.reason) from None
                if refused := refused_parameter(error, fields):
                    logger.info("The model's server refuses %r; it is not sent again.", refused)
                    self._refused |= {refused}
                elif self._has_system_role and refuses_system_role(error):
                    self._has_system_role = False
                elif failure.reason == "parameter" and fields:
                    left_out |= fields.keys() & {"response_format"} or fields.keys()
                elif is_transient(error) and tries < _TRIES:
                    wait = max(wait, asked_to_wait(error))
                    if time.monotonic() + wait >= deadline:
                        raise failure from None
                    time.sleep(wait)
                    tries, wait = tries + 1, 2 * wait
                else:
                    raise failure from None

    def _fields(self, schema: Schema | None, left_out: set[str]) -> dict[str, Any]:
        """The fields of the request that are set and not refused."""
        settings, refused = self._settings, self._refused | left_out
        fields: dict[str, Any] = {
            "stream": True,
            "temperature": settings.temperature,
            "reasoning_effort": settings.reasoning_effort or None,
        }
        if schema is not None:
            form = {"name": schema["title"], "strict": True, "schema": schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": form}
        limits = _LIMITS if self._server.official else _LIMITS[::-1]
        fields |= dict.fromkeys(
            [name for name in limits if name not in refused][:1], settings.answer_tokens
        )
        if "stream" not in refused:  # servers refuse the options without it
            fields["stream_options"] = {"include_usage": True}
        return {
            name: value
            for name, value in fields.items()
            if value is not None and name not in refused
        }


def _in_one(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Merges the system message into the question, for models without a system role."""
    if len(messages) < 2 or not isinstance(messages[0], SystemMessage):
        return list(messages)
    return [HumanMessage(f"{messages[0].text}\n\n{messages[1].text}"), *messages[2:]]
