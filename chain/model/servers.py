"""Server of the configured language model, with what is special about OpenAI, Azure and Ollama.

The table is in docs/models.md.
"""

import re
from collections.abc import Callable, Mapping
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

OPENAI = "https://api.openai.com/v1"
_AZURE_HOSTS = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
_LISTED = 20  # models named in a message; of the hundreds that some servers have nobody reads all
_QUICK = 5.0  # seconds for a request about the models, for which no model has to run
_OLLAMA_CONTEXT = 4096  # tokens; its smallest default, docs.ollama.com/context-length
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
        http: Any = self._http  # the client also takes a plain httpx client
        client = openai.OpenAI(
            base_url=self._url,
            api_key=self._token or self.secret or "none",
            timeout=_QUICK,
            max_retries=0,
            http_client=http,
        )
        try:
            return [one.id for one in client.models.list().data]
        except Exception as error:  # noqa: BLE001 - translated
            raise translated(error, "", self.secret) from None

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
