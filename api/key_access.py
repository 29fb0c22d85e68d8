"""Who calls, and what that allows.

A key is looked up before anything else of a request is read (`Gate`); what a route needs it says
with `require`. No cookie counts, so a page in a browser has no rights of its visitor here.
"""

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem import ApiError, problem_of
from api.threads import Pool
from api.throttle import Throttle
from core.api_error import NO_KEY
from core.errors import StrategiewijzerError
from core.role import includes
from core.settings import Role, Settings
from people.api_keys import ApiKey, Permission, found, hash_of

OPEN = ("/healthz", "/readyz")
"""What is told without a key: a container's health check has none."""

_LOOKUPS = 4  # at once: one takes less than a millisecond
_LONGEST = 200  # characters of a header with a key, which has 54


@dataclass(frozen=True)
class Caller:
    """The key that a request came with. `id` is the same at every request."""

    id: str
    name: str
    role: Role
    scopes: tuple[Permission, ...]

    def may(self, role: Role) -> bool:
        return includes(self.role, role)

    def check(self, scope: Permission, role: Role = "reader") -> None:
        """
        Raises:
            ApiError: the key has not this scope, or its role does not include this one.
        """
        if scope not in self.scopes:
            raise ApiError(
                403,
                f"This key lacks the scope {scope!r}. Ask whoever runs this service for a key "
                "that has it.",
                "insufficient_scope",
            )
        if not self.may(role):
            raise ApiError(
                403,
                f"This needs a key with the role {role}. Ask whoever runs this service for one.",
                "insufficient_role",
            )


class Gate:
    """ASGI middleware: refuses whoever has no valid key, and keys that ask too often.

    Args:
        app: what is behind it; `scope["state"]["caller"]` is the `Caller`.
        settings: gives the current ones.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings]) -> None:
        self._app = app
        self._settings = settings
        self._throttle = Throttle()
        self._lookups = Pool(_LOOKUPS)

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
        """
        Raises:
            ApiError: there is no valid key; one that has ended is told as one that never was.
        """
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not key or len(key) > _LONGEST:
            raise _unknown()
        hash = hash_of(key.strip())
        settings = self._settings()
        known: ApiKey | None = await self._lookups.run(lambda: found(settings, hash))
        if known is None or not known.is_valid(datetime.datetime.now(datetime.UTC)):
            self._throttle.wrong()
            raise _unknown()
        self._throttle.asked(known.id, settings.api_requests_per_minute)
        return Caller(known.id, known.name, known.role, known.scopes)


def _unknown() -> ApiError:
    return ApiError(401, NO_KEY, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def caller_of(scope: Scope) -> Caller:
    """Who makes a request that came through the gate."""
    caller = scope["state"]["caller"]
    assert isinstance(caller, Caller)  # noqa: S101 - the gate sets it
    return caller


# Only describes in the OpenAPI document what the gate has checked.
_described = HTTPBearer(
    scheme_name="key", auto_error=False, description="A key: docs/api.md says how to get one."
)


def require(scope: Permission, role: Role = "reader") -> Callable[..., Awaitable[Caller]]:
    """The FastAPI dependency that gives the `Caller`, who has this scope and role."""

    async def caller(
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_described)],
    ) -> Caller:
        found = caller_of(request.scope)
        found.check(scope, role)
        return found

    return caller


AskCaller = Annotated[Caller, Depends(require("ask"))]
ReadCaller = Annotated[Caller, Depends(require("read"))]
