"""POST /mcp, as openapi.json names it; api/mcp_http.py answers, behind the same keys."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

router = APIRouter()

_MESSAGE = {"type": "object", "required": ["jsonrpc"], "properties": {"jsonrpc": {"const": "2.0"}}}
_NAMED: dict[str, Any] = {
    "security": [{"key": []}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _MESSAGE}}},
}
_EVENTS: dict[str, Any] = {
    "description": "Messages of the protocol, as server-sent events.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
_TAKEN: dict[str, Any] = {"description": "A notification was taken."}
_OF_PROTOCOL: dict[str, Any] = {"description": "An error of the protocol's own."}


class _Replied(Response):
    """The reply that an ASGI application makes."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


@router.post(
    "/mcp",
    response_class=Response,
    responses={200: _EVENTS, 202: _TAKEN, **dict.fromkeys((400, 403, 406, 421), _OF_PROTOCOL)},
    openapi_extra=_NAMED,
)
async def mcp(request: Request) -> Response:
    """The Model Context Protocol, by streamable HTTP without sessions (docs/clients.md)."""
    return _Replied(request.app.state.mcp)
