"""Access by key: keys, their scopes, and rate limits."""

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem import ApiError, problem_of
from core.errors import NO_KEY, StrategiewijzerError
from core.rate_limit import AttemptLimit
from core.settings import Settings
from userdata.api_keys import Permission, found, hash_of

OPEN = ("/healthz", "/readyz")
"""Paths that answer without a key: a container's health check has none."""

_TRIES = 20  # wrong keys a minute: programs with a stale one, none that tries them
_TOO_MANY = "Too many wrong keys came in the last minute: wait before the next try."
_LOOKUPS = 4  # at once: one takes less than a millisecond
_LONGEST = 200  # characters of a header with a key, which has 54


@dataclass(frozen=True)
class Caller:
    """The key that a request came with. `id` is the same at every request."""

    id: str
    scopes: tuple[Permission, ...]

    def check(self, scope: Permission) -> None:
        """Raises `ApiError` where the key has not this scope."""
        if scope not in self.scopes:
            raise ApiError(
                403,
                f"This key lacks the scope {scope!r}. Ask whoever runs this service for a key "
                "that has it.",
                "insufficient_scope",
            )


class ApiKeyMiddleware:
    """ASGI middleware: refuses whoever has no valid key, and keys that ask too often.

    Wrong keys of all strangers count together. They are not told apart by address: behind a proxy
    everybody has its address, and what a request says of it (X-Forwarded-For) anybody on this
    machine can make up. They keep nobody out who has a key, since only what was looked up and is
    wrong counts.

    Args:
        app: what is behind it; `scope["state"]["caller"]` is the `Caller`.
        settings: gives the current ones.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings]) -> None:
        self._app = app
        self._settings = settings
        self._limit = AttemptLimit()
        self._lookups = anyio.CapacityLimiter(_LOOKUPS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                caller = await self._caller(scope)
            except (ApiError, StrategiewijzerError) as error:
                await problem_of(error).response()(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        """Raises `ApiError` without a valid key: the same for one that has ended as for none."""
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not key or len(key) > _LONGEST:
            raise _unknown()
        hash = hash_of(key.strip())
        settings = self._settings()
        known = await anyio.to_thread.run_sync(found, settings, hash, limiter=self._lookups)
        if known is None or not known.is_valid(datetime.datetime.now(datetime.UTC)):
            self._count("wrong", "", _TRIES, f"{NO_KEY} {_TOO_MANY}")
            raise _unknown()
        most = settings.api_requests_per_minute
        self._count(
            "key",
            known.id,
            most,
            f"This key may make {most} requests a minute. Wait as long as Retry-After says; "
            "whoever runs this service can raise api_requests_per_minute.",
        )
        return Caller(known.id, known.scopes)

    def _count(self, kind: str, who: str, per_minute: int, message: str) -> None:
        """Counts a request; raises `ApiError` where there were more in the last minute."""
        if wait := self._limit.count(per_minute, kind, who):
            raise ApiError(429, message, "rate_limit_exceeded", headers={"Retry-After": str(wait)})


def _unknown() -> ApiError:
    return ApiError(401, NO_KEY, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def caller_of(scope: Scope) -> Caller:
    """The caller of a request that the middleware let through."""
    caller = scope["state"]["caller"]
    assert isinstance(caller, Caller)  # noqa: S101 - the gate sets it
    return caller


# Only describes in the OpenAPI document what the gate has checked.
_described = HTTPBearer(
    scheme_name="key", auto_error=False, description="A key: docs/api.md says how to get one."
)


def require(scope: Permission) -> Callable[..., Awaitable[Caller]]:
    """The FastAPI dependency that gives the `Caller`, who has this scope."""

    async def caller(
        request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_described)]
    ) -> Caller:
        found = caller_of(request.scope)
        found.check(scope)
        return found

    return caller


AskCaller = Annotated[Caller, Depends(require("ask"))]
ReadCaller = Annotated[Caller, Depends(require("read"))]
