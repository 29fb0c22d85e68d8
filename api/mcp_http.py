"""MCP by streamable HTTP, at /mcp, behind the keys of the API.

Nothing is kept between two requests, so any replica can take the next one.
"""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Receive, Scope, Send

from core.api_error import MAX_BODY
from core.settings import Settings


class McpOverHttp:
    """The ASGI application.

    Args:
        server: what is served.
        settings: gives the current ones: by which names this machine may be called.
    """

    def __init__(self, server: MCPServer[Any], settings: Callable[[], Settings]) -> None:
        self._server = server
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A manager of its own for each request: it has no state to share, and would need a
        # lifespan, which a route of another server's application does not get.
        # Replies are events, not JSON: of an answer that takes long, these show that it lives.
        self._server.streamable_http_app(
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            transport_security=_security(self._settings().mcp_hosts),
        )
        manager = self._server.session_manager  # the one just made: nothing is awaited between
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _security(hosts: tuple[str, ...]) -> TransportSecuritySettings:
    """Refuses pages of other sites, also those whose name was made to lead here."""
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=list(hosts),
        allowed_origins=[f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")],
    )
