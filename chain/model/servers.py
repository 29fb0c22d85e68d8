"""Connections to model servers: keys, bounded responses, failures with their remedy."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import openai
from langchain.chat_models import init_chat_model
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from chain.model.reply import Fields, read_json
from core.answer import ModelTrouble
from core.errors import ModelError, SettingsError
from core.http_client import bounded_client
from core.settings import Settings

# Sign-in at Azure by identity, without a key.


_SCOPE = "https://cognitiveservices.azure.com/.default"


def entra_token() -> Callable[[], str]:
    """Provider of Entra ID tokens; renews them as needed.

    Raises:
        SettingsError: azure-identity is not installed.
    """
    try:
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider
    except ImportError:
        raise SettingsError(
            "STRATEGIEWIJZER_AZURE_IDENTITY needs a package that is not installed. Install it: "
            ".venv/bin/python -m pip install azure-identity"
        ) from None
    provider = get_bearer_token_provider(DefaultAzureCredential(), _SCOPE)

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


# Translates errors of a model's server: the reason, the remedy, and the refused parameter.


REFUSES_FORM = frozenset({400, 415, 422, 501})
"""Statuses with which servers refuse a parameter, or the form of a request."""

_BY_CODE: Mapping[str, ModelTrouble] = {
    "invalid_api_key": "key",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "rate_limit_exceeded": "quota",
    "model_not_found": "unknown_model",
    "DeploymentNotFound": "unknown_model",
    "context_length_exceeded": "too_long",
    "exceed_context_size_error": "too_long",
    "string_above_max_length": "too_long",
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "invalid_prompt": "refused",
}
_BY_STATUS: Mapping[int, ModelTrouble] = {
    401: "key",
    402: "quota",
    403: "key",
    404: "unknown_model",
    408: "slow",
    413: "too_long",
    429: "quota",
    504: "slow",
    **dict.fromkeys(REFUSES_FORM, "parameter"),
}
_TOO_LONG = re.compile(r"context (?:length|size|window)|ContextWindowExceeded|prompt is too long")
_FILTERED = re.compile(r"content management policy|ContentPolicyViolation")
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
# Error of langchain-openai for an event of the Responses API: "code: message", or code='code'.
_EVENT_CODE = re.compile(r"^(\w+): |code='(\w+)'")
# Errors that langchain-openai lets through if a server violates the protocol.
_NO_PROTOCOL = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,59}")


# Each continues "The model's server".
_REMEDIES: Mapping[ModelTrouble, str] = {
    "key": "refuses the key{told}. Correct OPENAI_API_KEY.",
    "quota": "has no room or no credit left{told}. Wait or top it up.",
    "unknown_model": "does not know the model {model!r} or the address{told}. Correct "
    "STRATEGIEWIJZER_MODEL or OPENAI_BASE_URL (most end in /v1).",
    "parameter": "refuses the request{told}. See docs/models.md for what it takes.",
    "too_long": "finds question and passages too long{told}. Set STRATEGIEWIJZER_MODEL_CONTEXT to "
    "the model's context length.",
    "slow": "gave no answer in time{told}. Set STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
    "unreachable": "cannot be reached. Start it, or correct OPENAI_BASE_URL.",
    "refused": "filters question, passages or answer out{told}. See its settings for content.",
    "protocol": "does not speak OpenAI's protocol{told}. Correct OPENAI_BASE_URL (most end in "
    "/v1).",
    "failed": "fails{told}. See its log.",
}


def translated(error: Exception, model: str, secret: str = "") -> Exception:
    """The error as a `ModelError` with a remedy; unchanged if it is no failure of the server.

    Args:
        error: raised by the client.
        model: name of the model.
        secret: the key, which a server may repeat in its message.
    """
    if isinstance(error.__cause__, ModelError):  # raised while a response was read
        return error.__cause__
    if isinstance(error, openai.APITimeoutError):
        return _model_error("slow", "", model)
    if isinstance(error, openai.APIConnectionError | httpx.HTTPError | httpx.InvalidURL):
        return _model_error("unreachable", "", model)
    if isinstance(error, openai.APIError):
        status = getattr(error, "status_code", None)
        named = (_safe(one, secret) for one in (error.code, error.param))
        said = ", ".join(filter(None, (f"status {status}" if status else "", *named)))
        return _model_error(_reason(error, status), said, model)
    if isinstance(error, openai.OpenAIError):
        return _model_error("failed", type(error).__name__, model)
    if isinstance(error, _NO_PROTOCOL):
        if event := _EVENT_CODE.search(str(error)):
            code = _safe(event[1] or event[2], secret)
            if code in _BY_CODE or code.endswith("_error"):
                return _model_error(_BY_CODE.get(code, "failed"), code, model)
        if "content filter" in str(error):  # of Azure, by langchain-openai
            return _model_error("refused", "content_filter", model)
        return _model_error("protocol", type(error).__name__, model)
    return error


def refused_parameter(error: Exception, sent: Collection[str]) -> str:
    """The sent parameter that a server refuses; empty if it names none.

    OpenAI and Azure give it as `param` ("reasoning.effort"), others only in their text, which may
    name several: the first sent one is taken.
    """
    if not isinstance(error, openai.APIStatusError) or error.status_code not in REFUSES_FORM:
        return ""
    param = re.match(r"\w+", error.param or "")
    if param and param[0] in sent:
        return param[0]
    text = _server_message(error)
    # "stream" is also an ordinary word: it counts only in quotation marks.
    words = {name: rf"['\"]{name}['\"]" if name == "stream" else rf"\b{name}\b" for name in sent}
    places = {name: found.start() for name in sent if (found := re.search(words[name], text))}
    return min(places, key=lambda name: places[name], default="")


def refuses_system_role(error: Exception) -> bool:
    """Whether the model's chat template takes no system message."""
    return isinstance(error, openai.APIStatusError) and any(
        told in _server_message(error)
        for told in ("'system' with this model", "System role not supported")
    )


