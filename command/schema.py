"""`strategiewijzer database`: looks at the database of what is kept of people, upgrades it, or
copies what one machine kept to a server."""

from typing import Literal

import typer

from core.errors import StrategiewijzerError
from core.settings import Settings
from people.database import FILE, Database, copy_to_server, database, left_behind, versions


def run(action: Literal["check", "upgrade", "copy"]) -> int:
    """Prints what it finds or does; returns the exit code: 1 when the database is not up to
    date."""
    try:
        settings = Settings()
        if action == "copy":
            _copy(settings)
        kept_in = database(settings)
        if action == "upgrade":
            with kept_in.transaction("What is kept of people"):
                pass  # being used brings it up to date
        return _check(kept_in)
    except StrategiewijzerError as error:
        typer.echo(str(error), err=True)
        return 1


def _copy(settings: Settings) -> None:
    for table, rows in copy_to_server(settings).items():
        typer.echo(f"{table}: {rows}")
    typer.echo(
        f"Copied. {settings.data_dir / FILE} is used no more and holds what people asked: remove "
        "it when all is well."
    )


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
