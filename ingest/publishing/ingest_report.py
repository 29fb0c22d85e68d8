"""Events of an ingest while it runs, and the report that is kept of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from core.errors import DocumentError, Fault, StrategiewijzerError
from core.file_names import printable
from core.prepared import StaleQuestion, WhyStale
from core.proposals import Dropped
from core.source import DocumentInfo, Frozen, SourceDocument
from ingest.publishing.build import Plan
from ingest.reading.files import LeftOut
from vectorstore.manifest import Manifest

# Progress events of a run, for whatever shows them.


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


class Asking(Frozen):
    """The question set is being asked, to see which answers change; takes a minute or more."""

    event: Literal["asking"] = "asking"
    when: Literal["before", "after"]


class Published(Frozen):
    event: Literal["published"] = "published"
    generation: str


class SectionAsked(Frozen):
    """A model was asked about section number `done` of `total`: how many questions are kept, and
    how many dropped, by reason; tokens; whether the reply broke off; why it failed."""

    event: Literal["asked"] = "asked"
    document: str
    done: int
    total: int
    kept: int = 0
    dropped: Mapping[Dropped, int] = {}
    read: int = 0
    written: int = 0
    is_cut: bool = False
    reason: str = ""


Event = FilesFound | FileDone | Planned | Embedded | Asking | Published | SectionAsked
Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """Ignores events."""


# The report of an ingest run, done or planned, as data for the terminal, a page or a program.


ChangeKind = Literal["added", "changed", "renamed", "removed"]


class Failure(Frozen):
    """A file or folder that failed, why, and the remedy.

    `place` is shown as the place of the problem: the file or its sidecar, with the line if known.
    `kept` are the documents that stay as they were because of it.
    """

    path: str
    place: str
    problem: str
    remedy: str
    fault: Fault = "other"
    field: str = ""
    kept: tuple[str, ...] = ()

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


_STALE: dict[WhyStale, tuple[str, str]] = {
    "none": ("no unit begins with", "name the unit that answers, or take it out"),
    "several": ("several units begin with", "add words"),
    "changed": ("no unit is exactly, as was approved,", "approve it again, or take it out"),
}


def describe_stale(one: StaleQuestion) -> str:
    """Names the place of a stale question, why it is stale, and the remedy."""
    why, remedy = _STALE[one.why]
    question, words = printable(one.question), printable(one.words)
    return f"{printable(one.file)}:{one.line}: {question!r}: {why} {words!r}; {remedy}"


class PreparedChange(Frozen):
    """Changes of a document's prepared questions: how many it had and has, and those that are left
    out, as nothing answers them any more."""

    key: str
    path: str  # of the document
    before: int
    after: int
    stale: tuple[StaleQuestion, ...] = ()


class PassageChange(Frozen):
    """A passage that was added, removed or changed; a missing text is empty."""

    kind: Literal["added", "changed", "removed"]
    headings: tuple[str, ...]
    former_headings: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


class DocumentChange(Frozen):
    """The changes to one document.

    `fields` are its changed metadata: (before, after); `info` is all of it, unless it goes.
    """

    kind: ChangeKind
    key: str
    title: str
    path: str
    former_path: str = ""
    info: DocumentInfo | None = None
    fields: Mapping[str, tuple[str, str]] = {}
    passages: tuple[PassageChange, ...] = ()
    unchanged: int = 0  # passages


class AnswerChange(Frozen):
    """A question with another answer after the run.

    A shortcoming is what the evaluation found wrong with an answer; empty: nothing.
    """

    id: str
    question: str
    language: str
    before: str
    after: str
    shortcoming_before: str
    shortcoming_after: str


class Answers(Frozen):
    """The answers to the question set before and after the run; both runs are in data/runs/.

    `comparable`: code, prompts and settings were the same both times; else not every change is due
    to the documents.
    """

    run_before: str
    run_after: str
    asked: int
    comparable: bool
    changed: tuple[AnswerChange, ...]


class Report(Frozen):
    """The report of a run, done or planned; `generation` is empty when nothing was published.

    `trial` is the generation to try out instead. `missing` are documents that are kept although
    their files are gone; `stop` says why this cannot be published (empty: it can); `changes` are
    given only on request. `unconfirmed` are files that say that they are official texts, and nobody
    has confirmed that. `fingerprint` is that of the planned run.
    """

    plan: Plan
    fingerprint: str = ""
    embedded: int
    reused: int
    seconds: float = 0.0
    generation: str = ""
    trial: str = ""
    dry_run: bool
    failures: tuple[Failure, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    guesses: tuple[Guesses, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
    questions: tuple[PreparedChange, ...] = ()
    stop: str = ""
    changes: tuple[DocumentChange, ...] = ()
    answers: Answers | None = None


class StoppedError(StrategiewijzerError):
    """A run refused to publish; holds the report of what it would have done."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.stop)
        self.report = report


def reason_to_stop(
    plan: Plan,
    failures: Sequence[Failure],
    before: Manifest | None,
    *,
    as_planned: bool,
    strict: bool,
    allow_shrink: bool,
) -> str:
    """Why a run should publish nothing, with the remedy; empty if it may.

    Args:
        plan: the plan of the run.
        failures: the files that failed.
        before: the manifest of the generation in use, or None when there is none.
        as_planned: the plan is the approved one, or none was approved.
        strict: stop at any failure.
        allow_shrink: allow more than half of the documents to be removed.
    """
    if not as_planned:
        return (
            "The files or the index have changed since the plan was made, so nothing is published. "
            "Make a new plan with --dry-run and look at it."
        )
    there = len(before.documents) if before else 0
    if failures and strict:
        first = failures[0]
        return (
            f"{first.place}: {first.problem}. With --strict nothing is published when a "
            f"file cannot be taken ({len(failures)} here). Mend it, or run this without --strict."
        )
    if failures and not (plan.written or plan.unchanged):
        return "None of the files could be taken. Mend them as listed, then run this again."
    if 2 * len(plan.removed) > there and not allow_shrink:
        return (
            f"This would remove {len(plan.removed)} of the {there} documents in the index. If that "
            "is meant, add --allow-shrink; else check which folders you named and what is in them."
        )
    return ""
