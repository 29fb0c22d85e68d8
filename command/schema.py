"""`strategiewijzer database`: looks at the database of what is kept of people, or upgrades it."""

from typing import Literal

import typer

from core.errors import StrategiewijzerError
from core.settings import Settings
from people.database import Database, database
from people.old_files import left_behind
from people.upgrade import versions


def run(action: Literal["check", "upgrade"]) -> int:
    """Prints what it finds or does; returns the exit code: 1 when the database is not up to
    date."""
    try:
        kept_in = database(Settings())
        if action == "upgrade":
            with kept_in.transaction("What is kept of people"):
                pass  # being used brings it up to date
        return _check(kept_in)
    except StrategiewijzerError as error:
        typer.echo(str(error), err=True)
        return 1


def _check(kept_in: Database) -> int:
    found, expected = kept_in.version(), versions()[-1]
    typer.echo(f"{kept_in.place}: tables {found or 'not made yet'}, of this program {expected}")
    old = left_behind(kept_in.folder)
    if old:
        typer.echo(f"Not taken over yet: {', '.join(map(str, old))}")
    if found == expected and not old:
        return 0
    typer.echo("Bring it up to date: ./strategiewijzer database upgrade")
    return 1
