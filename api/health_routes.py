"""Routes for operators: health, readiness, metrics."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response

from api.key_access import Caller, require
from chain.assistant import Assistant
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Frozen
from userdata.api_keys import found, hash_of

router = APIRouter()

_LONGEST = 10.0  # seconds for a look; a server of a database that hangs is waited for longer
_FIGURES: dict[str, Any] = {
    "description": "Figures in the text format of Prometheus.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


class Readiness:
    """Looks whether there is all that a question by the API takes: settings, the keys, the index.

    Anybody may ask, so there is one look at a time: whoever comes meanwhile gets what it finds.

    Args:
        assistant: gives the one of pages and API.
        settings: gives the current ones.
    """

    def __init__(
        self, assistant: Callable[[], Assistant], settings: Callable[[], Settings]
    ) -> None:
        self._assistant = assistant
        self._settings = settings
        self._thread = anyio.CapacityLimiter(1)
        self._looking: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """
        Raises:
            StrategiewijzerError: what lacks, or the look takes too long; it goes on then, for
                whoever asks next.
        """
        looking = self._looking
        if looking is None or looking.done():
            look = anyio.to_thread.run_sync(self._look, limiter=self._thread)
            looking = self._looking = asyncio.create_task(look)
            # An error that came too late for all who asked is no error of the event loop.
            looking.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([looking], timeout=_LONGEST)
        if not looking.done():
            raise StrategiewijzerError(
                f"The database or the index has not replied within {_LONGEST:.0f} seconds. Look at "
                "both with: ./strategiewijzer doctor"
            )
        looking.result()

    def _look(self) -> None:
        found(self._settings(), hash_of(""))  # as the key of a request is looked up
        self._assistant().index.snapshot()


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


@router.get("/metrics", response_class=Response, responses={200: _FIGURES})
async def metrics(_: Annotated[Caller, Depends(require("metrics"))]) -> Response:
    """The figures of the service; needs a key with the scope `metrics`."""
    from core import telemetry  # takes a while to import, and only this needs it

    figures, content_type = telemetry.exposition()
    return Response(figures, media_type=content_type)
