"""GET /v1/search: the passages that a question is answered from."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api.answer_streams import TheService
from api.key_access import ReadCaller
from api.search_limits import NOT_BLANK, Day, LanguageCode, Names
from chain.query import MAX_QUESTION
from core.source import Frozen, Scope, ScoredPassage
from language.identify import conversation
from vectorstore.profile import LOOK
from vectorstore.snapshot import Snapshot

router = APIRouter()

_MOST = 50  # passages at once, as the setting `results` allows
_DEEPEST = 200  # passages that can be paged through; what comes later hardly fits the question


class SearchRequest(Frozen):
    """`q` is what is asked, in `language` (detected if not given). `limit` passages are given, from
    number `start` on. `area` and `document` (ids), each any number of times, limit the search; as
    of a day (`as_of`) later documents are left out."""

    q: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION),
        NOT_BLANK,
    ]
    limit: Annotated[int, Field(ge=1, le=_MOST)] = 6
    start: Annotated[int, Field(ge=0, le=_DEEPEST - _MOST)] = 0
    language: LanguageCode | None = None
    area: Names = ()
    document: Names = ()
    as_of: Day | None = None


class SearchReply(Frozen):
    """The passages found, best first, and the language that the question is in. `next_start` is the
    `start` of the next page, None at the end. Pages fit together while `generation`, the state of
    the index, is the same."""

    generation: str
    language: str
    results: tuple[ScoredPassage, ...]
    next_start: int | None


@router.get("/v1/search", response_model=SearchReply)
async def search(
    asked: Annotated[SearchRequest, Query()], _: ReadCaller, service: TheService
) -> Response:
    """Finds passages for a question, without answering it."""

    def work() -> SearchReply:
        default = service.settings().default_language
        language = asked.language or conversation([asked.q], default)[-1]
        scope = Scope(areas=asked.area, documents=asked.document, as_of=asked.as_of)
        index = service.assistant().index.snapshot()
        end = asked.start + asked.limit
        found = _best(index, asked.q, language, scope, end)
        more = end < len(found) and end <= _DEEPEST - _MOST
        return SearchReply(
            generation=index.generation,
            language=language,
            results=tuple(found[asked.start : end]),
            next_start=end if more else None,
        )

    return await service.read(work)


def _best(
    index: Snapshot, query: str, language: str, scope: Scope, end: int
) -> list[ScoredPassage]:
    """The best passages, at least one more than `end` if there are so many.

    Two searches of different depth may differ in their order, so there are only two: the one that
    answers rest on, and behind it a deep one. Pages of any length are cut from the same list.
    """
    first = index.search(query, LOOK, language, scope=scope)
    if end < LOOK or len(first) < LOOK:
        return first
    known = {one.passage.id for one in first}
    deep = index.search(query, _DEEPEST, language, scope=scope)
    return [*first, *(one for one in deep if one.passage.id not in known)]
