"""A request has so many bytes at most, said beforehand or counted while it is read."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import ApiError
from core.api_error import MAX_BODY

_SIZE = re.compile(r"[0-9]{1,15}")


class BoundedBody:
    """ASGI middleware. Starlette's own tells in plain text what it refuses, clients want JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            size = Headers(scope=scope).get("content-length", "0")
            if not _SIZE.fullmatch(size) or int(size) > MAX_BODY:
                raise _too_large()
            receive = _counted(receive)
        await self._app(scope, receive, send)


def _counted(receive: Receive) -> Receive:
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > MAX_BODY:
            raise HTTPException(413)  # the one kind of error that FastAPI lets through
        return message

    return counted


def _too_large() -> ApiError:
    return ApiError(413, f"A request may have {MAX_BODY // 2**20} MB.", "request_too_large")
