"""Server of the configured language model, with what is special about OpenAI, Azure and Ollama.

The table is in docs/models.md.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import openai
from langchain.chat_models import init_chat_model
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from chain.model import bounded
from chain.model.entra import entra_token
from chain.model.server_failures import translated
from core.errors import ModelError
from core.settings import Settings

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
_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)", re.M)


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
        self._http = bounded.client()
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
        return client.models.list().data

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
            loaded = self._ollama("GET", "ps") or {}
        except (httpx.HTTPError, httpx.InvalidURL, ModelError):
            return None
        return _context(model, shown, loaded)

    def _ollama(
        self, method: str, name: str, body: Mapping[str, str] | None = None
    ) -> Mapping[str, Any] | None:
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
        try:
            said = reply.json()
        except (ValueError, RecursionError):
            return None
        return said if reply.status_code == httpx.codes.OK and isinstance(said, dict) else None

    def _credential(self) -> SecretStr | Callable[[], str]:
        return self._token or SecretStr(self.secret or "none")


def known_context(model: str) -> int | None:
    """Context length in tokens of a model by its name; None if it is not known."""
    names = [name for name in _KNOWN_CONTEXTS if model.startswith(name)]
    return min(_KNOWN_CONTEXTS[max(names, key=len)], _MOST_CONTEXT) if names else None


def _context(model: str, shown: Mapping[str, Any], loaded: Mapping[str, Any]) -> Context:
    """Context length from `/api/show` and `/api/ps`; both documented in Ollama's docs/api.md."""
    about = shown.get("model_info") or {}
    most = max((n for key, n in about.items() if key.endswith(".context_length")), default=0)
    if told := _NUM_CTX.search(str(shown.get("parameters") or "")):
        return Context(int(told[1]), most, sure=True)
    names = (model, f"{model}:latest")
    for one in loaded.get("models") or ():
        if one.get("name") in names and one.get("context_length"):
            return Context(int(one["context_length"]), most, sure=True)
    return Context(min(_OLLAMA_CONTEXT, most or _OLLAMA_CONTEXT), most, sure=False)
