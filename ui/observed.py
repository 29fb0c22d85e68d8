"""The outermost layers before the app: an id for each request, and the door while it is maintained.

request -> Observed: id, count of refusals -> ErrorShape (api/error_shape.py) -> Guard (ui/guard.py)
-> Closed -> pages, API
"""

import logging

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import logs, telemetry
from core.api_error import error_reply
from core.errors import SettingsError
from core.observing import observe
from core.settings import current

logger = logging.getLogger(__name__)

ID = "X-Request-ID"
PROGRAMS = ("/v1", "/mcp")  # what programs ask; probes and metrics go on during maintenance
RETRY_AFTER = 300  # seconds: maintenance takes minutes, and clients should not all insist
_REFUSALS = frozenset({401, 403, 405, 411, 413, 421, 429, 503})  # statuses for what was not let in


class Observed:
    """ASGI middleware that names each request: as its X-Request-ID says if that is valid, and in
    the header of the answer. Starts logs and telemetry of the server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        observe(serves=True)
        address = st.get_option("browser.serverAddress"), st.get_option("server.port")
        logger.info("The pages are served at http://%s:%s", *address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with logs.request(Headers(scope=scope).get(ID, "")) as asked:
            await self._app(scope, receive, _told(send, asked))


def _told(send: Send, asked: str) -> Send:
    accepted = False

    async def sent(message: Message) -> None:
        nonlocal accepted
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[ID] = asked
            if message["status"] in _REFUSALS:
                telemetry.refused(message["status"])
        elif message["type"] == "websocket.accept":
            accepted = True
        elif message["type"] == "websocket.close" and not accepted:
            telemetry.refused(403)  # which is what a server makes of it
        await send(message)

    return sent


class Closed:
    """ASGI middleware that tells programs to come back later while `maintenance` is set."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_of_programs(scope) and (told := _maintenance()):
            reply = error_reply(503, told, "maintenance")
            headers = {"Retry-After": str(RETRY_AFTER)}
            refusal = JSONResponse(reply.model_dump(), 503, headers)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_of_programs(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return any(path == one or path.startswith(f"{one}/") for one in PROGRAMS)


def _maintenance() -> str:
    """What the setting says now; nothing where the settings are wrong, which the API tells."""
    try:
        return current().maintenance
    except SettingsError:
        return ""
