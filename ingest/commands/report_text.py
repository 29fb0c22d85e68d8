"""The report of a run, in a terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.files import printable
from ingest.publishing.ingest_report import PreparedChange, Report, describe_stale

_LISTED = 10  # stale questions of a document; more would bury the rest of the report


def print_report(report: Report, console: Console) -> None:
    """Prints what a run did or would do. What comes from files is text, never markup."""
    console.print(_counts(report))
    for line in _lines(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if report.guesses:
        console.print(_guesses(report))
        console.print("To state it yourself, write FILE.meta.yaml next to the file.")


def _counts(report: Report) -> Table:
    title = "Plan (nothing was changed)" if report.dry_run else "Ingest"
    table = Table(title=title, title_justify="left")
    for name in ("documents", "passages"):
        table.add_column(name)
        table.add_column("", justify="right")
    plan = report.plan
    to_embed = "embedded" if report.generation else "to embed"
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
    for unused in report.unused:
        yield f"  not used of {printable(unused.path)}: {', '.join(unused.names)}"
    for path in report.unconfirmed:
        yield f"  NOT CONFIRMED: {printable(path)} says that it is an official text. It is called"
        yield f"    one once a person says so: python -m ingest --official {printable(path)}"
    for failure in report.failures:
        kept = f" (stays as it was: {', '.join(failure.kept)})" if failure.kept else ""
        yield f"  NOT TAKEN: {failure.place}: {failure.problem}. {failure.remedy}{kept}"
    if report.dry_run and report.stop:
        yield f"A run would stop here. {report.stop}"
    elif report.dry_run and not plan.is_empty:
        yield f"To publish just this: python -m ingest --as-planned {report.fingerprint}"
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


def _guesses(report: Report) -> Table:
    table = Table("document", "guessed", title="Guessed", title_justify="left")
    for guess in report.guesses:
        fields = "\n".join(f"{name}: {printable(value)}" for name, value in guess.fields.items())
        table.add_row(Text(printable(guess.path)), Text(fields))
    return table
