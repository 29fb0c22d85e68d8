"""What the MCP tools read of the sources."""

from api.document_routes import sections_of
from api.mcp_shapes import ListedDocument, ListedDocuments, SectionRead
from api.problem import ApiError
from core.versions import preferred
from language.escaping import is_web_page
from vectorstore.manifest import DocumentEntry
from vectorstore.snapshot import Snapshot

LONGEST = (
    20_000  # characters of a section at once: some 5,000 tokens, which fit any model's context
)


def section_read(
    index: Snapshot, document: str, section: int, language: str, start: int
) -> SectionRead:
    """
    Raises:
        ApiError: there is no such document or section.
        GenerationGone: the index was replaced meanwhile.
    """
    versions = {one.info.language: one for one in index.entries() if one.info.id == document}
    if not versions:
        raise ApiError(
            404, "There is no document with this id. list_documents has them.", "not_found"
        )
    info = versions[preferred(versions, language)].info
    sections = sections_of(index.passages([info.key]))
    numbers = [one.number for one in sections]
    if section not in numbers:
        raise ApiError(
            404,
            f"This document has no section {section}. It has {numbers[0]} to {numbers[-1]}, not "
            "all of them with text; search tells where something stands.",
            "not_found",
        )
    at = numbers.index(section)
    found, end = sections[at], start + LONGEST
    return SectionRead(
        document=info.id,
        title=info.title,
        language=info.language,
        section=section,
        headings=found.headings,
        text=found.text[start:end],
        next_start=end if end < len(found.text) else None,
        before=numbers[at - 1] if at else None,
        after=numbers[at + 1] if at + 1 < len(numbers) else None,
    )


def documents_listed(index: Snapshot, language: str, start: int, limit: int) -> ListedDocuments:
    """The documents from the one with this number on, each in the language that is wanted, else in
    English, else in its first."""
    versions: dict[str, dict[str, DocumentEntry]] = {}
    for entry in index.entries():
        versions.setdefault(entry.info.id, {})[entry.info.language] = entry
    standings = index.standings()
    end = start + limit
    listed = []
    for every in list(versions.values())[start:end]:
        info = every[preferred(every, language)].info
        listed.append(
            ListedDocument(
                id=info.id,
                title=info.title,
                kind=info.kind,
                about=info.about,
                reference=info.reference,
                date=info.date,
                area=info.area,
                languages=tuple(sorted(every)),
                standing=standings.get(info.key, "in_force"),
                url=info.url if is_web_page(info.url) else "",
            )
        )
    more = end if end < len(versions) else None
    return ListedDocuments(total=len(versions), documents=tuple(listed), next_start=more)
