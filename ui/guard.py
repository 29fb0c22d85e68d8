"""Middleware of the app: request ids, maintenance, who is let in, and what browsers may do.

request -> RequestIdMiddleware -> ErrorShape (api/later.py) -> SecurityMiddleware -> pages, API
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncGenerator

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core import logs, telemetry
from core.errors import NO_KEY, SettingsError, error_reply
from core.files import in_use
from core.hosts import NOT_OURS, is_loopback, is_ours
from core.settings import current
from core.telemetry import observe
from ui import uploads

logger = logging.getLogger(__name__)

ID = "X-Request-ID"
PROGRAMS = ("/v1", "/mcp")  # what programs ask; probes and metrics go on during maintenance
RETRY_AFTER = 300  # seconds: maintenance takes minutes, and clients should not all insist
_REFUSALS = frozenset({401, 403, 405, 411, 413, 421, 429, 503})  # statuses for what was not let in
# Streamlit runs scripts of ours that stand in the page, and sets styles on elements.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline'",
    "script-src-attr": "'none'",  # no onerror= or onclick=, which markup that slips through has
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "media-src": "'none'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# What pages of ours never ask of a browser; writing to the clipboard stays, for the copy button.
_UNUSED = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "geolocation", "gyroscope", "hid", "identity-credentials-get",
    "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials",
    "payment", "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get",
    "screen-wake-lock", "serial", "storage-access", "usb", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": "; ".join(" ".join(part) for part in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # addresses of pages hold questions and tokens of links
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",  # nothing of a site that does not allow it
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
}
_UPLOAD = re.compile(r".*/_stcore/upload_file/([^/]+)/[^/]+")
_SIZE = re.compile(r"[0-9]{1,15}")
# What may be sent to the API (api/application.py), which bounds it; MCP ends sessions by DELETE.
_TO_API = re.compile(r"POST (?:/v1/.+|/mcp)|DELETE /mcp", re.DOTALL)


class RequestIdMiddleware:
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
        with logs.request(Headers(scope=scope).get(ID, "")) as request_id:
            await self._app(scope, receive, _sending_request_id(send, request_id))


def _sending_request_id(send: Send, request_id: str) -> Send:
    accepted = False

    async def send_with_id(message: Message) -> None:
        nonlocal accepted
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[ID] = request_id
            if message["status"] in _REFUSALS:
                telemetry.refused(message["status"])
        elif message["type"] == "websocket.accept":
            accepted = True
        elif message["type"] == "websocket.close" and not accepted:
            telemetry.refused(403)  # which is what a server makes of it
        await send(message)

    return send_with_id


class SecurityMiddleware:
    """ASGI middleware. What it refuses reaches no code of Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            if _rejection_of_name(headers) is None and _is_let_in(headers):
                await self._app(scope, receive, send)
            else:
                await WebSocketClose(1008)(scope, receive, send)
        elif scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = _rejection_of_name(headers) or _rejection(scope) or _closed(scope)
            await (refusal or self._app)(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, send)


def _rejection_of_name(headers: Headers) -> Response | None:
    """The answer to a request that calls this app by a foreign name; None when its name is ours.

    An app that listens on this machine only gets such a request from a page whose name leads here,
    to read what its browser may read, or from a proxy, which passes on the name that people know:
    the setting tells the two apart. Without the header no browser asks.
    """
    hosts = headers.getlist("host")
    if not hosts or not is_loopback(st.get_option("server.address")):
        return None
    if len(hosts) == 1 and is_ours(hosts[0], ()):  # the settings need not be read
        return None
    try:
        names = current().allowed_hosts
    except SettingsError as error:
        logger.warning("%s", error)
        return PlainTextResponse("The settings are wrong: ./strategiewijzer doctor", 503)
    if len(hosts) == 1 and is_ours(hosts[0], names):
        return None
    logger.warning(
        "Refused a request to %r: this app listens on this machine only. If that is its name, as a "
        "proxy passes it on, add it to STRATEGIEWIJZER_ALLOWED_HOSTS (docs/operations.md).",
        hosts,
    )
    return PlainTextResponse(NOT_OURS, 421)


def _is_let_in(headers: Headers) -> bool:
    """Whether a page of this very app opens a connection; who else does is logged."""
    if _is_same_origin(headers):
        return True
    logger.warning(
        "Refused a connection of %r to %r. A proxy must pass on Host and Origin as the browser "
        "sends them (docs/sign-in.md).",
        headers.get("origin"),
        headers.get("host"),
    )
    return False


def _is_same_origin(headers: Headers) -> bool:
    """Whether a page of this very app asks: of the same host and port.

    Browsers always say so when they open a WebSocket or send data. TLS may end at a proxy, so
    either scheme is the same.
    """
    host = headers.get("host")
    return bool(host) and headers.get("origin") in (f"http://{host}", f"https://{host}")


def _rejection(scope: Scope) -> Response | None:
    """The answer to a request that is not let in; None when it is.

    Only programs with a key, whom the API asks for it, and uploads and their removal may send
    anything. A page of another site cannot say that it has a key: browsers ask us first whether it
    may, and get no for an answer.
    """
    if scope["method"] in ("GET", "HEAD"):
        return None
    headers = Headers(scope=scope)
    if _TO_API.fullmatch(f"{scope['method']} {scope['path']}"):
        if "authorization" in headers:
            return None
        reply = error_reply(401, NO_KEY, "invalid_api_key")
        return JSONResponse(reply.model_dump(), 401, {"WWW-Authenticate": "Bearer"})
    status = _upload_status(scope, headers)
    return PlainTextResponse(status_code=status) if status else None


def _upload_status(scope: Scope, headers: Headers) -> int:
    """The HTTP status that rejects an upload, 0 when it may come: only a page of this app may."""
    found = _UPLOAD.fullmatch(scope["path"])
    if found is None or scope["method"] not in ("PUT", "DELETE"):
        return 405
    if not _is_same_origin(headers):
        return 403
    if scope["method"] == "DELETE":
        return 0
    size = headers.get("content-length", "")
    if not _SIZE.fullmatch(size) or "transfer-encoding" in headers:  # which would decide
        return 411
    return uploads.rejected_with(found[1], int(size))


def _closed(scope: Scope) -> Response | None:
    """Tells programs to come back later while `maintenance` is set; pages say it themselves, and
    where the settings are wrong, the API."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if not any(path == prefix or path.startswith(f"{prefix}/") for prefix in PROGRAMS):
        return None
    try:
        notice = current().maintenance
    except SettingsError:
        return None
    if not notice:
        return None
    reply = error_reply(503, notice, "maintenance")
    return JSONResponse(reply.model_dump(), 503, {"Retry-After": str(RETRY_AFTER)})


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return send_with_headers


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncGenerator[None]:
    """While the app runs its data folder is in use, and files of sessions that are over go."""
    del app
    with contextlib.ExitStack() as running:
        with contextlib.suppress(SettingsError):  # which the pages show
            running.enter_context(in_use(current().data_dir))
        running.callback(asyncio.create_task(uploads.drop_for_ever()).cancel)
        yield
