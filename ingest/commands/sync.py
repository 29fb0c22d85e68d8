"""`python -m ingest [PATH ...]`: bring the index in step with the source texts, and report it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from core.background import INTERRUPTED
from core.command_line import DEFAULT, flag, option
from core.errors import StoreError, StrategiewijzerError
from core.settings import Settings
from ingest.commands import AsJson, app, print_json
from ingest.commands.progress import progress
from ingest.commands.report_text import print_report
from ingest.pipeline import ingest
from ingest.publishing import changes
from ingest.publishing.events import Event, Published
from ingest.publishing.ingest_report import StoppedError
from ingest.publishing.options import IngestOptions
from ingest.reading.files import confirm
from ingest.watching import on_changes

_ALONE = (
    ("dry_run", "changes nothing", ("watch", "official", "not_official")),
    ("only", "names the documents", ("paths", "rebuild", "watch")),
)
"""Options that stand alone: why, and what they do not go with."""
_CONFIRM = "Say, by your word and for good, that these files"


@app.command(DEFAULT)
def sync(
    context: typer.Context,
    paths: list[Path] | None = typer.Argument(None, metavar="PATH", help="Folder or file."),
    dry_run: bool = flag("--dry-run", "Show the plan, change nothing."),
    strict: bool = flag("--strict", "Publish nothing when a file cannot be taken."),
    rebuild: bool = flag("--rebuild", "Make everything anew, when the index is damaged."),
    keep_missing: bool = flag("--keep-missing", "Keep documents whose files are gone."),
    only: list[str] | None = option(
        None, "KEY...", "Take over these documents alone, such as drugs-agenda.en."
    ),
    allow_shrink: bool = flag("--allow-shrink", "Let more than half of the documents go."),
    as_planned: str = option("", "FINGERPRINT", "Publish only what this dry run showed."),
    note: str = option("", "TEXT", "A note to keep with what is published."),
    official: list[Path] | None = option(None, "FILE...", f"{_CONFIRM} are official texts."),
    not_official: list[Path] | None = option(None, "FILE...", f"{_CONFIRM} are none."),
    watch: bool = flag("--watch", "Do it again whenever a file changes."),
    as_json: AsJson = False,
    report: Path | None = option(None, "FILE", "Write the changes to FILE.html and FILE.json."),
) -> int:
    """Bring the index in step with the source texts.

    Without a PATH the folders of the setting corpus_dirs are used: corpus/ and documents/. The exit
    code is 1 when a file could not be taken, or nothing was published to be on the safe side, and
    75 while another run holds the lock.
    """
    given = {name for name, value in context.params.items() if value}
    for alone, reason, others in _ALONE:
        if alone in given and given & set(others):
            *most, last = map(_as_typed, others)
            context.fail(f"{_as_typed(alone)} {reason}: leave out {', '.join(most)} and {last}")
    settings = Settings()
    for files, is_official in ((official, True), (not_official, False)):
        for file in files or ():
            confirm(file, settings.documents_dir, official=is_official)
    run = _Run(
        settings,
        IngestOptions(
            folders=paths or (),
            only=only or (),
            dry_run=dry_run,
            strict=strict,
            rebuild=rebuild,
            keep_missing=keep_missing,
            allow_shrink=allow_shrink,
            compare=report is not None or as_json,
            planned=as_planned,
            note=note,
        ),
        as_json=as_json,
        report=report,
    )
    return _watch(run, paths or settings.corpus_dirs) if watch else _sync(run)


def _as_typed(name: str) -> str:
    return name if name == "paths" else f"--{name.replace('_', '-')}"


@dataclass(frozen=True)
class _Run:
    """A run to be made, and how it is shown."""

    settings: Settings
    options: IngestOptions
    as_json: bool
    report: Path | None  # where to write the changes


def _sync(run: _Run) -> int:
    """Makes a run, and shows and writes all that comes of it; returns the exit code."""
    trouble: StrategiewijzerError | None = None
    in_use = "The index is as it was before."

    def noted(event: Event) -> None:
        nonlocal in_use
        if isinstance(event, Published):
            in_use = f"Generation {event.generation} is in use."
        tell(event)

    try:
        with progress(as_json=run.as_json) as tell:
            try:
                report = ingest(run.settings, run.options, tell=noted)
            except StoppedError as error:
                trouble, report = error, error.report
        if run.as_json:
            print_json({"event": "report", "report": report.model_dump(mode="json")})
        else:
            print_report(report, Console())
        if run.report is not None:
            files = changes.write_page(report, run.report)
            print(*files, sep="\n", file=sys.stderr if run.as_json else sys.stdout)
    except KeyboardInterrupt:
        print(f"Stopped. {in_use}", file=sys.stderr)
        return INTERRUPTED
    if trouble is not None:
        raise trouble
    return 1 if report.failures else 0


def _watch(run: _Run, folders: Sequence[Path]) -> int:
    """Runs again and again, also after a run that went wrong, until Ctrl-C."""
    code = 0

    def run_once() -> None:
        nonlocal code
        try:
            code = _sync(run)
        except StoreError:
            raise  # after a full disk Chroma may hang in this process for good
        except StrategiewijzerError as error:
            print(error, file=sys.stderr)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if run.as_json:
            print_json({"event": "watching"})
        else:
            print("Watching for changes; Ctrl-C ends it.", flush=True)

    try:
        on_changes(folders, run_once)
    except KeyboardInterrupt:
        return code if code == INTERRUPTED else 0
    return 0
