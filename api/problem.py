"""Errors as replies to other programs.

Neither the request nor the text of an unforeseen error is repeated: both may hold what only its
owner should see, and messages about files hold paths.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.later import of_status
from core.errors import (
    ErrorReply,
    IndexMismatchError,
    ModelError,
    NoIndexError,
    StoreError,
    StrategiewijzerError,
    error_reply,
    kind_and_place,
)

logger = logging.getLogger(__name__)

_LONGEST_NAME = 60  # characters of a field's name that is shown; ours have 20
_TYPES = ("constrained-str", "list[_Part]")  # pydantic's names of the forms of a content
_RETRY = "30"  # seconds: about what a server or an index needs to be back


class ApiError(Exception):
    """A request that is not answered; `reply` says why, and `headers` are those of the reply."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.reply = error_reply(status, message, code, param)

    def response(self) -> Response:
        return Response(self.reply.model_dump_json(), self.status, self.headers, "application/json")


def problem_of(error: Exception) -> ApiError:
    """The reply to other programs for an error; what they may not see is logged."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, NoIndexError):  # its message is always the same
        return ApiError(503, str(error), "no_index", headers={"Retry-After": _RETRY})
    if isinstance(error, StrategiewijzerError):
        logger.warning("A request of the API failed: %s", error)
        unusable = isinstance(error, IndexMismatchError | StoreError)
        failed = "The language model" if isinstance(error, ModelError) else "The service"
        return ApiError(
            503,
            f"{'The index' if unusable else failed} cannot be used now. Try again later; whoever "
            "runs this service finds the cause in its log or with: ./strategiewijzer doctor",
            "index_unusable" if unusable else "unavailable",
            headers={"Retry-After": _RETRY},
        )
    logger.error("A request of the API ended with %s", kind_and_place(error))
    return ApiError(
        500,
        "Something went wrong inside. Tell whoever runs this service when it happened: the log "
        "says where.",
        "internal_error",
    )


def _place(problem: Mapping[str, Any]) -> tuple[str, ...]:
    """Where in a request something is wrong. A name that the request made up is bounded, and
    escaped where it is more than ASCII."""
    names = () if problem["type"] == "json_invalid" else problem["loc"][1:]
    return tuple(_escaped(name) for name in names if name not in _TYPES)


def _escaped(name: object) -> str:
    text = str(name).encode("unicode_escape").decode("ascii")
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."


def handle(app: FastAPI) -> None:
    """Registers the replies to all errors with an application."""

    @app.exception_handler(ApiError)
    @app.exception_handler(StrategiewijzerError)
    async def failed(_: Request, error: Exception) -> Response:
        return problem_of(error).response()

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        reply = of_status(error.status_code, request.method).model_dump()
        return JSONResponse(reply, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        """Names the place in a request that is wrong or missing, and repeats nothing of it."""
        places = [(_place(problem), problem) for problem in error.errors()]
        place, first = max(places, key=lambda found: len(found[0]))  # of a union what was meant
        param = ".".join(place) or None
        named = param or first["loc"][0]
        message = f"{named}: {first['msg']}. /v1/openapi.json says what is expected."
        status = 400 if "/chat/" in request.url.path else 422  # OpenAI's clients know no 422
        return ApiError(status, message, "invalid_request", param).response()


class Unforeseen:
    """ASGI middleware: an error that nobody expected is a reply, and a line in the log without its
    message, which may hold a question."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            if scope["type"] != "http":
                raise
            problem = problem_of(error)
            if not begun:
                await problem.response()(scope, receive, send)


RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorReply, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 405, 413, 421, 422, 429, 500, 503)
}
"""What any request can be told, for the description of the API."""
