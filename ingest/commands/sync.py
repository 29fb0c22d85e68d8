"""`python -m ingest [PATH ...]`: bring the index in step with the source texts, and report it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from core.background import INTERRUPTED
from core.command_line import DEFAULT, flag, option
from core.errors import StrategiewijzerError
from core.files import printable
from core.settings import Settings
from ingest.commands import AsJson, app, print_json
from ingest.commands.progress import progress
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import (
    Event,
    IngestOptions,
    PreparedChange,
    Published,
    Report,
    StoppedError,
    describe_failure,
    describe_stale,
)
from ingest.publishing.plan import Plan
from ingest.reading.files import confirm

_CONFIRM = "Say, by your word and for good, that these files"
_PATHS = typer.Argument(None, metavar="PATH", help="Folder or file.")
_ONLY = option(None, "KEY", "Take over these documents alone, such as drugs-agenda.en.")
_NOTE = option("", "TEXT", "A note to keep with what is published.")
_LISTED = 10  # stale questions of a document; more would bury the rest of the report


@app.command(DEFAULT)
def sync(
    context: typer.Context,
    paths: list[Path] | None = _PATHS,
    dry_run: bool = flag("--dry-run", "Show the plan, change nothing."),
    trial: bool = flag(
        "--trial", "Prepare what would be published, to be asked first: python -m chain --trial."
    ),
    rebuild: bool = flag("--rebuild", "Make everything anew, when the index is damaged."),
    only: list[str] | None = _ONLY,
    allow_shrink: bool = flag("--allow-shrink", "Let more than half of the documents go."),
    as_planned: str = option("", "FINGERPRINT", "Publish only what this dry run showed."),
    note: str = _NOTE,
    official: list[Path] | None = option(None, "FILE", f"{_CONFIRM} are official texts."),
    not_official: list[Path] | None = option(None, "FILE", f"{_CONFIRM} are none."),
    as_json: AsJson = False,
) -> int:
    """Bring the index in step with the source texts.

    Without a PATH the folders of the setting corpus_dirs are used: corpus/ and documents/. The exit
    code is 1 when a file could not be taken, or nothing was published to be on the safe side, and
    75 while another run holds the lock.
    """
    if dry_run and (official or not_official):
        context.fail("--dry-run changes nothing: leave out --official and --not-official")
    if only and (paths or rebuild):
        context.fail("--only names the documents: leave out PATH and --rebuild")
    if trial and (dry_run or rebuild):
        context.fail("--trial publishes nothing: leave out --dry-run and --rebuild")
    settings = Settings()
    for files, is_official in ((official, True), (not_official, False)):
        for file in files or ():
            confirm(file, settings.documents_dir, official=is_official)
    options = IngestOptions(
        folders=paths or (),
        only=only or (),
        dry_run=dry_run,
        trial=trial,
        rebuild=rebuild,
        allow_shrink=allow_shrink,
        compare=as_json,
        planned=as_planned,
        note=note,
    )
    return _run(settings, options, as_json=as_json)


@app.command()
def publish(
    context: typer.Context,
    paths: list[Path] | None = _PATHS,
    only: list[str] | None = _ONLY,
    note: str = _NOTE,
    as_json: AsJson = False,
) -> int:
    """Publish the trial as it was tried, without embedding again.

    Give each PATH and --only again that the trial was prepared with. The exit code is 1 when there
    is no trial, or the documents or the published generation have changed since, and 75 while
    another run holds the lock.
    """
    if only and paths:
        context.fail("--only names the documents: leave out PATH")
    options = IngestOptions(
        folders=paths or (), only=only or (), as_tried=True, compare=as_json, note=note
    )
    return _run(Settings(), options, as_json=as_json)


def _run(settings: Settings, options: IngestOptions, *, as_json: bool) -> int:
    """Makes a run and shows what comes of it; returns the exit code."""
    trouble: StrategiewijzerError | None = None
    in_use = "The index is as it was before."

    def noted(event: Event) -> None:
        nonlocal in_use
        if isinstance(event, Published):
            in_use = f"Generation {event.generation} is in use."
        tell(event)

    try:
        with progress(as_json=as_json) as tell:
            try:
                report = ingest(settings, options, tell=noted)
            except StoppedError as error:
                trouble, report = error, error.report
        if as_json:
            print_json({"event": "report", "report": report.model_dump(mode="json")})
        else:
            print(*report_lines(report), sep="\n")
    except KeyboardInterrupt:
        print(f"Stopped. {in_use}", file=sys.stderr)
        return INTERRUPTED
    if trouble is not None:
        raise trouble
    return 1 if report.failures else 0


def report_lines(report: Report) -> Iterator[str]:
    """What a run did or would do, for a person at a terminal."""
    plan = report.plan
    trial = "Trial (nothing was published):" if report.trial else "Ingest:"
    yield "Plan (nothing was changed):" if report.dry_run else trial
    counts = (f"{len(getattr(plan, name))} {name}" for name in Plan.model_fields)
    embedded = "embedded" if report.generation or report.trial else "to embed"
    yield f"  documents: {', '.join(counts)}"
    yield f"  passages: {report.embedded} {embedded}, {report.reused} reused"
    yield from (f"  added: {printable(key)}" for key in plan.added)
    yield from (f"  changed: {printable(key)}" for key in plan.changed)
    yield from (f"  removed: {printable(key)}" for key in plan.removed)
    for prepared in report.questions:
        yield from _prepared(prepared)
    for seen in report.left_out:
        yield f"  left out: {printable(seen.path)} {seen.reason}"
    for guess in report.guesses:
        fields = "; ".join(f"{name}: {printable(value)}" for name, value in guess.fields.items())
        yield f"  guessed of {printable(guess.path)}: {fields}"
    if report.guesses:
        yield "    To state it yourself, write FILE.meta.yaml next to the file."
    for found in report.detected:
        yield f"  read as {found.encoding}: {printable(found.path)}"
    if report.detected:
        yield "    Where letters are wrong, save the file as UTF-8."
    for unused in report.unused:
        yield f"  not used of {printable(unused.path)}: {', '.join(unused.names)}"
    for path in report.unconfirmed:
        yield f"  NOT CONFIRMED: {printable(path)} says that it is an official text. It is called"
        yield f"    one once a person says so: python -m ingest --official {printable(path)}"
    for failure in report.failures:
        yield f"  NOT TAKEN: {describe_failure(failure)}"
    if report.dry_run and report.stop:
        yield f"A run would stop here. {report.stop}"
    elif report.dry_run and not plan.is_empty:
        yield f"To publish just this: python -m ingest --as-planned {report.fingerprint}"
    if report.trial:
        yield 'To ask it: python -m chain "QUESTION" --trial'
        yield "To publish it as it is: python -m ingest publish; to remove it: discard"
    if report.generation:
        yield f"Generation {report.generation} is in use."


def _prepared(change: PreparedChange) -> Iterator[str]:
    if change.before != change.after:
        yield f"  prepared questions of {change.key}: {change.before} → {change.after}"
    if not change.stale:
        return
    yield f"  {len(change.stale)} prepared questions of {change.key} lose their answer:"
    for stale in change.stale[:_LISTED]:
        yield f"    {describe_stale(stale)}"
    if len(change.stale) > _LISTED:
        yield f"    and {len(change.stale) - _LISTED} more; all: python -m ingest check-questions"
