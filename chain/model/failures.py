"""Translates the errors of a model's server: the reason, the remedy, and what it refuses."""

import re
from collections.abc import Collection, Mapping

import httpx
import openai

from core.answer import ModelTrouble
from core.errors import ModelError

_REFUSES_FORM = frozenset({400, 415, 422, 501})  # a parameter, or the form of a request
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
    **dict.fromkeys(_REFUSES_FORM, "parameter"),
}
# Each continues "The model's server".
_REMEDIES: Mapping[ModelTrouble, str] = {
    "key": "refuses the key{details}. Correct OPENAI_API_KEY.",
    "quota": "has no room or no credit left{details}. Wait or top it up.",
    "unknown_model": "does not know the model {model!r} or the address{details}. Correct "
    "STRATEGIEWIJZER_MODEL or OPENAI_BASE_URL (most end in /v1).",
    "parameter": "refuses the request{details}. See docs/models.md for what it takes.",
    "too_long": "finds question and passages too long{details}. Set STRATEGIEWIJZER_MODEL_CONTEXT "
    "to the model's context length.",
    "slow": "gave no answer in time{details}. Set STRATEGIEWIJZER_ANSWER_TIMEOUT higher.",
    "unreachable": "cannot be reached. Start it, or correct OPENAI_BASE_URL.",
    "refused": "filters question, passages or answer out{details}. See its settings for content.",
    "protocol": "does not speak OpenAI's protocol{details}. Correct OPENAI_BASE_URL (most end in "
    "/v1).",
    "failed": "fails{details}. See its log.",
}
_TOO_LONG = re.compile(r"context (?:length|size|window)|ContextWindowExceeded|prompt is too long")
_FILTERED = re.compile(r"content management policy|ContentPolicyViolation")
# How servers that have no JSON schemas refuse them besides by the name of the field: Mistral; vLLM
# and SGLang; Ollama.
_NO_SCHEMA = re.compile(
    r"json_?schema|(?i:json schema|guided|structured output|grammar)|invalid format: expected"
)
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
# Errors that langchain-openai lets through if a server violates the protocol.
_NO_PROTOCOL = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,59}")  # what a code or parameter looks like


def translated(error: Exception, model: str, secret: str = "") -> Exception:
    """An error of the client as a `ModelError` with a remedy, without the secret (the key), which a
    server may repeat in its message; unchanged if it is no failure of the server."""
    if isinstance(error.__cause__, ModelError):  # raised while a response was read
        return error.__cause__
    if isinstance(error, openai.APITimeoutError):
        return _model_error("slow", "", model)
    if isinstance(error, openai.APIConnectionError | httpx.HTTPError | httpx.InvalidURL):
        return _model_error("unreachable", "", model)
    if isinstance(error, openai.APIError):
        status = getattr(error, "status_code", None)
        names = [
            name
            for name in (error.code, error.param)
            if name and _NAME.fullmatch(name) and not (secret and secret in name)
        ]
        details = ", ".join([f"status {status}", *names] if status else names)
        return _model_error(_reason(error, status), details, model)
    if isinstance(error, openai.OpenAIError):
        return _model_error("failed", type(error).__name__, model)
    if isinstance(error, _NO_PROTOCOL):
        if "content filter" in str(error):  # of Azure, by langchain-openai
            return _model_error("refused", "content_filter", model)
        return _model_error("protocol", type(error).__name__, model)
    return error


def refused_parameter(error: Exception, sent: Collection[str]) -> str:
    """The sent parameter that a server refuses; empty if it names none.

    OpenAI and Azure give it as `param` ("reasoning.effort"), others only in their text, which may
    name several: the first sent one is taken.
    """
    if not isinstance(error, openai.APIStatusError) or error.status_code not in _REFUSES_FORM:
        return ""
    text = _server_message(error)
    param = re.match(r"\w+", error.param or "")
    if param and param[0] in sent:
        return param[0]
    if "response_format" in sent and ("response_format" in text or _NO_SCHEMA.search(text)):
        return "response_format"
    # "stream" is also an ordinary word: it counts only in quotation marks.
    words = {name: rf"['\"]{name}['\"]" if name == "stream" else rf"\b{name}\b" for name in sent}
    places = {name: found.start() for name in sent if (found := re.search(words[name], text))}
    return min(places, key=lambda name: places[name], default="")


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
    if status in _REFUSES_FORM:
        if _TOO_LONG.search(text):
            return "too_long"
        if _FILTERED.search(text):
            return "refused"
    return _BY_STATUS.get(status or 0, "failed")


def _server_message(error: openai.APIError) -> str:
    """Text and body of an error; the text alone omits bodies that are no strings."""
    return f"{error} {error.body}"


def _model_error(reason: ModelTrouble, details: str, model: str) -> ModelError:
    text = _REMEDIES[reason].format(model=model, details=f" ({details})" if details else "")
    return ModelError(f"The model's server {text}", reason)
