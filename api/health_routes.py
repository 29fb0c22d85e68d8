"""GET /healthz and /readyz: whether the process lives, and whether it can answer. Without a key."""

from typing import Literal

from fastapi import APIRouter

from api.service import TheService
from core.frozen import Frozen

router = APIRouter()


class Health(Frozen):
    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def alive() -> Health:
    """The process lives."""
    return Health()


@router.get("/readyz")
async def ready(service: TheService) -> Health:
    """Questions can be answered: there is an index, and its store can be reached."""
    await service.looking.run(lambda: service.assistant().index.snapshot())
    return Health()