def wants_responses(error: Exception) -> bool:
    """Whether OpenAI offers this model only in its Responses API."""
    return isinstance(error, openai.APIStatusError) and "v1/responses" in _server_message(error)


def is_transient(error: Exception) -> bool:
    """Whether the error is transient: the same request may work in a moment."""
    if isinstance(error, openai.APITimeoutError) or isinstance(error.__cause__, ModelError):
        return False
    if isinstance(error, openai.RateLimitError):
        return error.code not in _NO_CREDIT
    return isinstance(error, openai.APIConnectionError | openai.InternalServerError)


def asked_to_wait(error: Exception) -> float:
    """Seconds to wait before the next try, by the retry-after header; 0 without one."""
    response = getattr(error, "response", None)
    try:
        return max(0.0, float(response.headers.get("retry-after", 0))) if response else 0.0
    except ValueError:  # a date
        return 0.0


def _reason(error: openai.APIError, status: int | None) -> ModelTrouble:
    for code in (error.code, error.type):
        if known := _BY_CODE.get(code or ""):
            return known
    text = _server_message(error)
    if status in REFUSES_FORM or status == 500:  # llama.cpp before September 2025
        if _TOO_LONG.search(text):
            return "too_long"
        if _FILTERED.search(text):
            return "refused"
    return _BY_STATUS.get(status or 0, "failed")


def _server_message(error: openai.APIError) -> str:
    """Text and body of an error; the text alone omits bodies that are no strings."""
    return f"{error} {error.body}"


def _safe(name: str | None, secret: str) -> str:
    """The code or parameter if it looks like one and does not contain the key, else empty."""
    known = name is not None and _NAME.fullmatch(name) and not (secret and secret in name)
    return name if known and name is not None else ""


def _model_error(reason: ModelTrouble, said: str, model: str) -> ModelError:
    told = f" ({said})" if said else ""
    text = _REMEDIES[reason].format(model=model, told=told)
    return ModelError(f"The model's server {text}", reason)


# Server of the configured language model, with what is special about OpenAI, Azure and Ollama.


logger = logging.getLogger(__name__)

