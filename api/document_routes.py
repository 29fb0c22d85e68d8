"""GET /v1/documents and /v1/documents/{id}: what the sources are, and their text."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import Field

from api.answer_streams import TheService
from api.key_access import ReadCaller
from api.problem import ApiError
from api.search_limits import LanguageCode
from core.source import DocumentInfo, Frozen, Passage, Standing, preferred
from vectorstore.manifest import DocumentEntry
from vectorstore.snapshot import Snapshot

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


class DocumentFilter(Frozen):
    """What a list of documents is limited to."""

    language: LanguageCode | None = None
    area: Annotated[str, Field(max_length=200)] | None = None


class SectionChoice(Frozen):
    """`language` is the wanted version, else English, else the first; `section` only this one."""

    language: LanguageCode | None = None
    section: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


@router.get("/v1/documents", response_model=DocumentList)
async def documents(
    only: Annotated[DocumentFilter, Query()], _: ReadCaller, service: TheService
) -> Response:
    """Lists the documents that answers are made from."""

    def work() -> DocumentList:
        index = service.assistant().index.snapshot()
        standings = index.standings()
        return DocumentList(
            generation=index.generation,
            documents=tuple(
                _summary(entry, standings)
                for entry in index.entries()
                if only.language in (None, entry.info.language)
                and only.area in (None, entry.info.area)
            ),
        )

    return await service.read(work)


@router.get("/v1/documents/{id}", response_model=DocumentText)
async def document(
    id: Annotated[str, InPath(max_length=200)],
    choice: Annotated[SectionChoice, Query()],
    _: ReadCaller,
    service: TheService,
) -> Response:
    """Gives a document with the text of its sections, or of one of them."""

    def work() -> DocumentText:
        index = service.assistant().index.snapshot()
        return document_text(index, id, choice.language or "", choice.section)

    return await service.read(work)


def document_text(index: Snapshot, id: str, language: str, section: int | None) -> DocumentText:
    """
    Raises:
        ApiError: there is no such document or section.
        GenerationGone: the index was replaced meanwhile.
    """
    versions = {one.info.language: one for one in index.entries() if one.info.id == id}
    if not versions:
        raise ApiError(
            404, "There is no document with this id. /v1/documents lists them.", "not_found", "id"
        )
    entry = versions[preferred(versions, language)]
    sections = sections_of(index.passages([entry.key]))
    if section is not None:
        sections = tuple(one for one in sections if one.number == section)
        if not sections:
            raise ApiError(
                404,
                "This document has no section with this number. Without one all are listed.",
                "not_found",
                "section",
            )
    return DocumentText(
        generation=index.generation,
        summary=_summary(entry, index.standings()),
        languages=tuple(sorted(versions)),
        sections=sections,
    )


def sections_of(passages: Sequence[Passage]) -> tuple[SectionText, ...]:
    """The sections that these passages of one language version make up, in its order."""
    in_order = sorted(passages, key=lambda one: one.start)
    return tuple(
        SectionText(
            number=number,
            headings=parts[0].headings,
            page=parts[0].page,
            text="\n\n".join(one.text for one in parts),
            passages=tuple(one.id for one in parts),
        )
        for number, group in groupby(in_order, key=lambda one: one.section)
        if (parts := list(group))
    )


def _summary(entry: DocumentEntry, standings: Mapping[str, Standing]) -> DocumentSummary:
    return DocumentSummary(
        info=entry.info,
        standing=standings.get(entry.key, "in_force"),
        passages=entry.passages,
        pages=entry.pages,
        changed=entry.changed,
    )
