"""Translates errors of a model's server: the reason, the remedy, and the refused parameter.

Codes and bodies are those that OpenAI, Azure, Mistral, vLLM, llama.cpp and LiteLLM document or
return. Of a server's message only code and parameter are repeated: the rest may hold a key, an
address or the question.
"""

import re
from collections.abc import Collection, Mapping

import httpx
import openai

from core.answer import ModelTrouble
from core.errors import ModelError

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
        return _told("slow", "", model)
    if isinstance(error, openai.APIConnectionError | httpx.HTTPError | httpx.InvalidURL):
        return _told("unreachable", "", model)
    if isinstance(error, openai.APIError):
        status = getattr(error, "status_code", None)
        named = (_safe(one, secret) for one in (error.code, error.param))
        said = ", ".join(filter(None, (f"status {status}" if status else "", *named)))
        return _told(_reason(error, status), said, model)
    if isinstance(error, openai.OpenAIError):
        return _told("failed", type(error).__name__, model)
    if isinstance(error, _NO_PROTOCOL):
        if event := _EVENT_CODE.search(str(error)):
            code = _safe(event[1] or event[2], secret)
            if code in _BY_CODE or code.endswith("_error"):
                return _told(_BY_CODE.get(code, "failed"), code, model)
        if "content filter" in str(error):  # of Azure, by langchain-openai
            return _told("refused", "content_filter", model)
        return _told("protocol", type(error).__name__, model)
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
    text = _said(error)
    # "stream" is also an ordinary word: it counts only in quotation marks.
    words = {name: rf"['\"]{name}['\"]" if name == "stream" else rf"\b{name}\b" for name in sent}
    places = {name: found.start() for name in sent if (found := re.search(words[name], text))}
    return min(places, key=lambda name: places[name], default="")


def refuses_system_role(error: Exception) -> bool:
    """Whether the model's chat template takes no system message."""
    return isinstance(error, openai.APIStatusError) and any(
        told in _said(error) for told in ("'system' with this model", "System role not supported")
    )


def wants_responses(error: Exception) -> bool:
    """Whether OpenAI offers this model only in its Responses API."""
    return isinstance(error, openai.APIStatusError) and "v1/responses" in _said(error)


def passes(error: Exception) -> bool:
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
    text = _said(error)
    if status in REFUSES_FORM or status == 500:  # llama.cpp before September 2025
        if _TOO_LONG.search(text):
            return "too_long"
        if _FILTERED.search(text):
            return "refused"
    return _BY_STATUS.get(status or 0, "failed")


def _said(error: openai.APIError) -> str:
    """Text and body of an error; the text alone omits bodies that are no strings."""
    return f"{error} {error.body}"


def _safe(name: str | None, secret: str) -> str:
    """The code or parameter if it looks like one and does not contain the key, else empty."""
    known = name is not None and _NAME.fullmatch(name) and not (secret and secret in name)
    return name if known and name is not None else ""


def _told(reason: ModelTrouble, said: str, model: str) -> ModelError:
    told = f" ({said})" if said else ""
    text = _REMEDIES[reason].format(model=model, told=told)
    return ModelError(f"The model's server {text}", reason)
