"""Command for public question sets: `python -m research.public`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import typer
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

from core.command_line import CommandLine, option
from core.settings import Settings
from research.public.public_run import Half, PublicRun, run
from research.public.readers import load, set_files
from research.public.shapes import Format, PublicSet
from research.public.tasks import Figure

_UNKNOWN = "–"


app = CommandLine("Stopped. What was embedded is used again the next time.")


@app.command()
def measure(
    path: Path = typer.Argument(..., help="The set: a file or folder."),
    form: Format = typer.Option(..., "--format"),
    language: str | None = option(
        None, "CODE", "Of the set, such as de; of a folder, which to take."
    ),
    questions_from: Path | None = option(
        None, "PATH", "Ask the questions with the same ids of this set in another language."
    ),
    every: int = option(1, "N", "Ask the first of every N questions.", min=1),
    half: Half | None = typer.Option(
        None,
        help="Ask only about the articles 0, 2, ... or 1, 3, ... (all paragraphs are searched).",
    ),
    out: Path | None = option(None, "FILE", "Write the figures as JSON."),
) -> None:
    """Search a public question set with the project's own index: is the right paragraph found, and,
    where the set gives answers, the sentence that has one.

        python -m research.public --format xquad xquad.de.json
        python -m research.public --format xquad xquad.en.json \\
            --questions-from xquad.de.json
        python -m research.public --format squad dev-v2.0.json --every 20
        python -m research.public --format beir scifact --out scifact.json

    Formats and protocol are described in docs/public-sets.md.
    """
    settings = Settings()
    sets = [load(form, file, language, questions_from) for file in set_files(form, path, language)]
    runs = [_run(public, settings, half, every) for public in sets]
    _show(runs)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(as_json(runs), "utf-8")
        print(out)


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns the exit code (0: done, 1: an error on standard error, 130:
    interrupted)."""
    return app.run(arguments, "python -m research.public")


def as_json(runs: Sequence[PublicRun]) -> str:
    """The runs as JSON: {"runs": [...]}, one entry per set."""
    return json.dumps({"runs": [one.model_dump(mode="json") for one in runs]}, indent=2) + "\n"


def _run(public: PublicSet, settings: Settings, half: Half | None, every: int) -> PublicRun:
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

        return run(public, settings, half=half, every=every, watch=watch)


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
