"""`strategiewijzer keys`: makes, lists and revokes the keys of other programs (docs/api.md)."""

import datetime
import os
import stat
import sys
from enum import StrEnum
from typing import Annotated

import typer

from core.errors import StrategiewijzerError
from core.settings import Role, Settings
from language.matching import visible
from people.api_keys import PERMISSIONS, ApiKey, kept, make
from people.api_keys import revoke as end

app = typer.Typer(
    help="Make, list and revoke the keys of other programs (docs/api.md).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print the values of variables
)


class _Scope(StrEnum):  # Typer takes no list of a Literal
    ASK = "ask"
    READ = "read"
    METRICS = "metrics"


_MAX_NAME = 100  # characters, as the column has


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Who or what uses it: 'Open WebUI'.")],
    scope: Annotated[list[_Scope], typer.Option(help="What it may do; give it more than once.")],
    role: Annotated[Role, typer.Option(help="Its role, as on the pages.")] = "reader",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it lasts.")] = 365,
) -> None:
    """Make a key and print it, once; not into a file that others may read."""
    if _others_may_read():
        typer.echo(
            "Standard output is a file that others may read, so no key was made. Close it to them "
            "with chmod 600, or say umask 077 before you name a new one; then try again.",
            err=True,
        )
        raise typer.Exit(1)
    name = " ".join(visible(name).split())
    if not name or len(name) > _MAX_NAME:
        raise typer.BadParameter(f"a name has 1 to {_MAX_NAME} characters", param_hint="NAME")
    scopes = tuple(one for one in PERMISSIONS if one in scope)
    try:
        key, made = make(Settings(), name, scopes, role, datetime.timedelta(days=days))
    except StrategiewijzerError as error:
        raise _failed(error) from None
    typer.echo(key)
    typer.echo(
        f"{_line(made)}\nKeep it now: it is not shown again. Revoke it with: "
        f"./strategiewijzer keys revoke {made.id}",
        err=True,  # so that the key alone can go into a file
    )


@app.command("list")
def list_all() -> None:
    """List all keys, never what they are."""
    try:
        keys = kept(Settings())
    except StrategiewijzerError as error:
        raise _failed(error) from None
    for key in keys:
        typer.echo(_line(key))
    if not keys:
        typer.echo("There is no key. Make one with: ./strategiewijzer keys new NAME --scope ask")


@app.command()
def revoke(id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """End a key now; requests that are being answered are finished."""
    try:
        ended = end(Settings(), id)
    except StrategiewijzerError as error:
        raise _failed(error) from None
    if not ended:
        typer.echo(
            "There is no such key, or it is revoked already. See: ./strategiewijzer keys list",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("It is revoked.")


def _others_may_read() -> bool:
    """Whether standard output is a file that is not its owner's alone."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):  # it is no file of the operating system
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o077)


def _line(key: ApiKey) -> str:
    ends = f"until {key.expires:%Y-%m-%d}"
    if key.revoked is not None:
        ends = f"revoked {key.revoked:%Y-%m-%d}"
    elif not key.is_valid(datetime.datetime.now(datetime.UTC)):
        ends = f"expired {key.expires:%Y-%m-%d}"
    return "  ".join((key.id, key.role, ",".join(key.scopes), ends, visible(key.name)))


def _failed(error: StrategiewijzerError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)
