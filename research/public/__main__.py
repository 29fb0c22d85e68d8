"""Command for public question sets: `python -m research.public`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from core.errors import StrategiewijzerError
from core.settings import Settings
from research.public.public_run import PublicRun, run
from research.public.readers import FORMATS, load, set_files
from research.public.shapes import PublicSet
from research.public.tasks import Figure

_DESCRIPTION = """\
Search a public question set with the project's own index: is the right paragraph found, and, where
the set gives answers, the sentence that has one.
"""
_EPILOG = """\
examples:
  python -m research.public --format xquad xquad.de.json
  python -m research.public --format xquad xquad.en.json --questions-from xquad.de.json
  python -m research.public --format squad dev-v2.0.json --every 20
  python -m research.public --format beir scifact --out scifact.json

Formats and protocol are described in docs/public-sets.md.
"""
_UNKNOWN = "–"


def main(arguments: list[str]) -> int:
    """Runs the command; returns the exit code (0: done, 1: an error on standard error, 130:
    interrupted)."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings()
        sets = [
            load(options.format, file, options.language, options.questions_from)
            for file in set_files(options.format, options.path, options.language)
        ]
        runs = [_run(public, settings, options) for public in sets]
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was embedded is used again the next time.", file=sys.stderr)
        return 130
    _show(runs)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(as_json(runs), "utf-8")
        print(options.out)
    return 0


def as_json(runs: Sequence[PublicRun]) -> str:
    """The runs as JSON: {"runs": [...]}, one entry per set."""
    return json.dumps({"runs": [one.model_dump(mode="json") for one in runs]}, indent=2) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m research.public",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the set: a file or folder")
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument(
        "--language", metavar="CODE", help="of the set, such as de; of a folder, which to take"
    )
    parser.add_argument(
        "--questions-from",
        type=Path,
        metavar="PATH",
        help="ask the questions with the same ids of this set in another language",
    )
    parser.add_argument(
        "--every", type=_count, default=1, metavar="N", help="ask the first of every N questions"
    )
    parser.add_argument(
        "--half",
        choices=("even", "odd"),
        help="ask only about the articles 0, 2, ... or 1, 3, ... (all paragraphs are searched)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _run(public: PublicSet, settings: Settings, options: argparse.Namespace) -> PublicRun:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def watch(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(f"{public.name}: {step}", total=total)
            bar.update(tasks[step], completed=done)

        return run(public, settings, half=options.half, every=options.every, watch=watch)


def _show(runs: Sequence[PublicRun]) -> None:
    console = Console()
    table = Table("", title="Figures with their 95% intervals", title_justify="left")
    for one in runs:
        table.add_column(f"{one.name} ({one.n})", justify="right")
    names = dict.fromkeys(name for one in runs for name in (*one.retrieval, *one.sentences))
    for name in names:
        table.add_row(name, *(_cell({**one.retrieval, **one.sentences}.get(name)) for one in runs))
    for name in ("p50", "p95"):
        times = [one.latency_ms[name] for one in runs]
        table.add_row(f"search, ms {name}", *(_UNKNOWN if t is None else f"{t:.0f}" for t in times))
    console.print(table)
    for one in runs:
        told = [f"{one.documents} documents", *one.notes]
        console.print(f"{one.name}: {'; '.join(told)}", markup=False, highlight=False)


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.value is None or figure.interval is None:
        return _UNKNOWN
    low, high = figure.interval
    return f"{figure.value:.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
