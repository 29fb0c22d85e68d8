"""GET /metrics: the figures of the service, for Prometheus."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.key_access import Caller, require

router = APIRouter()

_FIGURES: dict[str, Any] = {
    "description": "Figures in the text format of Prometheus.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@router.get("/metrics", response_class=Response, responses={200: _FIGURES})
async def metrics(_: Annotated[Caller, Depends(require("metrics"))]) -> Response:
    """The figures of the service; needs a key with the scope `metrics`."""
    from core import telemetry  # takes a while to import, and only this needs it

    figures, content_type = telemetry.exposition()
    return Response(figures, media_type=content_type)