OPENAI = "https://api.openai.com/v1"
_AZURE_HOSTS = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
_LISTED = 20  # models named in a message; of the hundreds that some servers have nobody reads all
_QUICK = 5.0  # seconds for a request about the models, for which no model has to run
_OLLAMA_CONTEXT = 4096  # tokens; its smallest default, docs.ollama.com/context-length
DEFAULT_CONTEXT = 8192
"""Tokens of a model of which nothing is known: what most take that are run today."""
_MOST_CONTEXT = 128_000  # tokens: more than all that is ever given to a model
# What servers call the context length of a model in the list of their models: vLLM and SGLang,
# OpenRouter, Groq, Mistral and LM Studio.
_CONTEXT_NAMES = ("max_model_len", "context_length", "context_window", "max_context_length")
# Models whose server does not tell, by how their names begin (platform.openai.com/docs/models).
_KNOWN_CONTEXTS = {
    "gpt-3.5-turbo": 16_385,
    "gpt-4-turbo": 128_000,
    "gpt-4o": 128_000,
    "gpt-4.1": 1_047_576,
    "gpt-4": 8192,
    "gpt-5": 400_000,
    "o1": 128_000,
    "o3": 200_000,
    "o4": 200_000,
}
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\b", re.M)


class Context(NamedTuple):
    """Ollama's context length: beyond it, it drops the beginning of the prompt.

    used: tokens for prompt and answer.
    model: the model's maximum in tokens; 0 if unknown.
    sure: `used` was reported; else it is Ollama's smallest default.
    """

    used: int
    model: int
    sure: bool

    def __str__(self) -> str:
        guessed = "" if self.sure else " (its smallest default; more once the model is loaded)"
        most = f" The model takes up to {self.model}." if self.model else ""
        return (
            f"Ollama uses {self.used} tokens for prompt and answer{guessed} and drops the rest, so "
            f"prompts are kept within them.{most} For more, set OLLAMA_CONTEXT_LENGTH at Ollama, "
            "and STRATEGIEWIJZER_MODEL_CONTEXT to the same."
        )


