"""Middleware of the app: request ids, maintenance, and who is let in.

request -> RequestIdMiddleware -> ErrorShape (api/later.py) -> SecurityMiddleware
-> MaintenanceMiddleware -> pages, API
"""

import asyncio
import contextlib
import logging
import re
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import logs, telemetry
from core.disk import in_use
from core.error_reply import NO_KEY, error_reply
from core.errors import MEGABYTE, SettingsError, StrategiewijzerError
from core.hosts import NOT_OURS, is_loopback, is_ours
from core.settings import Role, current
from core.telemetry import observe
from ui import access

# The outermost layers before the app: an id for each request, and the door while it is maintained.


logger = logging.getLogger(__name__)

ID = "X-Request-ID"
PROGRAMS = ("/v1", "/mcp")  # what programs ask; probes and metrics go on during maintenance
RETRY_AFTER = 300  # seconds: maintenance takes minutes, and clients should not all insist
_REFUSALS = frozenset({401, 403, 405, 411, 413, 421, 429, 503})  # statuses for what was not let in


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
        with logs.request(Headers(scope=scope).get(ID, "")) as asked:
            await self._app(scope, receive, _sending_request_id(send, asked))


def _sending_request_id(send: Send, asked: str) -> Send:
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


class MaintenanceMiddleware:
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


# The layer between the network and the app: what may come in, and what browsers are told.


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
    "Referrer-Policy": "same-origin",  # addresses of pages hold questions
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",  # nothing of a site that does not allow it
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
}
_UPLOAD = re.compile(r".*/_stcore/upload_file/([^/]+)/[^/]+")
_SIZE = re.compile(r"[0-9]{1,15}")
# What may be sent to the API (api/application.py), which bounds it; MCP ends sessions by DELETE.
_TO_API = re.compile(r"POST (?:/v1/.+|/mcp)|DELETE /mcp", re.DOTALL)


class SecurityMiddleware:
    """ASGI middleware. What it refuses reaches no code of Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            if _refusal_of_name(headers) is None and _is_let_in(headers):
                await self._app(scope, receive, send)
            else:
                await WebSocketClose(1008)(scope, receive, send)
        elif scope["type"] == "http":
            telling = _with_headers(send)
            if refused := _refusal_of_name(Headers(scope=scope)) or _refusal(scope):
                await refused(scope, receive, telling)
            else:
                await self._app(scope, receive, telling)
        else:
            await self._app(scope, receive, send)


def _refusal_of_name(headers: Headers) -> Response | None:
    """How whoever calls this app by a foreign name is refused; None when nobody does.

    An app that listens on this machine only is called so by a page whose name leads here to read
    what its browser may read, or by a proxy, which passes on the name that people know: the setting
    tells the two apart. Without the header no browser asks.
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


def _refusal(scope: Scope) -> Response | None:
    """How a request is refused; None when it is not.

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
    status = _refusal_of_upload(scope, headers)
    return PlainTextResponse(status_code=status) if status else None


def _refusal_of_upload(scope: Scope, headers: Headers) -> int:
    """The HTTP status by which it is refused, 0 when it is not: only a page of this app may."""
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
    return refusal(found[1], int(size))


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sent


# Which sessions may send files, and how much: what the layer before the app asks (ui/guard.py).


_LASTS = 3600  # seconds after the page was last run: time to look for files, but no forgotten page
# Soon over for those who sent too much by mistake.
_WINDOW = 600  # seconds, in which a session may send:
_FILES = 500  # files; many small ones cost time and memory besides their bytes
_TIMES = 10  # times as many bytes as one file may have; what is sent is kept in memory
_AROUND = MEGABYTE  # bytes that a browser may send around a file
_LOOK = 60  # seconds between two looks at which sessions are over: their files are in memory


@dataclass
class _Allowance:
    """What one session may send: `largest` bytes a file, until `ends`; `sent` is when how much."""

    largest: int
    ends: float
    sent: deque[tuple[float, int]] = field(default_factory=deque)


_allowed: dict[str, _Allowance] = {}
_lock = threading.Lock()


def uploader(label: str, role: Role, largest: int, **options: Any) -> Any:
    """Shows a file uploader, as `st.file_uploader`; from now on the session of somebody with this
    role may send files.

    Args:
        label: what stands above it.
        role: without it nothing that is sent is taken.
        largest: megabytes that a file may have.
        options: any other argument of `st.file_uploader`.
    """
    context = get_script_run_ctx()
    with contextlib.suppress(StrategiewijzerError):
        access.require(role)
        if context is not None:
            allow(context.session_id, largest * MEGABYTE)
    return st.file_uploader(label, max_upload_size=largest, **options)


def allow(session: str, largest: int) -> None:
    """Lets a session send files of at most `largest` bytes, for an hour."""
    with _lock:
        allowance = _allowed.setdefault(session, _Allowance(0, 0))
        allowance.largest = largest
        allowance.ends = time.monotonic() + _LASTS


def refusal(session: str, size: int) -> int:
    """The HTTP status by which an upload of so many bytes is refused; 0 when it may come.

    One that may come counts, whether or not all of it arrives.
    """
    now = time.monotonic()
    with _lock:
        allowance = _allowed.get(session)
        if allowance is None or allowance.ends < now:
            return 403
        if size > allowance.largest + _AROUND:
            return 413
        sent = allowance.sent
        while sent and sent[0][0] < now - _WINDOW:
            sent.popleft()
        together = size + sum(one for _, one in sent)
        if len(sent) >= _FILES or together > _TIMES * allowance.largest + _AROUND:
            return 429
        sent.append((now, size))
        return 0


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncGenerator[None]:
    """While the app runs: its data folder is in use, files of sessions that are over go."""
    del app
    with contextlib.ExitStack() as running:
        with contextlib.suppress(SettingsError):  # which the pages tell
            running.enter_context(in_use(current().data_dir))
        running.callback(asyncio.create_task(_drop_for_ever()).cancel)
        yield


async def _drop_for_ever() -> None:
    gone: set[str] = set()
    while True:
        await asyncio.sleep(_LOOK)
        gone = drop(gone, runtime.get_instance())


def drop(gone: set[str], running: runtime.Runtime) -> set[str]:
    """Drops what is kept of sessions that were not connected at the last look either.

    Streamlit keeps a session that has lost its connection for a while, and its files until
    another session ends.

    Args:
        gone: the sessions that were not connected at the last look.
        running: what knows of sessions, and keeps their files.

    Returns: those that are not connected now.
    """
    with _lock:
        now_gone = {session for session in _allowed if not running.is_active_session(session)}
        for session in now_gone & gone:
            del _allowed[session]
            running.uploaded_file_mgr.remove_session_files(session)
    return now_gone - gone
