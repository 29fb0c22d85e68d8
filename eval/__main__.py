"""Put question sets to the assistant: `python -m eval`."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import prompts
from chain.assistant import Assistant
from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import report
from eval.compare import differences, figures, same_questions
from eval.dataset import QUESTIONS, Question, load
from eval.results import Results, read
from eval.run import run
from eval.stamp import make_stamp

_DESCRIPTION = """\
Ask the assistant every question of a question set and measure the answers: were the right sections
retrieved, are the facts there, is what cannot be answered refused, are the quotes exact.
Writes results.json and report.html.
"""
_EPILOG = """\
examples:
  python -m eval
  python -m eval --questions my-questions.yaml --out my-run
  python -m eval --out new --baseline old/results.json

The format of a question set is described in eval/dataset.py.
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = Settings()
        questions = load(options.questions)
        baseline = read(options.baseline) if options.baseline is not None else None
        results = _ask(settings, questions, options.questions)
        files = report.write(results, options.out or settings.data_dir / "eval", baseline)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    _show(results, baseline)
    for file in files:
        print(file)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--questions",
        type=Path,
        default=QUESTIONS,
        metavar="FILE_OR_DIR",
        help="a question set, or a folder of them (default: eval/questions)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where results.json and report.html go (default: the folder eval in data_dir)",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="RUN",
        help="the results.json of an earlier run, to show the differences with it",
    )
    return parser


def _ask(settings: Settings, questions: tuple[Question, ...], path: Path) -> Results:
    assistant = Assistant(settings)
    stamp = make_stamp(
        settings,
        path,
        prompts=prompts.fingerprints(),
        embedder=assistant.index.embedder.fingerprint,
        generation=assistant.index.generation,
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("Asking", total=len(questions))
        return run(
            questions,
            assistant,
            stamp=stamp,
            on_result=lambda _: progress.advance(task),
        )


def _show(results: Results, baseline: Results | None) -> None:
    """The figures overall with intervals, by language without, and what changed since."""
    console = Console()
    columns = {"all": results.overall, **results.by_language}
    table = Table(title="Figures, overall with their 95% intervals")
    table.add_column("", no_wrap=True)
    for name, summary in columns.items():
        table.add_column(f"{name} ({summary.n})", justify="right", no_wrap=name == "all")
    rows = zip(*(figures(summary) for summary in columns.values()), strict=True)
    for row in rows:
        overall, *by_language = (report.number(one.value, one.group) for one in row)
        interval = report.bounds(row[0].interval)
        table.add_row(report.label(row[0]), f"{overall} {interval}".strip(), *by_language)
    console.print(table)
    if baseline is None:
        return
    table = Table("", "before", "now", "difference", title="Compared with the baseline")
    for one in differences(results, baseline):
        table.add_row(
            report.label(one),
            report.number(one.before, one.group),
            report.number(one.now, one.group),
            report.change(one.change, one.group),
        )
    console.print(table)
    if not same_questions(results, baseline):
        console.print("The question sets differ, so these differences say little.")


if __name__ == "__main__":
    sys.exit(main())
