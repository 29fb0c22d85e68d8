"""The configured language model, on OpenAI's server, Azure, Ollama or any other with OpenAI's
protocol: asks it and streams the reply, within limits of time and length, with retries."""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

import prompts
from chain.model.failures import asked_to_wait, is_transient, refused_parameter, translated
from chain.model.reply import Fields, Schema, read_json
from core import telemetry
from core.answer import ModelTrouble
from core.background import in_background
from core.environment import no_langsmith_tracing
from core.errors import ModelError, SettingsError
from core.http_client import Breaker, bounded_client
from core.settings import Settings
from language.escaping import visible

logger = logging.getLogger(__name__)

_TRIES = 3  # of a request with a transient failure; a reader waits for each of them
_FIRST_WAIT = 0.5  # seconds before the second try; doubles, as a busy server needs time
_CONTEXT_KEPT = 600.0  # seconds: a server may come back with another model, or come back
_LASTING: frozenset[ModelTrouble] = frozenset({"key", "quota", "unknown_model", "unreachable"})
OPENAI = "https://api.openai.com/v1"
_ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"
_AZURE_HOSTS = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
_LISTED = 20  # models named in a message; of the hundreds that some servers have nobody reads all
_QUICK = 5.0  # seconds for a request about the models, for which no model has to run
_OLLAMA_CONTEXT = 4096  # tokens; its smallest default, docs.ollama.com/context-length
_DEFAULT_CONTEXT = 8192  # tokens of a model of which nothing is known: most take that
_MOST_CONTEXT = 128_000  # tokens: more than all that is ever given to a model
# What servers call the context length of a model in the list of their models: vLLM and SGLang,
# OpenRouter, Groq, Mistral and LM Studio.
_CONTEXT_NAMES = ("max_model_len", "context_length", "context_window", "max_context_length")
_VERSION = re.compile(r"-\d{4}-\d\d-\d\d$")  # behind the name of a model of OpenAI
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\b", re.M)
_LIMITS = ("max_completion_tokens", "max_tokens")  # OpenAI's name, and that of all others
_LONGEST = 400_000  # characters, some 100,000 tokens; an endless reply would fill memory
_PIECE = 200  # characters of a piece: the deadline is checked between two only
_THOUGHTS = ("<think>", "<thinking>", "<thought>", "<reasoning>", "[THINK]")


def messages_of(prompt: str, data: str, **values: str) -> list[BaseMessage]:
    """The prompt of this name, filled with values, and the data that it is about."""
    return [SystemMessage(prompts.load(prompt).format(**values)), HumanMessage(data)]


