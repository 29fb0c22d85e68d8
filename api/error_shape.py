"""An error of the API has the one shape also where others tell it: the layers before it, Streamlit,
the SDK of MCP. It is told here what each status means."""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.later import PATHS
from core.api_error import MAX_BODY, ErrorReply, error_reply
from core.host_names import NOT_OURS

_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    421: "unknown_host",
    503: "unavailable",
}
_REMEDIES = {
    400: "The body must be JSON in UTF-8, and not nested deeply.",
    413: f"A request may have {MAX_BODY // 2**20} MB.",
    421: NOT_OURS,
    503: "Whoever runs this service finds the cause in its log or with: ./strategiewijzer doctor",
}


def of_status(status: int) -> ErrorReply:
    """What is told of an error of which only the status is known."""
    remedy = _REMEDIES.get(status, "docs/api.md and /v1/openapi.json say what there is.")
    told = f"{HTTPStatus(status).phrase}. {remedy}"
    code = _CODES.get(status, "bad_request" if status < 500 else "internal_error")
    return error_reply(status, told, code)


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
            reply = JSONResponse(of_status(message["status"]).model_dump(), message["status"])
            reply.raw_headers.extend(headers.raw)
            await reply(scope, receive, send)
        elif not replaced:
            await send(message)

    return shaped


def _is_foreign(start: Message) -> bool:
    kind = Headers(scope=start).get("content-type", "")
    return start["status"] >= 400 and not kind.startswith("application/json")