class Server:
    """Address and API of the configured model."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = settings.azure_endpoint or settings.openai_base_url or OPENAI
        parts = urlsplit(self._url)
        host = parts.hostname or ""
        is_azure = bool(settings.azure_endpoint) or host.endswith(_AZURE_HOSTS)
        self.official = host == urlsplit(OPENAI).hostname or is_azure
        """OpenAI's own models, with its newest parameters and its Responses API."""
        port = f":{parts.port}" if parts.port else ""
        self.address = f"{parts.scheme}://{host}{port}{parts.path}"  # nothing secret in it
        self.secret = settings.openai_api_key.get_secret_value()
        self._token = entra_token() if settings.azure_identity else None
        self._http = bounded_client(
            "The model's server",
            "OPENAI_BASE_URL",
            "Set STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
        )
        self._is_ollama = not self.official  # until `context` has asked

    def client(self, model: str, *, responses: bool) -> BaseChatOpenAI:
        """Client for a model, without retries and without optional parameters of its own.

        It uses the Responses API with `responses`, and for OpenAI models that langchain-openai
        knows to have no other; nothing is stored there.

        Raises:
            ModelError: there is no key for OpenAI or Azure.
        """
        if self.official and not self.secret and self._token is None:
            raise ModelError("There is no key for the model's server. Set OPENAI_API_KEY.", "key")
        settings = self._settings
        shared: dict[str, Any] = {
            "model": model,
            "temperature": None,  # unset, langchain-openai sends 1 to o1
            "timeout": settings.answer_timeout,
            "max_retries": 0,
            "stream_usage": False,
            "use_responses_api": True if responses else None if self.official else False,
            "http_client": self._http,
        }
        if settings.azure_endpoint:
            special: dict[str, Any] = {
                "model_provider": "azure_openai",
                "azure_endpoint": settings.azure_endpoint,
                "azure_deployment": model,
                "api_version": settings.azure_api_version,
                "api_key": SecretStr(self.secret) if self._token is None else None,
                "azure_ad_token_provider": self._token,
            }
        else:
            # Always set: else LangChain's own environment variables could redirect requests.
            special = {
                "model_provider": "openai",
                "base_url": self._url,
                "api_key": self._credential(),
            }
        made = init_chat_model(**special, **shared)
        assert isinstance(made, BaseChatOpenAI)  # noqa: S101 - of both providers
        if made.use_responses_api:
            made.store = False
        return made

    def models(self) -> list[str]:
        """Names of the models that the server lists.

        Raises:
            ModelError: it does not list them.
        """
        try:
            return [one.id for one in self._list()]
        except Exception as error:  # noqa: BLE001 - translated
            raise translated(error, "", self.secret) from None

    def listed_context(self, model: str) -> int | None:
        """Context length in tokens that the server's list of models tells; None if it does not."""
        try:
            listed = self._list()
        except Exception as error:  # noqa: BLE001 - then it is not known
            logger.debug("The model's server does not list its models (%s).", type(error).__name__)
            return None
        about = next((one.model_extra or {} for one in listed if one.id == model), {})
        told = [about.get(name) for name in _CONTEXT_NAMES]
        return next((min(one, _MOST_CONTEXT) for one in told if type(one) is int and one > 0), None)

    def _list(self) -> Sequence[openai.types.Model]:
        http: Any = self._http  # the client also takes a plain httpx client
        client = openai.OpenAI(
            base_url=self._url,
            api_key=self._token or self.secret or "none",
            timeout=_QUICK,
            max_retries=0,
            http_client=http,
        )
        listed: Iterable[object] = client.models.list().data or ()
        told = (one for one in listed if isinstance(one, openai.types.Model))
        return [one for one in told if isinstance(one.id, str)]

    def only_model(self) -> str:
        """Name of the only model on the server.

        Raises:
            ModelError: it has none or several; the message names them.
        """
        found = self.models()
        if len(found) == 1:
            return found[0]
        more = ", ..." if len(found) > _LISTED else ""
        names = f": {', '.join(found[:_LISTED])}{more}" if found else ""
        raise ModelError(
            f"The model's server has {len(found)} models{names}. Set STRATEGIEWIJZER_MODEL to one.",
            "unknown_model",
        )

    def context(self, model: str) -> Context | None:
        """Ollama's context length; None for other servers, which refuse prompts that are too long.

        Requested each time, as it depends on how the model is loaded.
        """
        if not self._is_ollama:
            return None
        try:
            shown = self._ollama("POST", "show", {"model": model})
            if shown is None:
                self._is_ollama = False
                return None
            loaded = self._ollama("GET", "ps") or Fields({})
        except (httpx.HTTPError, httpx.InvalidURL, ModelError):
            return None
        return _context(model, shown, loaded)

    def _ollama(
        self, method: str, name: str, body: Mapping[str, str] | None = None
    ) -> Fields | None:
        """Reply of an endpoint of Ollama's own API; None if the server has none."""
        root = self._url.rstrip("/").removesuffix("/v1")
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        reply = self._http.request(
            method,
            f"{root}/api/{name}",
            json=body,
            headers=headers,
            timeout=_QUICK,
            follow_redirects=False,
        )
        said = read_json(reply.text)
        return said if reply.status_code == httpx.codes.OK and isinstance(said, Fields) else None

    def _credential(self) -> SecretStr | Callable[[], str]:
        return self._token or SecretStr(self.secret or "none")


def known_context(model: str) -> int | None:
    """Context length in tokens of a model by its name; None if it is not known."""
    names = [name for name in _KNOWN_CONTEXTS if model.startswith(name)]
    return min(_KNOWN_CONTEXTS[max(names, key=len)], _MOST_CONTEXT) if names else None


def _context(model: str, shown: Fields, loaded: Fields) -> Context:
    """Context length from `/api/show` and `/api/ps`; both documented in Ollama's docs/api.md."""
    about = shown.fields("model_info")
    lengths = (about.number(name) for name in about.values if name.endswith(".context_length"))
    most = max((0, *lengths))
    if told := _NUM_CTX.search(shown.text("parameters")):
        return Context(int(told[1]), most, sure=True)
    names = (model, f"{model}:latest")
    for one in loaded.objects("models"):
        if one.text("name") in names and (used := one.number("context_length")) > 0:
            return Context(used, most, sure=True)
    return Context(min(_OLLAMA_CONTEXT, most or _OLLAMA_CONTEXT), most, sure=False)
