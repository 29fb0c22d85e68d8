"""The server of the configured model: OpenAI, Azure, Ollama or any other with OpenAI's protocol."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import httpx
import openai
from langchain_openai import ChatOpenAI
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
_VERSION = re.compile(r"-\d{4}-\d\d-\d\d$")  # behind the name of a model of OpenAI
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\b", re.M)


class Server:
    """Address and API of the configured model."""

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.answer_timeout
        self.url = settings.openai_base_url or OPENAI
        host = urlsplit(self.url).hostname or ""
        self.official = host == urlsplit(OPENAI).hostname or host.endswith(_AZURE_HOSTS)
        """OpenAI's own models, with its newest parameters."""
        self.secret = settings.openai_api_key.get_secret_value()
        self._token = _entra_token() if settings.azure_identity else None
        self._http = bounded_client(
            "The model's server", "OPENAI_BASE_URL", "Set STRATEGIEWIJZER_ANSWER_TIMEOUT higher."
        )
        self._is_ollama = not self.official  # until `ollama_context` has asked

    def client(self, model: str) -> ChatOpenAI:
        """Client for a model, without retries and without optional parameters of its own.

        Raises:
            ModelError: there is no key for OpenAI or Azure.
        """
        if self.official and not self.secret and self._token is None:
            raise ModelError("There is no key for the model's server. Set OPENAI_API_KEY.", "key")
        return ChatOpenAI(
            model=model,
            # Always set: else LangChain's own environment variables could redirect requests.
            base_url=self.url,
            api_key=self._token or SecretStr(self.secret or "none"),
            temperature=None,  # unset, langchain-openai sends 1 to o1
            timeout=self._timeout,
            max_retries=0,
            stream_usage=False,
            use_responses_api=False,
            http_client=self._http,
        )

    def only_model(self) -> str:
        """Name of the only model on the server.

        Raises:
            ModelError: it has none or several, which the message names, or it does not list them.
        """
        try:
            names = [model.id for model in self._listed()]
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
        profile = self.client(_VERSION.sub("", model)).profile or {}
        return min(profile.get("max_input_tokens", _DEFAULT_CONTEXT), _MOST_CONTEXT)

    def _listed(self) -> Sequence[openai.types.Model]:
        client: openai.OpenAI = self.client("").root_client.with_options(timeout=_QUICK)
        listed: Iterable[object] = client.models.list().data or ()
        models = (entry for entry in listed if isinstance(entry, openai.types.Model))
        return [model for model in models if isinstance(model.id, str)]

    def ollama_context(self, model: str) -> int | None:
        """How many tokens Ollama uses for prompt and answer: beyond them it drops the beginning of
        the prompt. None for other servers, which refuse prompts that are too long.

        Requested each time, as it depends on how the model is loaded; where it is not loaded,
        Ollama's smallest default.
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
        if num_ctx := _NUM_CTX.search(shown.text("parameters")):
            return int(num_ctx[1])
        for running in loaded.objects("models"):
            if running.text("name") in (model, f"{model}:latest"):
                return max(0, running.number("context_length")) or _OLLAMA_CONTEXT
        return _OLLAMA_CONTEXT

    def _ollama(
        self, method: str, name: str, body: Mapping[str, str] | None = None
    ) -> Fields | None:
        """Reply of an endpoint of Ollama's own API (its docs/api.md); None if there is none."""
        root = self.url.rstrip("/").removesuffix("/v1")
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
