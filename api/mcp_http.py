"""MCP by streamable HTTP, at /mcp, behind the keys of the API.

Nothing is kept between two requests, so any replica can take the next one.
"""

import threading
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.types import Receive, Scope, Send

from api.service import Service
from core.api_error import MAX_BODY

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.transport_security import TransportSecuritySettings


class McpOverHttp:
    """The ASGI application.

    Args:
        service: what the tools work with.
        version: of the program, as clients are told.
    """

    def __init__(self, service: Service, version: str) -> None:
        self._service = service
        self._version = version
        self._making = threading.Lock()
        self._made: MCPServer[Any] | None = None

    def _server(self) -> "MCPServer[Any]":
        """The server, made at the first request: importing the SDK takes as long as all the rest of
        the app's start."""
        with self._making:
            if self._made is None:
                from api.mcp_tools import mcp_server

                self._made = mcp_server(self._service, self._version)
            return self._made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = await anyio.to_thread.run_sync(self._server)
        # A manager of its own for each request: it has no state to share, and would need a
        # lifespan, which a route of another server's application does not get.
        # Replies are events, not JSON: of an answer that takes long, these show that it lives.
        server.streamable_http_app(
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            transport_security=_security(self._service.settings().mcp_hosts),
        )
        manager = server.session_manager  # the one just made: nothing is awaited between
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _security(hosts: tuple[str, ...]) -> "TransportSecuritySettings":
    """Refuses pages of other sites, also those whose name was made to lead here."""
    from mcp.server.transport_security import TransportSecuritySettings

    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=list(hosts),
        allowed_origins=[f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")],
    )
