"""What a run tells while it is busy, for whoever shows it."""

from collections.abc import Callable
from typing import Literal

from core.types import Frozen
from ingest.plan import Plan


class FilesFound(Frozen):
    """So many files will be looked at."""

    event: Literal["found"] = "found"
    files: int


class FileDone(Frozen):
    """File number `done` of `total` was loaded, is as it was, or could not be taken."""

    event: Literal["loaded", "unchanged", "failed"]
    path: str
    done: int
    total: int
    reason: str = ""  # why not, and what to do


class Planned(Frozen):
    event: Literal["planned"] = "planned"
    plan: Plan
    to_embed: int  # passages


class Embedded(Frozen):
    """So many passages have their vectors, of those that need new ones."""

    event: Literal["embedded"] = "embedded"
    done: int
    total: int


class Asking(Frozen):
    """The question set is being asked, to see which answers change; takes a minute or more."""

    event: Literal["asking"] = "asking"
    when: Literal["before", "after"]


class Published(Frozen):
    event: Literal["published"] = "published"
    generation: str


Event = FilesFound | FileDone | Planned | Embedded | Asking | Published
Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """Listens to nothing."""
