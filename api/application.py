"""The API as one application, with its routes for operators: health, readiness, metrics."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from api import openai_chat, routes
from api.key_access import ApiKeyMiddleware, Caller, require
from api.later import ErrorShape, LazyApp
from api.problem import RESPONSES, Unforeseen, handle
from api.service import Service, TheService
from chain.assistant import Assistant
from core import VERSION
from core.errors import MAX_BODY
from core.settings import Settings, current
from core.source import Frozen

router = APIRouter()
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


class Health(Frozen):
    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def alive() -> Health:
    """The process lives."""
    return Health()


@router.get("/readyz")
async def ready(service: TheService) -> Health:
    """Questions can be answered: the settings are right, the database of keys replies, and there is
    an index whose store can be reached."""
    await service.check()
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
    handle(app)
    for each in (routes.router, router, openai_chat.router):
        app.include_router(each)

    def mcp() -> ASGIApp:
        from api.mcp_tools import McpOverHttp, mcp_server

        return McpOverHttp(mcp_server(service), settings)

    # Not in openapi.json: MCP describes itself.
    app.router.routes.append(Route("/mcp", LazyApp(mcp), methods=["POST"]))
    return app
