"""What a generation was made from, and which generation is in use."""

import datetime
import secrets

from core.types import DocumentInfo, Frozen, Passage
from vectorstore.embeddings import Embedder

_TIME = "%Y%m%dT%H%M%S"
TRIAL = datetime.timedelta(days=1)
"""How long a trial lasts."""


class DocumentEntry(Frozen):
    """A language version of a document in a generation, and where its passages are.

    `pages` is 0 in a format without pages. `changed` is the time of the run that last changed it
    (UTC, ISO 8601).
    """

    info: DocumentInfo
    sha256: str
    path: str
    passages: int
    units: int
    segment: str
    pages: int
    changed: str

    @property
    def key(self) -> str:
        return self.info.key


class SegmentEntry(Frozen):
    """A segment that a generation uses; the counts include stale passages and units."""

    id: str
    passages: int
    units: int


class Manifest(Frozen):
    """What a generation was made from. `created` is UTC, ISO 8601; `method` as in `method_of`."""

    id: str
    created: str
    method: str
    splitter: str
    documents: tuple[DocumentEntry, ...]
    segments: tuple[SegmentEntry, ...]
    passages: int
    units: int

    def used(self, segment_id: str) -> tuple[frozenset[str], int, int]:
        """The keys of the documents in use in a segment, and their numbers of passages and
        units."""
        here = [entry for entry in self.documents if entry.segment == segment_id]
        return (
            frozenset(entry.info.key for entry in here),
            sum(entry.passages for entry in here),
            sum(entry.units for entry in here),
        )

    def entry(self, key: str) -> DocumentEntry | None:
        return next((entry for entry in self.documents if entry.info.key == key), None)


class Pointer(Frozen):
    """Which generation is in use, and which are kept, oldest first.

    `trial` is a generation that is built but not published, `plan` the fingerprint of its plan.
    """

    current: str = ""
    kept: tuple[str, ...] = ()
    trial: str = ""
    plan: str = ""

    @property
    def published(self) -> "Pointer":
        """The pointer without the trial, as readers see it."""
        return Pointer(current=self.current, kept=self.kept)

    @property
    def tried_until(self) -> datetime.datetime | None:
        """When the trial expires (UTC); None without a trial."""
        made = made_at(self.trial)
        return made + TRIAL if made else None


def method_of(embedder: Embedder) -> str:
    """Names the embedding method: the embedder, and what is embedded of each unit."""
    return f"{embedder.fingerprint}/{Passage.context_version}"


def new_id(now: datetime.datetime) -> str:
    """An id for a generation made at this time (UTC); ids sort by time."""
    return f"{now:{_TIME}}-{secrets.token_hex(2)}"


def made_at(generation_id: str) -> datetime.datetime | None:
    """When a generation was made (UTC), from its id; None for an id that is not of `new_id`."""
    try:
        made = datetime.datetime.strptime(generation_id.partition("-")[0], _TIME)
    except ValueError:
        return None
    return made.replace(tzinfo=datetime.UTC)
