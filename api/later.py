"""The API before it is loaded: applications made at their first request, and the shape of errors.

An error of the API has the one shape also where the layers before it, Streamlit or the SDK of MCP
reply.
"""

from collections.abc import Callable
from http import HTTPStatus

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.background import once
from core.errors import MAX_BODY, ErrorReply, error_reply
from core.files import in_megabytes
from core.hosts import NOT_OURS

PATHS = ("/v1/{rest:path}", "/mcp", "/healthz", "/readyz", "/metrics")
"""What is the API's; all else is the pages'."""

_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    421: "unknown_host",
    503: "unavailable",
}
_REMEDIES = {
    400: "The body must be JSON in UTF-8, and not nested deeply.",
    413: f"A request may have {in_megabytes(MAX_BODY)}.",
    421: NOT_OURS,
    503: "Whoever runs this service finds the cause in its log or with: ./strategiewijzer doctor",
}
_WRONG_ADDRESS = (
    "The address has what no address here has, such as %00, .. or a backslash. docs/api.md and "
    "/v1/openapi.json say what there is."
)


class LazyApp:
    """An ASGI application that is made at its first request, since importing what it takes is slow:
    the API takes as long as all the rest of the app's start, and the SDK of MCP as long again.

    Args:
        make: makes the one that it stands for; called once, in a thread.
    """

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = once(make)
        self._made: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._made is None:
            self._made = await anyio.to_thread.run_sync(self._make)
        await self._made(scope, receive, send)


def routes(make: Callable[[], ASGIApp]) -> list[Route]:
    """Routes that pass requests on unchanged, so that the API sees whole paths; `make` makes it."""
    api = LazyApp(make)
    return [Route(path, endpoint=api) for path in PATHS]


def of_status(status: int, method: str) -> ErrorReply:
    """The message for an error of which only the status and the request's method are known."""
    remedy = _REMEDIES.get(status, "docs/api.md and /v1/openapi.json say what there is.")
    if status == 400 and method in ("GET", "HEAD"):  # which have no body
        remedy = _WRONG_ADDRESS
    code = _CODES.get(status, "bad_request" if status < 500 else "internal_error")
    return error_reply(status, f"{HTTPStatus(status).phrase}. {remedy}", code)


class ErrorShape:
    """ASGI middleware: an error in answer to a request to the API that is no JSON becomes that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"].startswith("/v1/") or scope["path"] in PATHS):
            send = _shaped(scope, receive, send)
        await self._app(scope, receive, send)


def _shaped(scope: Scope, receive: Receive, send: Send) -> Send:
    replaced = False

    async def shaped(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and _is_foreign(message):
            replaced = True
            headers = MutableHeaders(scope=message)
            for name in ("Content-Type", "Content-Length", "Content-Encoding"):
                del headers[name]
            content = of_status(message["status"], scope["method"]).model_dump()
            reply = JSONResponse(content, message["status"])
            reply.raw_headers.extend(headers.raw)
            await reply(scope, receive, send)
        elif not replaced:
            await send(message)

    return shaped


def _is_foreign(start: Message) -> bool:
    kind = Headers(scope=start).get("content-type", "")
    return start["status"] >= 400 and not kind.startswith("application/json")
