"""Progress events of a run, for whatever shows them."""

from collections.abc import Callable
from typing import Literal

from core.source import Frozen
from ingest.publishing.plan import Plan


class FilesFound(Frozen):
    """The number of files that will be loaded or skipped."""

    event: Literal["found"] = "found"
    files: int


class FileDone(Frozen):
    """File number `done` of `total` was loaded, is unchanged, or failed."""

    event: Literal["loaded", "unchanged", "failed"]
    path: str
    done: int
    total: int
    reason: str = ""  # why it failed, and the remedy


class Planned(Frozen):
    event: Literal["planned"] = "planned"
    plan: Plan
    to_embed: int  # passages


class Embedded(Frozen):
    """The number of passages, or prepared questions, embedded so far, of those that need new
    vectors."""

    event: Literal["embedded"] = "embedded"
    what: Literal["passages", "questions"] = "passages"
    done: int
    total: int


class Published(Frozen):
    event: Literal["published"] = "published"
    generation: str


class SectionAsked(Frozen):
    """A model was asked about section number `done` of `total`."""

    event: Literal["asked"] = "asked"
    document: str
    done: int
    total: int
    kept: int = 0  # questions
    dropped: int = 0  # questions
    reason: str = ""  # why it failed


Event = FilesFound | FileDone | Planned | Embedded | Published | SectionAsked
Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """Ignores events."""
