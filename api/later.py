"""Applications that are made at their first request, since importing what they take is slow: the
API takes as long as all the rest of the app's start, and the SDK of MCP as long again."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import Settings, current

if TYPE_CHECKING:
    from chain.assistant import Assistant

PATHS = ("/v1/{rest:path}", "/mcp", "/healthz", "/readyz", "/metrics")
"""What is the API's; all else is the pages'."""


class Later:
    """An ASGI application.

    Args:
        make: makes the one that it stands for; called once, in a thread.
    """

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._making = threading.Lock()
        self._made: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = self._made
        if made is None:
            made = await anyio.to_thread.run_sync(self._once)
        await made(scope, receive, send)

    def _once(self) -> ASGIApp:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made


def routes(
    assistant: "Callable[[], Assistant]", settings: Callable[[], Settings] = current
) -> list[Route]:
    """Routes that pass requests on unchanged, so that the API sees whole paths; arguments as of
    `api.application.application`."""

    def make() -> ASGIApp:
        from api.application import application

        return application(assistant, settings)

    api = Later(make)
    return [Route(path, endpoint=api) for path in PATHS]
