"""Routes to what the answers rest on: the documents, their texts, and search in them."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import Field

from api.key_access import ReadCaller
from api.problem import ApiError
from api.request_shapes import Day, LanguageCode, Names, QuestionText, filled
from api.service import TheService
from core.source import DocumentInfo, Frozen, Passage, Scope, ScoredPassage, Standing, preferred
from language.identify import detect_languages
from vectorstore.manifest import DocumentEntry
from vectorstore.store import Snapshot

_MOST = 50  # passages at once, as the setting `results` allows

router = APIRouter()


class DocumentSummary(Frozen):
    """One language version of a document. `standing` is that of today; `pages` is 0 in a format
    without pages; `changed` is when its text last changed here (UTC, ISO 8601)."""

    info: DocumentInfo
    standing: Standing
    passages: int
    pages: int
    changed: str


class DocumentList(Frozen):
    """All documents in use, every language version, in `generation` of the index."""

    generation: str
    documents: tuple[DocumentSummary, ...]


class SectionText(Frozen):
    """The text under one heading, without its subsections. `number` is the same in all language
    versions with the same outline; `passages` are those that it is made of, as citations name
    them; `page` (from 1) is where it begins."""

    number: int
    headings: tuple[str, ...]
    page: int | None
    text: str
    passages: tuple[str, ...]


class DocumentText(Frozen):
    """A language version of a document with its sections; `languages` are those there are."""

    generation: str
    summary: DocumentSummary
    languages: tuple[str, ...]
    sections: tuple[SectionText, ...]


class VersionChoice(Frozen):
    """`language` is the wanted version, else English, else the first."""

    language: LanguageCode | None = None


@router.get("/v1/documents", response_model=DocumentList)
async def documents(_: ReadCaller, service: TheService) -> Response:
    """Lists the documents that answers are made from."""

    def work(index: Snapshot) -> DocumentList:
        standings = index.standings()
        return DocumentList(
            generation=index.generation,
            documents=tuple(_summary(entry, standings) for entry in index.entries()),
        )

    return await service.read_json(work)


@router.get("/v1/documents/{id}", response_model=DocumentText)
async def document(
    id: Annotated[str, InPath(max_length=200)],
    choice: Annotated[VersionChoice, Query()],
    _: ReadCaller,
    service: TheService,
) -> Response:
    """Gives a document with the text of its sections."""

    def work(index: Snapshot) -> DocumentText:
        versions = versions_by_id(index).get(id)
        if not versions:
            message = "There is no document with this id. /v1/documents lists them."
            raise ApiError(404, message, "not_found", "id")
        entry = versions[preferred(versions, choice.language or "")]
        return DocumentText(
            generation=index.generation,
            summary=_summary(entry, index.standings()),
            languages=tuple(sorted(versions)),
            sections=sections_of(index.passages([entry.key])),
        )

    return await service.read_json(work)


def versions_by_id(index: Snapshot) -> dict[str, dict[str, DocumentEntry]]:
    """The language versions of each document, by its id and their language."""
    versions: dict[str, dict[str, DocumentEntry]] = {}
    for entry in index.entries():
        versions.setdefault(entry.info.id, {})[entry.info.language] = entry
    return versions


def sections_of(passages: Sequence[Passage]) -> tuple[SectionText, ...]:
    """The sections that these passages of one language version make up, in its order."""
    in_order = sorted(passages, key=lambda passage: passage.start)
    return tuple(
        SectionText(
            number=number,
            headings=parts[0].headings,
            page=parts[0].page,
            text="\n\n".join(part.text for part in parts),
            passages=tuple(part.id for part in parts),
        )
        for number, group in groupby(in_order, key=lambda passage: passage.section)
        if (parts := list(group))
    )


def _summary(entry: DocumentEntry, standings: Mapping[str, Standing]) -> DocumentSummary:
    return filled(DocumentSummary, entry, standing=standings.get(entry.key, "in_force"))


class SearchRequest(Frozen):
    """`q` is what is asked, in `language` (detected if not given). `limit` passages are given.
    `area` and `document` (ids), each any number of times, limit the search; as of a day (`as_of`)
    later documents are left out."""

    q: QuestionText
    limit: Annotated[int, Field(ge=1, le=_MOST)] = 6
    language: LanguageCode | None = None
    area: Names = ()
    document: Names = ()
    as_of: Day | None = None


class SearchReply(Frozen):
    """The passages found, best first, and the language that the question is in."""

    generation: str
    language: str
    results: tuple[ScoredPassage, ...]


@router.get("/v1/search", response_model=SearchReply)
async def search(
    wanted: Annotated[SearchRequest, Query()], _: ReadCaller, service: TheService
) -> Response:
    """Finds passages for a question, without answering it."""

    def work(index: Snapshot) -> SearchReply:
        default = service.settings().default_language
        language = wanted.language or detect_languages([wanted.q], default)[-1]
        scope = Scope(areas=wanted.area, documents=wanted.document, as_of=wanted.as_of)
        found = index.search(wanted.q, wanted.limit, language, scope=scope)
        return SearchReply(generation=index.generation, language=language, results=tuple(found))

    return await service.read_json(work)