class ChatModel:
    """One configured model, to be shared between threads: it remembers what the server refuses.

    Args:
        settings: server and parameters.
        name: of the model, if not `settings.model`.

    Raises SettingsError: a package that a setting needs is missing.
    """

    def __init__(self, settings: Settings, name: str = "") -> None:
        no_langsmith_tracing()
        self._settings = settings
        self.address = settings.openai_base_url or OPENAI
        """URL of the server."""
        host = urlsplit(self.address).hostname or ""
        # OpenAI's own models, with its newest parameters.
        self._is_official = host == urlsplit(OPENAI).hostname or host.endswith(_AZURE_HOSTS)
        self._is_ollama = not self._is_official  # until `ollama_context` has asked
        self._secret = settings.openai_api_key.get_secret_value()
        self._token = _entra_token() if settings.azure_identity else None
        self._http = bounded_client(
            "The model's server", "OPENAI_BASE_URL", "Set STRATEGIEWIJZER_ANSWER_TIMEOUT higher."
        )
        self.name = name or settings.model
        """Empty until `named` has asked the server."""
        self._client: ChatOpenAI | None = None
        self._breaker = Breaker()
        self._refused: frozenset[str] = frozenset()
        self._usual: tuple[int, float] | None = None  # context length, and when to ask again

    @property
    def refused(self) -> tuple[str, ...]:
        """Parameters that the server refused and that are not sent again."""
        return tuple(sorted(self._refused))

    def named(self) -> str:
        """Name of the model; if no setting has it, the only one on the server. Raises ModelError:
        the server has none or several, or does not list them."""
        if self.name:
            return self.name
        try:
            names = [model.id for model in self._listed()]
        except Exception as error:  # noqa: BLE001 - translated
            raise translated(error, "", self._secret) from None
        if len(names) != 1:
            listed = f": {', '.join(names[:_LISTED])}" if names else ""
            raise ModelError(
                f"The model's server has {len(names)} models{listed}. Set STRATEGIEWIJZER_MODEL to "
                "one.",
                "unknown_model",
            )
        self.name = names[0]
        return self.name

    def room(self) -> int:
        """Context length for prompt and answer in tokens: `model_context`, or Ollama's if smaller;
        where that is not set, what the server tells or the model is known for, else 8,192. Raises
        ModelError: the server does not list its models."""
        wanted = self._settings.model_context
        if ollama := self.ollama_context():
            return min(ollama, wanted or ollama)
        if wanted:
            return wanted
        now = time.monotonic()
        if self._usual is None or now > self._usual[1]:
            self._usual = self._usual_context(self.named()), now + _CONTEXT_KEPT
        return self._usual[0]

    def ollama_context(self) -> int | None:
        """How many tokens Ollama uses for prompt and answer: beyond them it drops the beginning of
        the prompt. None for other servers. Asked each time, as it depends on how the model is
        loaded; where it is not, its smallest default counts. Raises ModelError: the server does not
        list its models."""
        self._breaker.check()
        model = self.named()
        if not self._is_ollama:
            return None
        try:
            shown = self._ollama("show", {"model": model})
            if shown is None:
                self._is_ollama = False
                return None
            loaded = self._ollama("ps") or Fields({})
        except (httpx.HTTPError, httpx.InvalidURL, ModelError):
            return None
        if num_ctx := _NUM_CTX.search(shown.text("parameters")):
            return int(num_ctx[1])
        for running in loaded.objects("models"):
            if running.text("name") in (model, f"{model}:latest"):
                return max(0, running.number("context_length")) or _OLLAMA_CONTEXT
        return _OLLAMA_CONTEXT

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

        Raises ModelError: the model failed. With the reason "cut" the reply broke off, by its token
        limit or by a lost connection (`first` is "unreachable"), and the pieces are its beginning.
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
        client = self._client = self._client or self._new_client(name)
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
                failure = translated(error, name, self._secret)
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
        limits = _LIMITS if self._is_official else _LIMITS[::-1]
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

    def _new_client(self, model: str) -> ChatOpenAI:
        """Client for a model, without retries and without optional parameters of its own."""
        if self._is_official and not self._secret and self._token is None:
            raise ModelError("There is no key for the model's server. Set OPENAI_API_KEY.", "key")
        return ChatOpenAI(
            model=model,
            # Always set: else LangChain's own environment variables could redirect requests.
            base_url=self.address,
            api_key=self._token or SecretStr(self._secret or "none"),
            temperature=None,  # unset, langchain-openai sends 1 to o1
            timeout=self._settings.answer_timeout,
            max_retries=0,
            stream_usage=False,
            use_responses_api=False,
            http_client=self._http,
        )

    def _usual_context(self, model: str) -> int:
        """Context length of a model in tokens: by the server's list of models, else what
        langchain-openai knows of its name, else the default."""
        listed: Sequence[openai.types.Model] = ()
        try:
            listed = self._listed()
        except Exception as error:  # noqa: BLE001 - then it is not known
            logger.debug("The model's server does not list its models (%s).", type(error).__name__)
        fields = next((entry.model_extra or {} for entry in listed if entry.id == model), {})
        for value in map(fields.get, _CONTEXT_NAMES):
            if type(value) is int and value > 0:
                return min(value, _MOST_CONTEXT)
        profile = self._new_client(_VERSION.sub("", model)).profile or {}
        return min(profile.get("max_input_tokens", _DEFAULT_CONTEXT), _MOST_CONTEXT)

    def _listed(self) -> Sequence[openai.types.Model]:
        client: openai.OpenAI = self._new_client("").root_client.with_options(timeout=_QUICK)
        listed: Iterable[object] = client.models.list().data or ()
        models = (entry for entry in listed if isinstance(entry, openai.types.Model))
        return [model for model in models if isinstance(model.id, str)]

    def _ollama(self, name: str, body: Mapping[str, str] | None = None) -> Fields | None:
        """Reply of an endpoint of Ollama's own API (its docs/api.md); None if there is none."""
        root = self.address.rstrip("/").removesuffix("/v1")
        headers = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        reply = self._http.request(
            "POST" if body else "GET",
            f"{root}/api/{name}",
            json=body,
            headers=headers,
            timeout=_QUICK,
            follow_redirects=False,
        )
        found = read_json(reply.text)
        return found if reply.status_code == httpx.codes.OK and isinstance(found, Fields) else None


def _entra_token() -> Callable[[], str]:
    """Provider of Entra ID tokens; renews them as needed."""
    try:
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider
    except ImportError:
        raise SettingsError(
            "STRATEGIEWIJZER_AZURE_IDENTITY needs a package that is not installed. Install it: "
            ".venv/bin/python -m pip install azure-identity"
        ) from None
    provider = get_bearer_token_provider(DefaultAzureCredential(), _ENTRA_SCOPE)

    def token() -> str:
        try:
            return str(provider())
        except Exception as error:  # noqa: BLE001 - of many types; none may reach a reader
            raise ModelError(
                f"Entra ID gives no token for the model's server ({type(error).__name__}). Sign in "
                "or correct the variables of azure-identity.",
                "key",
            ) from None

    return token


def _within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces of a reply until a deadline. A thread reads them, so that neither a silent
    server nor a client that drains a stream before closing it can block the answer."""
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
    Raises `ModelError` where it is empty, too long or incomplete."""
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
        is_written |= bool(text.strip())
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
    """The text in short pieces, without invisible characters, up to a length."""
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
    begun = ""  # what may be a tag; of a thought, the tag and its last characters
    for piece in arriving:
        begun = (begun + piece).lstrip()
        while tag := next(filter(begun.startswith, _THOUGHTS), ""):
            end = f"{tag[0]}/{tag[1:]}"
            _, closed, behind = begun.partition(end)
            if not closed:
                begun = tag + begun.removeprefix(tag)[-len(end) :]
                break
            begun = behind.lstrip()
        if begun and not tag and not any(name.startswith(begun) for name in _THOUGHTS):
            yield begun
            yield from arriving
            return
    if begun and not begun.startswith(_THOUGHTS):
        yield begun  # an incomplete tag is text
