"""The rows of the catalogue: which documents it lists, and in which order."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.source import DocumentInfo
from core.versions import preferred
from ui.sources.documents import Documents, Versions
from ui.sources.type_search import FoundPlaces, compared
from vectorstore.manifest import DocumentEntry


@dataclass(frozen=True)
class Row:
    """A document in the list: the language version that is shown, and what was found in it.

    `chosen` are the versions that the filters let through, `versions` all there are.
    """

    versions: Versions
    chosen: Versions
    entry: DocumentEntry
    found: FoundPlaces | None = None

    @property
    def info(self) -> DocumentInfo:
        return self.entry.info


def rows_of(
    documents: Documents,
    preference: str,
    areas: Sequence[str] = (),
    kinds: Sequence[str] = (),
    language: str | None = None,
) -> list[Row]:
    """The documents that these filters let through; empty ones let everything through.

    Args:
        documents: all there are.
        preference: the language (ISO 639-1) of the version to show, where there is one.
        areas: policy areas.
        kinds: kinds of document.
        language: only versions in this language (ISO 639-1).
    """
    rows = []
    for versions in documents.values():
        left = {
            name: entry
            for name, entry in versions.items()
            if (not areas or entry.info.area in areas)
            and (not kinds or entry.info.kind in kinds)
            and (not language or name == language)
        }
        if left:
            rows.append(Row(versions, left, left[preferred(left, preference)]))
    return rows


def ordered(rows: Iterable[Row], sort: str) -> list[Row]:
    """By title, or the newest first; where the words are in the title before all others."""

    def order(row: Row) -> tuple[bool, int, str]:
        elsewhere = row.found is not None and not row.found.in_title
        date = row.info.date or datetime.date.min
        newest = -date.toordinal() if sort == "date" else 0
        return elsewhere, newest, compared(row.info.title)

    return sorted(rows, key=order)
