"""Client of the configured language model: streams a reply, with retries and a deadline.

messages -> request with the optional parameters that the server accepts -> pieces of the reply

A parameter that the server refuses is not sent again. After a lasting failure a circuit breaker
blocks calls for a while.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai.chat_models.base import BaseChatOpenAI

from chain.model.reply import replied, within
from chain.model.request_form import FORMS, in_one, optional_fields
from chain.model.server_failures import (
    asked_to_wait,
    passes,
    refused_parameter,
    refuses_system_role,
    translated,
    wants_responses,
)
from chain.model.servers import DEFAULT_CONTEXT, Context, Server, known_context
from core.answer import ModelTrouble
from core.breaker import Breaker
from core.environment import trace_with_langsmith
from core.errors import ModelError
from core.settings import Settings

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
                limit or by a lost connection, and the pieces are its beginning.
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
                    raise ModelError(f"The model's answer broke off. {told}", "cut") from None
                if named := refused_parameter(error, sent):
                    logger.info("The model's server refuses %r; it is not sent again.", named)
                    self._refused |= {named}
                elif self._has_system_role and refuses_system_role(error):
                    self._has_system_role = False
                elif not client.use_responses_api and wants_responses(error):
                    self._made(name, responses=True)
                elif told.reason == "parameter" and sent:
                    left_out |= sent.keys() & FORMS or sent.keys()
                elif passes(error) and tries < _TRIES:
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
