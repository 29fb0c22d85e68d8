"""GET /healthz and /readyz: whether the process lives, and whether it can answer. Without a key."""

from typing import Literal

from fastapi import APIRouter, Request

from api.readiness import Readiness
from core.frozen import Frozen

router = APIRouter()


class Health(Frozen):
    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def alive() -> Health:
    """The process lives."""
    return Health()


@router.get("/readyz")
async def ready(request: Request) -> Health:
    """Questions can be answered: the settings are right, the database of keys replies, and there is
    an index whose store can be reached."""
    readiness = request.app.state.readiness
    assert isinstance(readiness, Readiness)  # noqa: S101 - set where the application is made
    await readiness.check()
    return Health()
