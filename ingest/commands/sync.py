"""`python -m ingest [PATH ...]`: bring the index in step with the source texts, and report it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.background import INTERRUPTED
from core.command_line import DEFAULT, flag, option
from core.errors import StoreError, StrategiewijzerError
from core.file_names import printable
from core.settings import Settings
from ingest.commands import AsJson, app, print_json
from ingest.commands.progress import progress
from ingest.pipeline import ingest, on_changes
from ingest.publishing import changes
from ingest.publishing.ingest_report import (
    Asking,
    Event,
    PreparedChange,
    Published,
    Report,
    StoppedError,
    describe_stale,
)
from ingest.reading.files import confirm

_ALONE = (
    ("dry_run", "changes nothing", ("watch", "with_eval")),
    ("dry_run", "changes nothing", ("official", "not_official")),
    ("only", "names the documents", ("paths", "rebuild", "watch")),
    ("trial", "publishes nothing", ("dry_run", "rebuild", "watch", "with_eval")),
)
"""Options that are for themselves: why, and what they do not go with."""
_SAID = "Say, by your word and for good, that these files"
_LISTED = 10  # stale questions of a document; more would bury the rest of the report


@app.command(DEFAULT)
def sync(
    context: typer.Context,
    paths: list[Path] | None = typer.Argument(None, metavar="PATH", help="Folder or file."),
    dry_run: bool = flag("--dry-run", "Show the plan, change nothing."),
    trial: bool = flag("--trial", "Build what would be published, to be asked first."),
    strict: bool = flag("--strict", "Publish nothing when a file cannot be taken."),
    rebuild: bool = flag("--rebuild", "Make everything anew, when the index is damaged."),
    keep_missing: bool = flag("--keep-missing", "Keep documents whose files are gone."),
    only: list[str] | None = option(
        None, "KEY...", "Take over these documents alone, such as drugs-agenda.en."
    ),
    allow_shrink: bool = flag("--allow-shrink", "Let more than half of the documents go."),
    as_planned: str = option("", "FINGERPRINT", "Publish only what this dry run showed."),
    note: str = option("", "TEXT", "A note to keep with what is published."),
    official: list[Path] | None = option(None, "FILE...", f"{_SAID} are official texts."),
    not_official: list[Path] | None = option(None, "FILE...", f"{_SAID} are none."),
    watch: bool = flag("--watch", "Do it again whenever a file changes."),
    as_json: AsJson = False,
    report: Path | None = option(None, "FILE", "Write the changes to FILE.html and FILE.json."),
    with_eval: bool = flag("--with-eval", "Ask the question set before and after. (minutes)"),
    questions: Path | None = option(None, "FILE_OR_DIR", "That set (default: eval/questions)."),
) -> int:
    """Bring the index in step with the source texts.

    Without a PATH the folders of the setting corpus_dirs are used: corpus/ and documents/. The exit
    code is 1 when a file could not be taken, or nothing was published to be on the safe side, and
    75 while another run holds the lock.
    """
    given = {name for name, value in context.params.items() if value}
    for alone, does, others in _ALONE:
        if alone in given and given & set(others):
            *most, last = map(_as_typed, others)
            context.fail(f"{_as_typed(alone)} {does}: leave out {', '.join(most)} and {last}")
    questions = questions or changes.QUESTIONS
    if not questions.exists():
        context.fail(f"--questions: there is no {questions}")
    settings = Settings()
    for files, says in ((official, True), (not_official, False)):
        for file in files or ():
            confirm(file, settings.documents_dir, official=says)
    run = _Run(
        settings,
        partial(
            ingest,
            settings,
            paths or (),
            dry_run=dry_run,
            trial=trial,
            strict=strict,
            rebuild=rebuild,
            keep_missing=keep_missing,
            only=only or (),
            allow_shrink=allow_shrink,
            compare=report is not None or as_json,
            planned=as_planned,
            note=note,
        ),
        as_json=as_json,
        report=report,
        questions=questions if with_eval else None,
    )
    return _watch(run, paths or settings.corpus_dirs) if watch else _sync(run)


def _as_typed(name: str) -> str:
    return name if name == "paths" else f"--{name.replace('_', '-')}"


@dataclass(frozen=True)
class _Run:
    """A run to be made, how it is shown, and the question set that is asked before and after."""

    settings: Settings
    ingest: Callable[..., Report]
    as_json: bool
    report: Path | None
    questions: Path | None


def _sync(run: _Run) -> int:
    """One run, with all that is shown and written of it."""
    trouble: StrategiewijzerError | None = None
    before: list[changes.QuestionRun] = []
    in_use = "The index is as it was before."

    def heard(event: Event) -> None:
        nonlocal in_use
        if isinstance(event, Published):
            in_use = f"Generation {event.generation} is in use."
        tell(event)

    def ask_before() -> None:
        if run.questions:
            heard(Asking(when="before"))
            before.append(changes.ask(run.settings, run.questions))

    try:
        with progress(as_json=run.as_json) as tell:
            try:
                report = run.ingest(tell=heard, before_publishing=ask_before)
            except StoppedError as error:
                trouble, report = error, error.report
            if before and run.questions:
                try:
                    tell(Asking(when="after"))
                    after = changes.ask(run.settings, run.questions)
                    changed = changes.compare(before[0], after)
                    report = report.model_copy(update={"answers": changed})
                except StrategiewijzerError as error:  # what was published stays, and is told
                    trouble = error
        if run.as_json:
            print_json({"event": "report", "report": report.model_dump(mode="json")})
        else:
            show(report, Console())
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


# The report of a run, in a terminal.


def show(report: Report, console: Console) -> None:
    """Prints what a run did or would do. What comes from files is text, never markup."""
    console.print(_counts(report))
    for line in _lines(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if report.guesses:
        console.print(_guesses(report))
        console.print("To state it yourself, write FILE.meta.yaml next to the file.")


def _counts(report: Report) -> Table:
    trial = "Trial (nothing was published)" if report.trial else "Ingest"
    title = "Plan (nothing was changed)" if report.dry_run else trial
    table = Table(title=title, title_justify="left")
    for name in ("documents", "passages"):
        table.add_column(name)
        table.add_column("", justify="right")
    plan = report.plan
    to_embed = "embedded" if report.generation or report.trial else "to embed"
    table.add_row("added", str(len(plan.added)), to_embed, str(report.embedded))
    table.add_row("changed", str(len(plan.changed)), "reused", str(report.reused))
    table.add_row("renamed", str(len(plan.renamed)), "", "")
    table.add_row("removed", str(len(plan.removed)), "", "")
    table.add_row("unchanged", str(len(plan.unchanged)), "seconds", f"{report.seconds:.1f}")
    return table


def _lines(report: Report) -> Iterator[str]:
    plan = report.plan
    yield from (f"  added: {printable(key)}" for key in plan.added)
    yield from (f"  changed: {printable(key)}" for key in plan.changed)
    for rename in plan.renamed:
        paths = f"{printable(rename.former_path)} → {printable(rename.path)}"
        former = "" if rename.former_key == rename.key else f"{rename.former_key} → "
        yield f"  renamed: {former}{rename.key} ({paths})"
    yield from (f"  removed: {printable(key)}" for key in plan.removed)
    yield from (f"  kept, though its file is gone: {printable(key)}" for key in report.missing)
    for prepared in report.questions:
        yield from _prepared(prepared)
    for seen in report.left_out:
        yield f"  left out: {printable(seen.path)} {seen.reason}"
    for one in report.unused:
        yield f"  not used of {printable(one.path)}: {', '.join(one.names)}"
    for path in report.unconfirmed:
        yield f"  NOT CONFIRMED: {printable(path)} says that it is an official text. It is called"
        yield f"    one once a person says so: python -m ingest --official {printable(path)}"
    for failure in report.failures:
        kept = f" (stays as it was: {', '.join(failure.kept)})" if failure.kept else ""
        yield f"  NOT TAKEN: {failure.place}: {failure.problem}. {failure.remedy}{kept}"
    if report.answers is not None:
        changed = len(report.answers.changed)
        yield f"  {changed} of {report.answers.asked} answers of the question set changed"
    if report.dry_run and report.stop:
        yield f"A run would stop here. {report.stop}"
    elif report.dry_run and not plan.is_empty:
        yield f"To publish just this: python -m ingest --as-planned {report.fingerprint}"
    if report.trial:
        yield 'To ask it: python -m chain "QUESTION" --trial'
        yield f"To publish just this: python -m ingest --as-planned {report.fingerprint}"
        yield "To drop it: python -m ingest discard"
    if report.generation:
        yield f"Generation {report.generation} is in use."


def _prepared(change: PreparedChange) -> Iterator[str]:
    if change.before != change.after:
        yield f"  prepared questions of {change.key}: {change.before} → {change.after}"
    if not change.stale:
        return
    yield f"  {len(change.stale)} prepared questions of {change.key} lose their answer:"
    for one in change.stale[:_LISTED]:
        yield f"    {describe_stale(one)}"
    if len(change.stale) > _LISTED:
        yield f"    and {len(change.stale) - _LISTED} more; all: python -m ingest check-questions"


def _guesses(report: Report) -> Table:
    table = Table("document", "guessed", title="Guessed", title_justify="left")
    for one in report.guesses:
        told = "\n".join(f"{name}: {printable(value)}" for name, value in one.fields.items())
        table.add_row(Text(printable(one.path)), Text(told))
    return table
