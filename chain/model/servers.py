"""The server of the configured model: OpenAI, Azure, Ollama or any other with OpenAI's protocol."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import openai
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from chain.model.failures import translated
from chain.model.reply import Fields, read_json
from core.errors import ModelError, SettingsError
from core.http_client import bounded_client
from core.settings import Settings

logger = logging.getLogger(__name__)

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
    """Ollama's context length in tokens: beyond it, it drops the beginning of the prompt."""

    used: int  # for prompt and answer
    model: int  # the model's maximum; 0 if unknown
    sure: bool  # `used` was reported; else it is Ollama's smallest default

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
        self._token = _entra_token() if settings.azure_identity else None
        self._http = bounded_client(
            "The model's server", "OPENAI_BASE_URL", "Set STRATEGIEWIJZER_ANSWER_TIMEOUT higher."
        )
        self._is_ollama = not self.official  # until `context` has asked

    def client(self, model: str) -> BaseChatOpenAI:
        """Client for a model, without retries and without optional parameters of its own.

        It uses OpenAI's Responses API for the models that langchain-openai knows to have no other.

        Raises:
            ModelError: there is no key for OpenAI or Azure.
        """
        if self.official and not self.secret and self._token is None:
            raise ModelError("There is no key for the model's server. Set OPENAI_API_KEY.", "key")
        shared: dict[str, Any] = {
            "model": model,
            "temperature": None,  # unset, langchain-openai sends 1 to o1
            "timeout": self._settings.answer_timeout,
            "max_retries": 0,
            "stream_usage": False,
            "use_responses_api": None if self.official else False,
            "http_client": self._http,
        }
        if not self._settings.azure_endpoint:
            # Always set: else LangChain's own environment variables could redirect requests.
            key = self._token or SecretStr(self.secret or "none")
            return ChatOpenAI(base_url=self._url, api_key=key, **shared)
        return AzureChatOpenAI(
            azure_endpoint=self._settings.azure_endpoint,
            azure_deployment=model,
            api_version=self._settings.azure_api_version,
            api_key=SecretStr(self.secret) if self._token is None else None,
            azure_ad_token_provider=self._token,
            **shared,
        )

    def only_model(self) -> str:
        """Name of the only model on the server.

        Raises:
            ModelError: it has none or several, which the message names, or it does not list them.
        """
        try:
            names = [model.id for model in self._list()]
        except Exception as error:  # noqa: BLE001 - translated
            raise translated(error, "", self.secret) from None
        if len(names) == 1:
            return names[0]
        more = ", ..." if len(names) > _LISTED else ""
        listed = f": {', '.join(names[:_LISTED])}{more}" if names else ""
        raise ModelError(
            f"The model's server has {len(names)} models{listed}. Set STRATEGIEWIJZER_MODEL to "
            "one.",
            "unknown_model",
        )

    def usual_context(self, model: str) -> int:
        """Context length of a model in tokens: by the server's list of models, else by its name,
        else the default."""
        try:
            listed = self._list()
        except Exception as error:  # noqa: BLE001 - then it is not known
            logger.debug("The model's server does not list its models (%s).", type(error).__name__)
            listed = ()
        fields = next((entry.model_extra or {} for entry in listed if entry.id == model), {})
        for value in map(fields.get, _CONTEXT_NAMES):
            if type(value) is int and value > 0:
                return min(value, _MOST_CONTEXT)
        beginnings = [name for name in _KNOWN_CONTEXTS if model.startswith(name)]
        if not beginnings:
            return _DEFAULT_CONTEXT
        return min(_KNOWN_CONTEXTS[max(beginnings, key=len)], _MOST_CONTEXT)

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
        models = (entry for entry in listed if isinstance(entry, openai.types.Model))
        return [model for model in models if isinstance(model.id, str)]

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
        found = read_json(reply.text)
        return found if reply.status_code == httpx.codes.OK and isinstance(found, Fields) else None


def _context(model: str, shown: Fields, loaded: Fields) -> Context:
    """Context length from `/api/show` and `/api/ps`; both documented in Ollama's docs/api.md."""
    info = shown.fields("model_info")
    lengths = (info.number(name) for name in info.values if name.endswith(".context_length"))
    most = max((0, *lengths))
    if num_ctx := _NUM_CTX.search(shown.text("parameters")):
        return Context(int(num_ctx[1]), most, sure=True)
    names = (model, f"{model}:latest")
    for running in loaded.objects("models"):
        if running.text("name") in names and (used := running.number("context_length")) > 0:
            return Context(used, most, sure=True)
    return Context(min(_OLLAMA_CONTEXT, most or _OLLAMA_CONTEXT), most, sure=False)


def _entra_token() -> Callable[[], str]:
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
