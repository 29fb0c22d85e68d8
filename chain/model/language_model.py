"""The configured language model: asks its server and streams the reply, within limits of time and
length, with retries and without the model's thoughts."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI

from chain.model.failures import asked_to_wait, is_transient, refused_parameter, translated
from chain.model.reply import Schema
from chain.model.servers import Server
from core import telemetry
from core.answer import ModelTrouble
from core.background import in_background
from core.breaker import Breaker
from core.environment import no_langsmith_tracing
from core.errors import ModelError
from core.settings import Settings
from language.escaping import visible

logger = logging.getLogger(__name__)

_TRIES = 3  # of a request with a transient failure; a reader waits for each of them
_FIRST_WAIT = 0.5  # seconds before the second try; doubles, as a busy server needs time
_CONTEXT_KEPT = 600.0  # seconds: a server may come back with another model, or come back
_LASTING: frozenset[ModelTrouble] = frozenset({"key", "quota", "unknown_model", "unreachable"})
_LIMITS = ("max_completion_tokens", "max_tokens")  # OpenAI's name, and that of all others
_LONGEST = 400_000  # characters, some 100,000 tokens; an endless reply would fill memory
_PIECE = 200  # characters of a piece: the deadline is checked between two only
_THOUGHTS = ("<think>", "<thinking>", "<thought>", "<reasoning>", "[THINK]")


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
        self._client: ChatOpenAI | None = None
        self._breaker = Breaker()
        self._refused: frozenset[str] = frozenset()
        self._usual: tuple[int, float] | None = None  # context length, and when to ask again

    @property
    def address(self) -> str:
        """URL of the server, without secrets."""
        return self._server.url

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
        wanted = self._settings.model_context
        if ollama := self.ollama_context():
            return min(ollama, wanted or ollama)
        if wanted:
            return wanted
        now = time.monotonic()
        if self._usual is None or now > self._usual[1]:
            self._usual = self._server.usual_context(self.named()), now + _CONTEXT_KEPT
        return self._usual[0]

    def ollama_context(self) -> int | None:
        """Ollama's context length; None if the server is not Ollama.

        Raises:
            ModelError: the server does not list its models.
        """
        self._breaker.check()
        return self._server.ollama_context(self.named())

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
            messages: the prompt. It has the form of the reply in words, as a server may refuse the
                schema.
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
            for piece in _within(seconds, pieces):
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
            try:
                for piece in _replied(client, messages, fields, config):
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


def _within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces of a reply until a deadline.

    A thread reads them, so that neither a silent server nor a client that drains a stream before
    closing it can block the answer.
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


def _replied(
    client: ChatOpenAI,
    messages: Sequence[BaseMessage],
    fields: Mapping[str, Any],
    config: RunnableConfig | None,
) -> Iterator[str]:
    """Yields the pieces of one reply to a request with these fields, without the model's thoughts.

    Raises:
        ModelError: the reply is empty, too long or incomplete.
        Exception: raised by the client.
    """
    ending, is_written = "", False
    # Unchanged: langchain-openai would rename or drop some, and it loses the token counts of a
    # stream that it parses by a schema.
    body = {name: fields[name] for name in fields if name != "stream"}

    def texts() -> Iterator[str]:
        nonlocal ending
        with telemetry.call("chat", client.model_name, client.openai_api_base or "") as call:
            parts: Iterable[BaseMessage] = (
                client.stream(list(messages), config, extra_body=body)
                if "stream" in fields
                else [client.invoke(list(messages), config, extra_body=body)]
            )
            for part in parts:
                ending = part.response_metadata.get("finish_reason") or ending
                if usage := getattr(part, "usage_metadata", None):
                    call.tokens = usage["input_tokens"], usage["output_tokens"]
                yield str(part.text)

    for text in without_thoughts(tidy(texts())):
        is_written = is_written or bool(text.strip())
        yield text
    if ending == "length":
        before = "" if is_written else " before it wrote anything"
        raise ModelError(
            f"The model reached its limit of tokens{before}. Set STRATEGIEWIJZER_ANSWER_TOKENS "
            "higher or leave it empty, or STRATEGIEWIJZER_REASONING_EFFORT lower.",
            "cut" if is_written else "empty",
        )
    if ending == "content_filter":
        raise ModelError(
            "The model's server filters the answer out. See its settings for content.",
            "cut" if is_written else "refused",
        )
    if not is_written:
        raise ModelError("The model's answer is empty.", "empty")
    if not ending:
        raise ModelError("The model's answer broke off on its way.", "cut", "unreachable")


def tidy(texts: Iterable[str]) -> Iterator[str]:
    """The text in short pieces, without invisible characters.

    Raises:
        ModelError: the text is too long.
    """
    length = 0
    for text in texts:
        length += len(text)
        if length > _LONGEST:
            raise ModelError(
                f"The model wrote more than {_LONGEST} characters and was not read further. Set "
                "STRATEGIEWIJZER_ANSWER_TOKENS lower.",
                "cut",
            )
        shown = visible(text)
        for start in range(0, len(shown), _PIECE):
            yield shown[start : start + _PIECE]


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a reply, without tagged thoughts and white space at its beginning."""
    arriving = iter(pieces)
    begun = ""  # a thought, or what may be its tag
    for piece in arriving:
        begun = (begun + piece).lstrip()
        while tag := next(filter(begun.startswith, _THOUGHTS), ""):
            _, closed, behind = begun.partition(f"{tag[0]}/{tag[1:]}")
            if not closed:
                break
            begun = behind.lstrip()
        if begun and not tag and not any(name.startswith(begun) for name in _THOUGHTS):
            yield begun
            yield from arriving
            return
    if begun and not begun.startswith(_THOUGHTS):
        yield begun  # an incomplete tag is text
