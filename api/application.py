"""The API as one application, with its routes for operators: health, readiness, metrics."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from api import openai_chat, routes
from api.key_access import ApiKeyMiddleware, Caller, require
from api.later import ErrorShape, LazyApp
from api.problem import RESPONSES, Unforeseen, handle
from api.service import Service
from chain.assistant import Assistant
from core import VERSION
from core.errors import MAX_BODY, StrategiewijzerError
from core.settings import Settings, current
from core.source import Frozen
from userdata.api_keys import found, hash_of

router = APIRouter()
_LONGEST = 10.0  # seconds for a look; a server of a database that hangs is waited for longer
_FIGURES: dict[str, Any] = {
    "description": "Figures in the text format of Prometheus.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}

# FastAPI's own spans have the query of an address, and so the question of a search.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
_ABOUT = (
    "Ask the assistant, and search and read its sources. Every request needs a key, but those to "
    "/healthz and /readyz. Errors have one shape, `ErrorReply`."
)


class Readiness:
    """Looks whether there is all that a question by the API takes: settings, the keys, the index.

    Anybody may ask, so there is one look at a time: whoever comes meanwhile gets what it finds.
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


def application(
    assistant: Callable[[], Assistant], settings: Callable[[], Settings] = current
) -> FastAPI:
    """The API.

    Args:
        assistant: gives the one to share with the pages; asked at every request, so an index that
            comes later is used, and its errors are answered.
        settings: gives the current ones.
    """
    app = FastAPI(
        title="Strategiewijzer",
        description=_ABOUT,
        version=VERSION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        responses=RESPONSES,
        middleware=[
            Middleware(ErrorShape),
            Middleware(Unforeseen),
            Middleware(ApiKeyMiddleware, settings=settings),
            Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY),
        ],
        telemetry=_NO_TELEMETRY,
    )
    service = app.state.service = Service(assistant, settings)
    app.state.readiness = Readiness(assistant, settings)
    handle(app)
    for each in (routes.router, router, openai_chat.router):
        app.include_router(each)

    def mcp() -> ASGIApp:
        from api.mcp_tools import McpOverHttp, mcp_server

        return McpOverHttp(mcp_server(service), settings)

    # Not in openapi.json: MCP describes itself.
    app.router.routes.append(Route("/mcp", LazyApp(mcp), methods=["POST"]))
    return app
