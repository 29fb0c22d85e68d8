"""`python -m ingest [PATH ...]`: bring the index in step with the source texts."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.pipeline import ingest


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser()
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="folder or file")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    parser.add_argument("--rebuild", action="store_true", help="make everything anew")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    columns = (
        TextColumn("Embedding passages"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, visible=False)
        report = ingest(
            Settings(),
            options.paths,
            dry_run=options.dry_run,
            rebuild=options.rebuild,
            progress=lambda done, total: bar.update(
                task, completed=done, total=total, visible=True
            ),
        )
    if options.json:
        print(report.model_dump_json(indent=2))
        return 0
    table = Table(
        title="Plan (nothing was changed)" if report.dry_run else "Ingest", title_justify="left"
    )
    for name in ("documents", "passages"):
        table.add_column(name)
        table.add_column("", justify="right")
    plan = report.plan
    table.add_row(
        "added",
        str(len(plan.added)),
        "to embed" if report.dry_run else "embedded",
        str(report.embedded),
    )
    table.add_row("changed", str(len(plan.changed)), "reused", str(report.reused))
    table.add_row("removed", str(len(plan.removed)), "", "")
    table.add_row("unchanged", str(len(plan.unchanged)), "seconds", f"{report.seconds:.1f}")
    console = Console()
    console.print(table)
    for label, keys in (
        ("added", plan.added),
        ("changed", plan.changed),
        ("removed", plan.removed),
    ):
        for key in keys:
            console.print(f"  {label}: {key}", markup=False, highlight=False)
    if report.generation:
        print(f"Generation {report.generation} is in use.")
    return 0
