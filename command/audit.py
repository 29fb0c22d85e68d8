"""`strategiewijzer audit`: exports and verifies the record of what was answered."""

import datetime
import re
from pathlib import Path
from typing import Annotated

import typer

from command.told_errors import TellingGroup

audit = typer.Typer(
    cls=TellingGroup,
    help="Export and verify the record of every answer (docs/privacy.md).",
    no_args_is_help=True,
)


@audit.command()
def export(
    since: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only records of this day (UTC) and later."),
    ] = None,
) -> None:
    """Print the records as JSON lines, oldest first."""
    from core.settings import Settings
    from people.audit_record import records

    first = since.replace(tzinfo=datetime.UTC) if since else None
    for one in records(Settings(), first):
        typer.echo(one.model_dump_json(exclude_defaults=True))


@audit.command()
def head() -> None:
    """Print number and hash of the last record: note the hash where nobody here can change it."""
    from core.settings import Settings
    from people.audit_record import chain

    last = chain(Settings()).head
    typer.echo(f"{last.number} {last.hash}")


@audit.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An exported file; without it, what is kept here.")
    ] = None,
    noted: Annotated[
        str, typer.Option("--head", help="A hash that `audit head` printed earlier.")
    ] = "",
) -> None:
    """Verify that no record was changed, removed from between others, added or moved."""
    from core.settings import Settings
    from people.audit_check import verify_file, verify_store

    if noted and not re.fullmatch("[0-9a-f]{64}", noted):
        raise typer.BadParameter("a hash has 64 digits from 0 to f", param_hint="--head")
    found = verify_file(file, noted) if file else verify_store(Settings(), noted)
    if found.broken:
        typer.echo(f"{found.broken}. Before it {found.records} records fit.", err=True)
        raise typer.Exit(1)
    if not found.records or not found.end or not found.start:
        typer.echo("There are no records.")
    else:
        typer.echo(
            f"{found.records} records fit, from {found.start.number + 1} to {found.end.number}. "
            f"The last has the hash {found.end.hash}."
        )
    if found.noted is not None:
        typer.echo(f"The head that was noted is record {found.noted}.")
    else:
        typer.echo(
            "That the end is there, and that not all was written anew, shows only against a hash "
            "that was noted elsewhere: --head HASH (./strategiewijzer audit head)."
        )
