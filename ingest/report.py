"""What an ingest run did, or would do, as data for the terminal, a page or a program."""

from collections.abc import Mapping, Sequence
from typing import Literal

from core.errors import DocumentError, Fault, StrategiewijzerError
from core.names import printable
from core.types import Frozen, SourceDocument
from ingest.find import LeftOut
from ingest.plan import Plan
from vectorstore.manifest import Manifest

ChangeKind = Literal["added", "changed", "renamed", "removed"]


class Failure(Frozen):
    """A file or folder that could not be taken, why, and what to do.

    `place` is where to look, to be shown: the file or its sidecar, with the line if one is known.
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
        """What an error says of the file at `path`, where that is not the one that it names."""
        return cls(
            path=path or error.path,
            place=printable(error.path) + (f":{error.line}" if error.line else ""),
            problem=error.problem,
            remedy=error.remedy,
            fault=error.fault,
            field=error.field,
        )


class Guesses(Frozen):
    """The metadata of a document that was told from its text or name (field -> value)."""

    key: str
    path: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, document: SourceDocument) -> "Guesses":
        fields = {name: str(getattr(document, name)) for name in document.guessed}
        return cls(key=document.key, path=document.path, fields=fields)


class Unused(Frozen):
    """What the front matter of a file says beside the fields of a document; it does no harm."""

    path: str
    names: tuple[str, ...]


class PassageChange(Frozen):
    """A passage that came, went, or says something else; a text that is not there is empty."""

    kind: Literal["added", "changed", "removed"]
    headings: tuple[str, ...]
    former_headings: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


class DocumentChange(Frozen):
    """What changed in one document. `fields` are its metadata that changed: (before, after)."""

    kind: ChangeKind
    key: str
    title: str
    path: str
    former_path: str = ""
    fields: Mapping[str, tuple[str, str]] = {}
    passages: tuple[PassageChange, ...] = ()
    unchanged: int = 0  # passages


class AnswerChange(Frozen):
    """A question whose answer is another one now.

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
    """The question set, asked before and after the run; both runs are kept in data/runs/.

    `comparable` says whether code, prompts and settings were the same both times: else not every
    change is due to the documents.
    """

    run_before: str
    run_after: str
    asked: int
    comparable: bool
    changed: tuple[AnswerChange, ...]


class Report(Frozen):
    """What a run did, or would do; `generation` is empty when nothing was published.

    `trial` is what can be tried out instead. `missing` are documents whose files are gone and which
    were kept; `stop` says why nothing can be published like this (empty: nothing is in the way);
    `changes` are told only when asked for. `fingerprint` names what the run makes of which files.
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
    unused: tuple[Unused, ...] = ()
    stop: str = ""
    changes: tuple[DocumentChange, ...] = ()
    answers: Answers | None = None


class StoppedError(StrategiewijzerError):
    """A run that published nothing on purpose, with the report of what it would have done."""

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
    """Why a run had better publish nothing, with the remedy; empty: nothing is in the way.

    Args:
        plan: what would be done.
        failures: what could not be loaded.
        before: the manifest of the generation in use, or None when there is none.
        as_planned: this is what was planned, if anything was.
        strict: one failure is enough.
        allow_shrink: more than half of the documents may go.
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
