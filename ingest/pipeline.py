"""Syncs the index with the source texts.

    folders -> files -> documents -> plan -> new generation (vectors reused or embedded) -> check
            -> publish

Readers see nothing of a run until its last step. A crash at any point leaves the index in use as it
was, and the next run removes what the crash left behind.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from core import telemetry
from core.errors import DocumentError, IndexMismatchError, StoreError
from core.files import as_path, as_text
from core.settings import Settings
from core.source import SourceDocument
from ingest.publishing.build import build
from ingest.publishing.changes import document_changes
from ingest.publishing.ingest_run import (
    Detected,
    Guesses,
    IngestOptions,
    Planned,
    PreparedChange,
    Published,
    Report,
    StoppedError,
    Tell,
    Unused,
)
from ingest.publishing.lock import writing
from ingest.publishing.not_taken import keep_failures
from ingest.publishing.prepare import Files, Work, prepare, read_files
from ingest.publishing.verify import check
from ingest.reading.files import FoundFiles, find
from vectorstore.chroma import DocumentsRefused
from vectorstore.embeddings import Embedder, make_embedder
from vectorstore.generation import Generation
from vectorstore.generations import NO_TRIAL, Generations, Pointer, store_exists
from vectorstore.store import tidy

if TYPE_CHECKING:
    from vectorstore.lease import Lease


@telemetry.ingest()
def ingest(
    settings: Settings,
    options: IngestOptions = IngestOptions(),
    *,
    tell: Tell = lambda _: None,
    embedder: Embedder | None = None,
) -> Report:
    """Makes the index hold the documents that the options name.

    A file that fails, or whose document the store refuses, is in the report, and its document stays
    as it was in the index.

    Args:
        settings: where the index is.
        options: what the run looks at, and what it may do.
        tell: called with progress events.
        embedder: used in place of that of the settings, by whose tokens texts are cut all the same
            (a benchmark has one with known vectors).

    Raises:
        DocumentError: there are no source texts.
        StoppedError: the run refused to publish; the error has the report.
        LockedError: another run is busy.
        StoreError: the store refuses what is in use already or hardly takes any document, the new
            generation did not pass its check, or the trial that is to be published is gone or
            damaged; the index stays as it was.
    """
    found = _find(settings, options)
    embedder = embedder or make_embedder(settings)
    with nullcontext() if options.dry_run else writing(settings) as lease:  # it only reads
        if options.as_tried:
            planned = _plan_of_trial(settings)
            options = replace(options, planned=planned, allow_shrink=True)  # allowed before
        files = read_files(settings, found, embedder, options, tell)
        work, report = _plan(settings, files, embedder, options, tell)
        if not options.dry_run:
            new, report = _build(settings, work, report, embedder, options, lease, tell)
            if report.stop:
                if store_exists(settings):
                    keep_failures(Generations(settings, lease), found, report, options)
                raise StoppedError(report)
            generations = Generations(settings, lease)
            if new is None:
                generations.discard()
            else:
                if options.note:
                    generations.annotate(new.id, options.note)
                if options.trial:
                    generations.try_out(new.id, report.fingerprint)
                    report = report.model_copy(update={"trial": new.id})
                else:
                    generations.publish(new.id)
                    report = report.model_copy(update={"generation": new.id})
                    tell(Published(generation=new.id))
            keep_failures(generations, found, report, options)
            tidy(settings, generations)
    return report


def _build(
    settings: Settings,
    work: Work,
    report: Report,
    embedder: Embedder,
    options: IngestOptions,
    lease: "Lease | None",
    tell: Tell,
) -> tuple[Generation | None, Report]:
    """The new generation, unless the run stops or changes nothing, and the report. The documents
    that the store refuses are failures; the run goes on with what is left of the approved plan."""
    approved = {"fingerprint": report.fingerprint}
    if not (report.stop or work.plan.is_empty or options.rebuild):
        tried = _tried(work, Generations(settings, lease), settings, options)
        if tried:
            return tried, report
    while not (report.stop or work.plan.is_empty):
        try:
            return build(work, Generations(settings, lease), settings, embedder, tell), report
        except DocumentsRefused as error:  # each round leaves some out
            files, options = work.files.without(error), replace(options, planned="")
        work, report = _plan(settings, files, embedder, options, tell)
        report = report.model_copy(update=approved)
    return None, report


def _plan(
    settings: Settings, files: Files, embedder: Embedder, options: IngestOptions, tell: Tell
) -> tuple[Work, Report]:
    """The work of the run, and its report if that succeeds."""
    work = prepare(settings, files, embedder, options)
    report = _report(work, files.found, options)
    tell(Planned(plan=work.plan, to_embed=report.embedded))
    return work, report


def _find(settings: Settings, options: IngestOptions) -> FoundFiles:
    """The files that a run looks at; raises DocumentError where there are none."""
    folders = options.folders
    if options.only:
        known = {entry.key: entry for entry in Generations(settings).current().manifest.documents}
        for key in options.only:
            if key not in known:
                remedy = f"Choose from: {', '.join(sorted(known))}"
                raise DocumentError(key, None, "there is no such document in the index", remedy)
        folders = [as_path(known[key].path) for key in options.only]
    for folder in folders:
        if not folder.exists():
            raise DocumentError(folder, None, "there is no such file or folder", "Check the path.")
    found = find(folders or settings.corpus_dirs)
    if not found.files:
        where = ", ".join(as_text(folder) for folder in folders or settings.corpus_dirs)
        raise DocumentError(where, None, "there are no documents here", "Name a folder that has.")
    return found


def _plan_of_trial(settings: Settings) -> str:
    """Fingerprint of the plan that the trial was made by. Raises StoreError: there is no trial."""
    pointer = Generations(settings).pointer() if store_exists(settings) else Pointer()
    if not pointer.trial:
        raise StoreError(NO_TRIAL)
    return pointer.plan


def _tried(
    work: Work, generations: Generations, settings: Settings, options: IngestOptions
) -> Generation | None:
    """The trial of this same work; None where it has to be built.

    Raises:
        StoreError: the trial is to be published, and is damaged.
    """
    try:
        trial = generations.trial(work.method, work.fingerprint)
        check(trial, settings)
    except (StoreError, IndexMismatchError):
        if options.as_tried:
            raise
        return None
    return trial


def _report(work: Work, found: FoundFiles, options: IngestOptions) -> Report:
    """The report of the run, if the rest succeeds."""
    plan = work.plan
    loaded = [read for read in work.documents if isinstance(read, SourceDocument)]
    unchanged = frozenset(plan.unchanged)
    untouched = sum(entry.passages for entry in work.entries if entry.key in unchanged)
    return Report(
        plan=plan,
        fingerprint=work.fingerprint,
        embedded=len(work.fresh) - len(work.known),
        reused=len(work.known) + untouched,
        dry_run=options.dry_run,
        failures=work.failures,
        left_out=found.left_out,
        guesses=tuple(Guesses.of(read) for read in loaded if read.guessed),
        unconfirmed=tuple(path for path, read in work.loaded.items() if read.unconfirmed),
        unused=tuple(Unused(path=read.path, names=read.unused) for read in loaded if read.unused),
        detected=tuple(
            Detected(path=read.path, encoding=read.encoding) for read in loaded if read.encoding
        ),
        questions=tuple(_questions(work)),
        stop=_reason_to_stop(work, options),
        changes=document_changes(work) if options.compare else (),
    )


def _reason_to_stop(work: Work, options: IngestOptions) -> str:
    """Why a run should publish nothing, with the remedy; empty if it may."""
    if options.planned not in ("", work.fingerprint):
        if options.as_tried:
            return (
                "The documents or the published generation have changed since the trial was "
                "prepared, so nothing is published. Prepare a new trial with: "
                "python -m ingest --trial"
            )
        return (
            "The files or the index have changed since the plan was made, so nothing is published. "
            "Make a new plan with --dry-run and look at it."
        )
    if work.failures and (options.strict or options.rebuild):
        first = work.failures[0]
        return (
            f"{first.place}: {first.problem}. Nothing is published while a file cannot be taken "
            f"({len(work.failures)} cannot). Mend it first."
        )
    if work.failures and not (work.plan.written or work.plan.unchanged):
        return "None of the files could be taken. Mend them as listed, then run this again."
    # a document whose content another has now is not lost
    lost = len(set(work.plan.removed).difference(work.twins.values()))
    if 2 * lost > len(work.entries) and not options.allow_shrink:
        return (
            f"This would remove {lost} of the {len(work.entries)} documents in the index. If that "
            "is meant, add --allow-shrink; else check which folders you named and what is in them."
        )
    return ""


def _questions(work: Work) -> Iterator[PreparedChange]:
    """The changes of the prepared questions of the documents that are written."""
    entries = {entry.key: entry for entry in work.entries}
    for path, loaded in work.loaded.items():
        key = loaded.document.key
        former = entries[key].questions if key in entries else 0
        if key in work.plan.written and (former or loaded.questions or loaded.stale):
            yield PreparedChange(
                key=key, path=path, before=former, after=len(loaded.questions), stale=loaded.stale
            )
