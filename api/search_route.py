"""GET /v1/search: the passages that a question is answered from."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api.ask_route import LanguageCode
from api.key_access import ReadCaller
from api.service import TheService
from chain.query import MAX_QUESTION
from core.frozen import Frozen
from core.passage import ScoredPassage
from core.source import Scope
from language.identify import conversation

router = APIRouter()

_MOST = 50  # passages, as the setting `results` allows


class SearchRequest(Frozen):
    """`q` is what is asked, in `language` (detected if not given); `k` is how many passages; `area`
    and `document` (ids), each any number of times, limit the search."""

    q: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)
    ]
    k: Annotated[int, Field(ge=1, le=_MOST)] = 6
    language: LanguageCode | None = None
    area: Annotated[tuple[str, ...], Field(max_length=_MOST)] = ()
    document: Annotated[tuple[str, ...], Field(max_length=_MOST)] = ()


class SearchReply(Frozen):
    """The passages found, best first, and the language that the question is in."""

    language: str
    results: tuple[ScoredPassage, ...]


@router.get("/v1/search", response_model=SearchReply)
async def search(
    asked: Annotated[SearchRequest, Query()], _: ReadCaller, service: TheService
) -> Response:
    """Finds passages for a question, without answering it."""

    def work() -> SearchReply:
        default = service.settings().default_language
        language = asked.language or conversation([asked.q], default)[-1]
        scope = Scope(areas=asked.area, documents=asked.document)
        index = service.assistant().index
        found = index.search(asked.q, asked.k, language, scope=scope)
        return SearchReply(language=language, results=tuple(found))

    return await service.read(work)
