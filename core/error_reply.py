"""The shape in which other programs get an error: that of OpenAI, which clients know."""

from typing import Literal

from core.errors import MEGABYTE
from core.source import Frozen

ApiErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "rate_limit_error",
    "server_error",
]
"""What is to be done: correct the request, send a key, ask for more rights, ask for what is there,
wait, or tell whoever runs the service."""

MAX_BODY = MEGABYTE  # bytes: a question and twenty earlier answers have a fifth of it
"""How long a request may be."""

NO_KEY = (
    "This needs a valid key, sent as the header 'Authorization: Bearer KEY'. Whoever runs this "
    "service makes one with: ./strategiewijzer keys new NAME --scope ask"
)


class ErrorDetail(Frozen):
    """What is wrong with a request."""

    message: str  # with what to do
    type: ApiErrorType
    param: str | None = None  # the part of the request that is meant
    code: str  # for programs (docs/api.md)


class ErrorReply(Frozen):
    """The body of every reply with a status of 400 or more."""

    error: ErrorDetail


def error_reply(status: int, message: str, code: str, param: str | None = None) -> ErrorReply:
    """The body that goes with an HTTP status."""
    return ErrorReply(
        error=ErrorDetail(message=message, type=_type(status), param=param, code=code)
    )


def _type(status: int) -> ApiErrorType:
    types: dict[int, ApiErrorType] = {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
    }
    return types.get(status, "server_error" if status >= 500 else "invalid_request_error")
