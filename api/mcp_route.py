"""MCP by streamable HTTP, at /mcp, behind the keys of the API.

Nothing is kept between two requests, so any replica can take the next one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem import ApiError
from core.errors import MAX_BODY
from core.hosts import NOT_OURS, is_ours
from core.settings import Settings

if TYPE_CHECKING:  # the SDK takes half a second to import
    from mcp.server.mcpserver import MCPServer

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


class McpOverHttp:
    """The ASGI application.

    Args:
        server: what is served.
        settings: gives the current ones: by which names this machine may be called.
    """

    def __init__(self, server: "MCPServer[Any]", settings: Callable[[], Settings]) -> None:
        self._server = server
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.transport_security import TransportSecuritySettings

        self._check(Headers(scope=scope))
        # A manager of its own for each request: it has no state to share, and would need a
        # lifespan, which a route of another server's application does not get.
        # Replies are events, not JSON: of an answer that takes long, these show that it lives.
        self._server.streamable_http_app(
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        manager = self._server.session_manager  # the one just made: nothing is awaited between
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        """
        Raises:
            ApiError: a page of another site asks, also one whose name was made to lead here. The
                SDK's own check knows no names but those that are listed one by one.
        """
        names = self._settings().allowed_hosts
        if not is_ours(headers.get("host", ""), names):
            raise ApiError(421, NOT_OURS, "unknown_host")
        origin = headers.get("origin", "")
        if origin and not is_ours(origin.partition("://")[2], names):
            raise ApiError(403, "No page of another site may ask this.", "foreign_origin")


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
