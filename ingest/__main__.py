"""Keeps the index in step with the source texts.

    python -m ingest [PATH ...] [--dry-run] [--json]   sync the index with these folders
    python -m ingest status [--json]                   generations, documents, what is in use
    python -m ingest verify                            check the generation in use
    python -m ingest rollback [GENERATION]             put an earlier generation in use

Without a PATH the folders of the setting `corpus_dirs` are used: corpus/ and documents/.
"""

import argparse
import sys
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

from core.errors import StrategiewijzerError
from core.settings import Settings


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code (0 well, 1 a problem told on standard error)."""
    command = arguments[0] if arguments else ""
    commands = {"status": _status, "verify": _verify, "rollback": _rollback}
    try:
        if command in commands:
            commands[command](arguments[1:])
        else:
            _sync(arguments)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The index is as it was before.", file=sys.stderr)
        return 130
    return 0


def _parser(command: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"python -m ingest {command}".strip(),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _sync(arguments: Sequence[str]) -> None:
    from ingest.pipeline import ingest

    parser = _parser()
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="folder or file")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
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
            progress=lambda done, total: bar.update(
                task, completed=done, total=total, visible=True
            ),
        )
    if options.json:
        print(report.model_dump_json(indent=2))
        return
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


def _status(arguments: Sequence[str]) -> None:
    from vectorstore.generations import Generations

    parser = _parser("status")
    parser.add_argument("--json", action="store_true", help="print the manifests as JSON")
    options = parser.parse_args(arguments)
    generations = Generations(Settings())
    current = generations.current()
    manifests = [generations.open(name).manifest for name in generations.pointer().kept]
    if options.json:
        print("[" + ",\n".join(m.model_dump_json() for m in manifests) + "]")
        return
    table = Table("generation", "made (UTC)", "documents", "passages", "method", "")
    for manifest in manifests:
        table.add_row(
            manifest.id,
            manifest.created[:19].replace("T", " "),
            str(len(manifest.documents)),
            str(manifest.passages),
            manifest.method,
            "in use" if manifest.id == current.id else "",
        )
    console = Console()
    console.print(table)
    for entry in current.manifest.documents:
        line = f"  {entry.info.key}  {entry.passages} passages  {entry.info.title}"
        console.print(line, markup=False, highlight=False)


def _verify(arguments: Sequence[str]) -> None:
    from ingest.check import check
    from vectorstore.generations import Generations

    _parser("verify").parse_args(arguments)
    settings = Settings()
    current = Generations(settings).current()
    check(current, settings)
    manifest = current.manifest
    print(
        f"Generation {current.id} is whole: {len(manifest.documents)} documents, "
        f"{manifest.passages} passages, {manifest.units} units."
    )


def _rollback(arguments: Sequence[str]) -> None:
    from ingest.lock import exclusive
    from vectorstore.generations import Generations

    parser = _parser("rollback")
    parser.add_argument("generation", nargs="?", help="default: the one before the one in use")
    options = parser.parse_args(arguments)
    settings = Settings()
    with exclusive(settings.data_dir):
        now = Generations(settings).rollback(options.generation)
    print(f"Generation {now} is in use. The next ingest follows the source texts again.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
