"""The API as one application."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from api import ask_route, health_routes, openai_chat, source_routes
from api.health_routes import Readiness
from api.key_access import ApiKeyMiddleware
from api.later import ErrorShape, LazyApp
from api.problem import RESPONSES, Unforeseen, handle
from api.service import Service
from chain.assistant import Assistant
from core import VERSION
from core.errors import MAX_BODY
from core.settings import Settings, current

ROUTERS: tuple[APIRouter, ...] = (
    ask_route.router,
    source_routes.router,
    health_routes.router,
    openai_chat.router,
)

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
    for router in ROUTERS:
        app.include_router(router)

    def mcp() -> ASGIApp:
        from api.mcp_tools import McpOverHttp, mcp_server

        return McpOverHttp(mcp_server(service, VERSION), settings)

    # Not in openapi.json: MCP describes itself.
    app.router.routes.append(Route("/mcp", LazyApp(mcp), methods=["POST"]))
    return app
