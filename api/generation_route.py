"""GET /v1/generations: the states of the index that are kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.key_access import Caller, require
from api.service import TheService
from core.frozen import Frozen
from vectorstore.generations import Generations

router = APIRouter()


class GenerationSummary(Frozen):
    """A generation of the index. `created` is UTC, ISO 8601; `method` is how texts were embedded;
    the counts are of the language versions and passages in it."""

    id: str
    created: str
    in_use: bool
    method: str
    documents: int
    passages: int


class GenerationList(Frozen):
    """The kept generations, oldest first."""

    generations: tuple[GenerationSummary, ...]


@router.get("/v1/generations", response_model=GenerationList)
async def generations(
    _: Annotated[Caller, Depends(require("read", "maintainer"))], service: TheService
) -> Response:
    """Lists the generations that the index can go back to; for maintainers."""

    def work() -> GenerationList:
        store = Generations(service.settings())
        in_use = store.current().id
        return GenerationList(
            generations=tuple(
                GenerationSummary(
                    id=one.id,
                    created=one.manifest.created,
                    in_use=one.id == in_use,
                    method=one.manifest.method,
                    documents=len(one.manifest.documents),
                    passages=one.manifest.passages,
                )
                for one in store.kept()
            )
        )

    return await service.read(work)
