"""A run of ingest as data: its options, what it tells while it is busy, and its report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict

from core.errors import DocumentError, Fault, StrategiewijzerError
from core.files import printable
from core.source import DocumentInfo, Frozen, SourceDocument, StaleQuestion, WhyStale
from ingest.publishing.plan import Plan
from ingest.reading.files import LeftOut

ChangeKind = Literal["added", "changed", "removed"]
_KEPT = ConfigDict(extra="ignore")  # a kept report of an earlier version may have more

_STALE: dict[WhyStale, tuple[str, str]] = {
    "none": ("no unit begins with", "name the unit that answers, or take it out"),
    "several": ("several units begin with", "add words"),
    "changed": ("no unit is exactly, as was approved,", "approve it again, or take it out"),
}


@dataclass(frozen=True)
class IngestOptions:
    """What a run looks at, and what it may do."""

    folders: Sequence[Path] = ()
    """Folders and files with source texts; without any, those of the setting `corpus_dirs`."""
    only: Sequence[str] = ()
    """Keys of documents in use: their files alone are looked at, in place of `folders`, and all
    other documents stay as they are."""
    dry_run: bool = False
    """Only report what would be done."""
    trial: bool = False
    """Leave the new generation as a trial, which can be asked and published as it is."""
    as_tried: bool = False
    """Publish the trial if it is still what a run would make, and nothing else."""
    strict: bool = False
    """Publish nothing when a file fails, as figures would cover only part of the texts."""
    rebuild: bool = False
    """Make everything anew and reuse nothing of earlier generations. The document of a file that
    fails would be lost, so then nothing is published."""
    allow_shrink: bool = False
    """Allow more than half of the documents to be removed."""
    compare: bool = False
    """Also report which passages change in each document."""
    planned: str = ""
    """The fingerprint of the approved plan; any other plan is not published."""
    note: str = ""
    """A note to keep with the new generation, for whoever goes back to it."""


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


Event = FileDone | Planned | Embedded | Published
Tell = Callable[[Event], None]


class Failure(Frozen):
    """A file or folder that failed, why, and the remedy."""

    path: str
    place: str  # for people: the file or its sidecar, with the line if known
    problem: str
    remedy: str
    fault: Fault = "other"
    field: str = ""
    kept: tuple[str, ...] = ()  # keys of the documents that stay as they were because of it

    @classmethod
    def of(cls, error: DocumentError, path: str = "") -> "Failure":
        """The failure in an error; `path` is the file, if the error names another one."""
        return cls(
            path=path or error.path,
            place=printable(error.path) + (f":{error.line}" if error.line else ""),
            problem=error.problem,
            remedy=error.remedy,
            fault=error.fault,
            field=error.field,
        )


class Guesses(Frozen):
    """The metadata that was inferred from a document's text or name (field -> value)."""

    key: str
    path: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, document: SourceDocument) -> "Guesses":
        fields = {name: str(getattr(document, name)) for name in document.guessed}
        return cls(key=document.key, path=document.path, fields=fields)


class Unused(Frozen):
    """The names in a file's front matter that are no fields of a document; they do no harm."""

    path: str
    names: tuple[str, ...]


class Detected(Frozen):
    """The encoding that a file was found to be in; it may be another."""

    path: str
    encoding: str


def describe_stale(stale: StaleQuestion) -> str:
    """Names the place of a stale question, why it is stale, and the remedy."""
    why, remedy = _STALE[stale.why]
    question, words = printable(stale.question), printable(stale.words)
    return f"{printable(stale.file)}:{stale.line}: {question!r}: {why} {words!r}; {remedy}"


def describe_failure(failure: Failure) -> str:
    """Names the place of a failure, why, the remedy, and what stays as it was because of it."""
    kept = f" (stays as it was: {', '.join(failure.kept)})" if failure.kept else ""
    return f"{failure.place}: {failure.problem}. {failure.remedy}{kept}"


class PreparedChange(Frozen):
    """Changes of a document's prepared questions."""

    key: str
    path: str  # of the document
    before: int  # how many it had
    after: int
    stale: tuple[StaleQuestion, ...] = ()  # left out, as nothing answers them any more


class PassageChange(Frozen):
    """A passage that was added, removed or changed; a missing text is empty."""

    kind: Literal["added", "changed", "removed"]
    headings: tuple[str, ...]
    former_headings: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


class DocumentChange(Frozen):
    """The changes to one document."""

    model_config = _KEPT
    kind: Annotated[
        ChangeKind, BeforeValidator(lambda kind: "changed" if kind == "renamed" else kind)
    ]
    key: str
    title: str
    path: str
    info: DocumentInfo | None = None  # its metadata, unless the document is removed
    fields: Mapping[str, tuple[str, str]] = {}  # changed metadata: (before, after)
    passages: tuple[PassageChange, ...] = ()
    unchanged: int = 0  # passages


class Report(Frozen):
    """The report of a run, done or planned."""

    model_config = _KEPT
    plan: Plan
    fingerprint: str = ""  # of the planned run
    embedded: int  # passages
    reused: int  # passages
    generation: str = ""  # empty: nothing was published
    trial: str = ""  # the generation that was prepared to be tried out
    dry_run: bool
    failures: tuple[Failure, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    guesses: tuple[Guesses, ...] = ()
    unconfirmed: tuple[str, ...] = ()  # files that say they are official; nobody confirmed that
    unused: tuple[Unused, ...] = ()
    detected: tuple[Detected, ...] = ()
    questions: tuple[PreparedChange, ...] = ()
    stop: str = ""  # why this cannot be published
    changes: tuple[DocumentChange, ...] = ()  # given only on request


class StoppedError(StrategiewijzerError):
    """A run refused to publish; holds the report of what it would have done."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.stop)
        self.report = report
