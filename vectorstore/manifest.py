"""What a generation consists of: its documents, their counts, and the segments that it uses.

It is read where no store is opened, so nothing here imports Chroma, which takes long.
"""

import datetime
import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import Field

from core.source import DocumentInfo, Frozen, Passage, Scope, preferred
from vectorstore.embeddings import Embedder

_TIME = "%Y%m%dT%H%M%S"


class Counts(NamedTuple):
    """Numbers of passages, units and prepared questions."""

    passages: int
    units: int
    questions: int

    def without(self, others: "Counts") -> "Counts":
        return Counts(*(own - other for own, other in zip(self, others, strict=True)))


def total(counts: Iterable[Counts]) -> Counts:
    return Counts(*map(sum, zip((0, 0, 0), *counts, strict=True)))


class _Counted(Frozen):
    passages: int
    units: int
    questions: int = 0  # prepared ones

    @property
    def counts(self) -> Counts:
        return Counts(self.passages, self.units, self.questions)


class SegmentEntry(_Counted):
    """A segment that a generation uses; the counts include what only others use."""

    id: str


class DocumentEntry(_Counted):
    """A language version of a document in a generation, and where its passages are."""

    info: DocumentInfo
    sha256: str
    path: str
    reading: str = ""  # fingerprint of what read its file; empty in older manifests: read anew
    segment: str  # id of the segment with its passages
    pages: int  # 0 in a format without pages
    left_out: tuple[str, ...] = ()  # texts of the file that say nothing, in no passage
    encoding: str = ""  # as detected; empty: not detected, also in older manifests
    changed: str  # when a run last changed it (UTC, ISO 8601)

    @property
    def key(self) -> str:
        return self.info.key


Versions = Mapping[str, DocumentEntry]
"""The language versions of one document, by language (ISO 639-1)."""

Documents = Mapping[str, Versions]
"""Documents, by id."""


def by_document(entries: Iterable[DocumentEntry]) -> Documents:
    """Groups language versions by their document."""
    documents: dict[str, dict[str, DocumentEntry]] = {}
    for entry in entries:
        documents.setdefault(entry.info.id, {})[entry.info.language] = entry
    return documents


class Manifest(_Counted):
    """What a generation was made from."""

    id: str
    created: str  # UTC, ISO 8601
    method: str  # as in `method_of`
    before: str = ""  # id of the generation that was in use then; empty in older manifests
    splitter: str = Field(default="", exclude=True)  # of older manifests, not written any more
    documents: tuple[DocumentEntry, ...]
    segments: tuple[SegmentEntry, ...]

    def used(self, segment_id: str) -> tuple[frozenset[str], Counts]:
        """The keys of the documents in use in a segment, and what they have."""
        here = [entry for entry in self.documents if entry.segment == segment_id]
        return frozenset(entry.info.key for entry in here), total(entry.counts for entry in here)

    def entry(self, key: str) -> DocumentEntry | None:
        return next((entry for entry in self.documents if entry.info.key == key), None)

    @functools.cached_property
    def _by_document(self) -> Documents:
        return by_document(self.documents)

    def versions(self, language: str, scope: Scope) -> Mapping[str, int]:
        """Keys of the documents to search, in one language version each (`core.source.preferred`
        chooses), with their number of passages."""
        documents = scope.documents or self._by_document
        chosen: dict[str, int] = {}
        for id_ in documents:
            of_language = {
                spoken: entry
                for spoken, entry in self._by_document.get(id_, {}).items()
                if scope.admits(entry.info)
            }
            if of_language:
                entry = of_language[preferred(of_language, language)]
                chosen[entry.key] = entry.passages
        return chosen


def method_of(embedder: Embedder) -> str:
    """Names the embedding method: the embedder, and what is embedded of each unit."""
    return f"{embedder.fingerprint}/{Passage.context_version}"


def new_id(now: datetime.datetime) -> str:
    """An id for a generation made at this time (UTC); ids sort by time, to 16 microseconds."""
    return f"{now:{_TIME}}-{now.microsecond >> 4:04x}"


def made_at(generation_id: str) -> datetime.datetime | None:
    """When a generation was made (UTC), from its id; None for an id that is not of `new_id`."""
    try:
        made = datetime.datetime.strptime(generation_id.partition("-")[0], _TIME)
    except ValueError:
        return None
    return made.replace(tzinfo=datetime.UTC)
