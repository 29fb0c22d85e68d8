"""GET /metrics: the figures of the service, for Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.key_access import Caller, require

router = APIRouter(include_in_schema=False)  # its format is Prometheus', not this API's


@router.get("/metrics")
async def metrics(_: Annotated[Caller, Depends(require("metrics"))]) -> Response:
    from core import telemetry  # takes a while to import, and only this needs it

    figures, content_type = telemetry.exposition()
    return Response(figures, media_type=content_type)
