"""`python -m ingest [PATH ...]`: bring the index in step with the source texts."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from core.errors import StoreError, StrategiewijzerError
from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.commands.progress import print_json, progress
from ingest.commands.summary import show
from ingest.commands.verify_text import verify_text
from ingest.pipeline import ingest, on_changes
from ingest.publishing import changes
from ingest.publishing.ingest_report import Asking, Event, Published, Report, StoppedError, Tell
from ingest.reading.files import confirm

_INTERRUPTED = 130  # exit code, by the custom of shells: 128 + SIGINT, which is 2


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code: 1 also when a file could not be taken."""
    options = _options(arguments)
    settings = Settings()
    if options.verify_text:
        return verify_text(settings, options.paths)
    for file in options.official:
        confirm(file, settings.documents_dir, official=True)
    for file in options.not_official:
        confirm(file, settings.documents_dir, official=False)
    if options.watch:
        return _watch(settings, options)
    return _sync(settings, options)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = command_parser()
    add = parser.add_argument
    add("paths", nargs="*", type=Path, metavar="PATH", help="folder or file")
    add("--dry-run", action="store_true", help="show the plan, change nothing")
    add("--trial", action="store_true", help="build what would be published, to be asked first")
    add("--strict", action="store_true", help="publish nothing when a file cannot be taken")
    add("--rebuild", action="store_true", help="make everything anew, when the index is damaged")
    add("--keep-missing", action="store_true", help="keep documents whose files are gone")
    add(
        "--only",
        nargs="+",
        default=[],
        metavar="KEY",
        help="take over these documents alone (such as drugs-agenda.en), and leave all others",
    )
    add("--allow-shrink", action="store_true", help="let more than half of the documents go")
    add(
        "--as-planned",
        default="",
        metavar="FINGERPRINT",
        help="publish only what the dry run with this fingerprint showed",
    )
    add("--note", default="", metavar="TEXT", help="a note to keep with what is published")
    for flag, told in (("--official", "are official texts"), ("--not-official", "are none")):
        add(
            flag,
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help=f"say, by your word, that these files {told}; it is remembered",
        )
    add("--watch", action="store_true", help="do it again whenever a file changes")
    add(
        "--verify-text",
        action="store_true",
        help="change nothing; is all that would be quoted in the files, word for word?",
    )
    add("--json", action="store_true", help="print what happens as lines of JSON, the report last")
    add(
        "--report",
        type=Path,
        metavar="FILE",
        help="write what changes in each document to FILE.html and FILE.json",
    )
    add(
        "--with-eval",
        action="store_true",
        help="ask the question set before and after: which answers change? (minutes)",
    )
    add(
        "--questions",
        type=Path,
        default=changes.QUESTIONS,
        metavar="FILE_OR_DIR",
        help="the question set for --with-eval (default: eval/questions)",
    )
    options = parser.parse_args(arguments)
    if options.dry_run and (options.watch or options.with_eval):
        parser.error("--dry-run changes nothing: leave out --watch and --with-eval")
    if options.dry_run and (options.official or options.not_official):
        parser.error("--dry-run changes nothing: leave out --official and --not-official")
    if options.only and (options.paths or options.rebuild or options.watch):
        parser.error("--only names the documents: leave out paths, --rebuild and --watch")
    if options.trial and (options.dry_run or options.rebuild or options.watch or options.with_eval):
        parser.error(
            "--trial publishes nothing: leave out --dry-run, --rebuild, --watch and --with-eval"
        )
    alone = parser.parse_args(["--verify-text", "--", *map(str, options.paths)])
    if options.verify_text and options != alone:
        parser.error("--verify-text only looks: leave out all other options")
    if not options.questions.exists():
        parser.error(f"--questions: there is no {options.questions}")
    return options


def _sync(settings: Settings, options: argparse.Namespace) -> int:
    """One run, with all that is shown and written of it."""
    trouble: StrategiewijzerError | None = None
    before: list[changes.QuestionRun] = []
    in_use = "The index is as it was before."

    def heard(event: Event) -> None:
        nonlocal in_use
        if isinstance(event, Published):
            in_use = f"Generation {event.generation} is in use."
        tell(event)

    try:
        with progress(as_json=options.json) as tell:
            try:
                report = _ingest(settings, options, heard, before)
            except StoppedError as error:
                trouble, report = error, error.report
            if before:
                try:
                    tell(Asking(when="after"))
                    after = changes.ask(settings, options.questions)
                    changed = changes.compare(before[0], after)
                    report = report.model_copy(update={"answers": changed})
                except StrategiewijzerError as error:  # what was published stays, and is told
                    trouble = error
        if options.json:
            print_json({"event": "report", "report": report.model_dump(mode="json")})
        else:
            show(report, Console())
        if options.report is not None:
            files = changes.write_page(report, options.report)
            print(*files, sep="\n", file=sys.stderr if options.json else sys.stdout)
    except KeyboardInterrupt:
        print(f"Stopped. {in_use}", file=sys.stderr)
        return _INTERRUPTED
    if trouble is not None:
        raise trouble
    return 1 if report.failures else 0


def _ingest(
    settings: Settings, options: argparse.Namespace, tell: Tell, before: list[changes.QuestionRun]
) -> Report:
    """A run; what the question set was answered just before its end is added to `before`."""

    def ask_before() -> None:
        if options.with_eval:
            tell(Asking(when="before"))
            before.append(changes.ask(settings, options.questions))

    return ingest(
        settings,
        options.paths,
        dry_run=options.dry_run,
        trial=options.trial,
        strict=options.strict,
        rebuild=options.rebuild,
        keep_missing=options.keep_missing,
        only=options.only,
        allow_shrink=options.allow_shrink,
        compare=options.report is not None or options.json,
        planned=options.as_planned,
        note=options.note,
        tell=tell,
        before_publishing=ask_before,
    )


def _watch(settings: Settings, options: argparse.Namespace) -> int:
    """Runs again and again, also after a run that went wrong, until Ctrl-C."""
    code = 0

    def run() -> None:
        nonlocal code
        try:
            code = _sync(settings, options)
        except StoreError:
            raise  # after a full disk Chroma may hang in this process for good
        except StrategiewijzerError as error:
            print(error, file=sys.stderr)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        if options.json:
            print_json({"event": "watching"})
        else:
            print("Watching for changes; Ctrl-C ends it.", flush=True)

    try:
        on_changes(options.paths or settings.corpus_dirs, run)
    except KeyboardInterrupt:
        return code if code == _INTERRUPTED else 0
    return 0
