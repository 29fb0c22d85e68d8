"""What it means that a model's server fails: a reason, what to do, and the parameter it refuses.

Codes and bodies are those that OpenAI, Azure, Mistral, vLLM, llama.cpp and LiteLLM publish or
return. What a server says is never repeated but for its code and parameter: the rest may hold a
key, an address or the question.
"""

import re
from collections.abc import Collection, Mapping

import httpx
import openai

from core.errors import ModelError
from core.types import ModelTrouble

REFUSES_FORM = frozenset({400, 415, 422, 501})
"""How servers refuse a parameter, or the form of a request."""

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
# What langchain-openai raises for an event of the Responses API: "code: message", or code='code'.
_EVENT_CODE = re.compile(r"^(\w+): |code='(\w+)'")
# What langchain-openai lets through when a server answers in another form than the protocol's.
_NO_PROTOCOL = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,59}")


# In words that go with "The model's server".
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
    """The error as a `ModelError` that says what to do; one that is no server's failure as it is.

    Args:
        error: what the client raised.
        model: the one that was asked.
        secret: the key, which a server may repeat.
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
    """The parameter, of those that were sent, that a server refuses; empty where it names none.

    OpenAI and Azure name it as `param` ("reasoning.effort"), others only in their text, in which
    other parameters may stand as well: the first that was sent is meant.
    """
    if not isinstance(error, openai.APIStatusError) or error.status_code not in REFUSES_FORM:
        return ""
    param = re.match(r"\w+", error.param or "")
    if param and param[0] in sent:
        return param[0]
    text = _said(error)
    # "stream" is a word of everyday messages too: it has to stand in quotation marks.
    words = {name: rf"['\"]{name}['\"]" if name == "stream" else rf"\b{name}\b" for name in sent}
    places = {name: found.start() for name in sent if (found := re.search(words[name], text))}
    return min(places, key=lambda name: places[name], default="")


def refuses_system_role(error: Exception) -> bool:
    """Whether a server takes no rules apart from the question, as some models' templates do not."""
    return isinstance(error, openai.APIStatusError) and any(
        told in _said(error) for told in ("'system' with this model", "System role not supported")
    )


def wants_responses(error: Exception) -> bool:
    """Whether OpenAI has this model only in its Responses API."""
    return isinstance(error, openai.APIStatusError) and "v1/responses" in _said(error)


def passes(error: Exception) -> bool:
    """Whether the same request may work in a moment."""
    if isinstance(error, openai.APITimeoutError) or isinstance(error.__cause__, ModelError):
        return False
    if isinstance(error, openai.RateLimitError):
        return error.code not in _NO_CREDIT
    return isinstance(error, openai.APIConnectionError | openai.InternalServerError)


def asked_to_wait(error: Exception) -> float:
    """Seconds that a server asks to wait before the next try; 0 where it asks for none."""
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
    """All that a server says of an error; the client's own text has only what is a string."""
    return f"{error} {error.body}"


def _safe(name: str | None, secret: str) -> str:
    """A code or parameter, if it is one and does not repeat the key."""
    known = name is not None and _NAME.fullmatch(name) and not (secret and secret in name)
    return name if known and name is not None else ""


def _told(reason: ModelTrouble, said: str, model: str) -> ModelError:
    told = f" ({said})" if said else ""
    text = _REMEDIES[reason].format(model=model, told=told)
    return ModelError(f"The model's server {text}", reason)
