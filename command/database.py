"""Commands over what the database keeps: keys of programs, people's data, the audit record."""

import datetime
import os
import re
import stat
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.command_line import CommandLine, flag
from core.errors import StrategiewijzerError
from core.settings import Settings
from language.escaping import visible
from userdata import api_keys, asked_questions, earlier_version, personal_data
from userdata import audit as records
from userdata.audit import verify_file, verify_store
from userdata.conversations import Conversations
from userdata.database import FILE, copy_to_server
from userdata.database import database as database_of

keys = CommandLine(no_args_is_help=True)
people = CommandLine(no_args_is_help=True)
audit = CommandLine(no_args_is_help=True)
database = CommandLine(no_args_is_help=True)

_MAX_NAME = 100  # characters of a key's name, as the column has
_User = Annotated[str, typer.Argument(help="An identifier, as `people list` prints it.")]


class _Scope(StrEnum):  # Typer takes no list of a Literal
    ASK = "ask"
    READ = "read"
    METRICS = "metrics"


@keys.command()
def new(
    name: str = typer.Argument(..., help="Who or what uses it: 'Open WebUI'."),
    scope: list[_Scope] = typer.Option(..., help="What it may do; give it more than once."),
    days: int = typer.Option(365, min=1, max=3650, help="How long it lasts."),
) -> None:
    """Make a key and print it, once. Not into a file that others may read."""
    if _others_may_read():
        raise StrategiewijzerError(
            "Standard output is a file that others may read, so no key was made. Close it to them "
            "with chmod 600, or say umask 077 before you name a new one; then try again."
        )
    name = " ".join(visible(name).split())
    if not name or len(name) > _MAX_NAME:
        raise typer.BadParameter(f"a name has 1 to {_MAX_NAME} characters", param_hint="NAME")
    scopes = tuple(permission for permission in api_keys.PERMISSIONS if permission in scope)
    key, made = api_keys.make(Settings(), name, scopes, datetime.timedelta(days=days))
    typer.echo(key)
    typer.echo(
        f"{_line(made)}\nKeep it now: it is not shown again. Revoke it with: "
        f"./strategiewijzer keys revoke {made.id}",
        err=True,  # so that the key alone can go into a file
    )


@keys.command("list")
def list_all() -> None:
    """List all keys, never what they are."""
    there = api_keys.kept(Settings())
    for key in there:
        typer.echo(_line(key))
    if not there:
        typer.echo("There is no key. Make one with: ./strategiewijzer keys new NAME --scope ask")


@keys.command()
def revoke(id: str = typer.Argument(..., help="As `keys list` shows it.")) -> None:
    """End a key now; requests that are being answered are finished."""
    if not api_keys.revoke(Settings(), id):
        raise StrategiewijzerError(
            "There is no such key, or it is revoked already. See: ./strategiewijzer keys list"
        )
    typer.echo("It is revoked.")


def _others_may_read() -> bool:
    """Whether standard output is a file that is not its owner's alone."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):  # it is no file of the operating system
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o077)


def _line(key: api_keys.ApiKey) -> str:
    ends = f"until {key.expires:%Y-%m-%d}"
    if key.revoked is not None:
        ends = f"revoked {key.revoked:%Y-%m-%d}"
    elif not key.is_valid(datetime.datetime.now(datetime.UTC)):
        ends = f"expired {key.expires:%Y-%m-%d}"
    return "  ".join((key.id, ",".join(key.scopes), ends, visible(key.name)))


@audit.command("export")
def export_audit(
    since: datetime.datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="Only records of this day (UTC) and later."
    ),
) -> None:
    """Print the records as JSON lines, oldest first."""
    first = since.replace(tzinfo=datetime.UTC) if since else None
    for record in records.records(Settings(), first):
        typer.echo(record.model_dump_json(exclude_defaults=True))


@audit.command()
def head() -> None:
    """Print number and hash of the last record. Note the hash where nobody here can change it."""
    last = records.chain(Settings()).head
    typer.echo(f"{last.number} {last.hash}")


@audit.command()
def verify(
    file: Path | None = typer.Argument(
        None, help="An exported file; without it, what is kept here."
    ),
    noted: str = typer.Option("", "--head", help="A hash that `audit head` printed earlier."),
) -> None:
    """Verify that no record was changed, removed from between others, added or moved."""
    if noted and not re.fullmatch("[0-9a-f]{64}", noted):
        raise typer.BadParameter("a hash has 64 digits from 0 to f", param_hint="--head")
    found = verify_file(file, noted) if file else verify_store(Settings(), noted)
    if found.broken:
        raise StrategiewijzerError(f"{found.broken}. Before it {found.records} records fit.")
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


@people.command("list")
def list_people() -> None:
    """Print each identifier and how much is kept of it."""
    for user, counts in personal_data.people(Settings()).items():
        kept = ", ".join(f"{name} {number}" for name, number in counts if number)
        typer.echo(f"{visible(user)}: {kept or 'only in a copy of what version 0.1.0 kept'}")


@people.command("export")
def export_personal(
    user: _User, to: Path | None = typer.Option(None, help="A file to make; without it, print.")
) -> None:
    """Write all that is kept of a person as JSON. Exit with 1 when nothing is."""
    settings = Settings()
    text = personal_data.collect(settings, _known(settings, user)).as_json()
    if to is None:
        typer.echo(text)
        return
    try:
        to.touch(mode=0o600, exist_ok=False)  # it is as private as what it is made of
        to.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise StrategiewijzerError(f"{to} cannot be made: {error}. Name another file.") from None
    typer.echo(f"{to} holds all that is kept of this person. Only you may read it.")


@people.command()
def erase(user: _User, yes: bool = flag("--yes", "Do not ask first.")) -> None:
    """Erase all that is kept of a person. It cannot be taken back. Exit with 1 when nothing is."""
    settings = Settings()
    store = _known(settings, user)
    if not yes:
        typer.confirm("Erase all that is kept of this person?", abort=True)
    erased = personal_data.erase(settings, store)
    typer.echo(
        f"Deleted: {erased.conversations} conversations, {erased.shares} links to them, "
        f"{erased.notes} notes, {erased.feedback} verdicts on answers in them.\n"
        f"Kept without the identifier: {erased.jobs} jobs, {erased.handled} handled verdicts, "
        f"{erased.audit} audit records.\n"
        "Not reached: earlier verdicts and counts of what was asked, which name nobody, files that "
        "were saved, backups, and what servers of models have kept."
    )


def _known(settings: Settings, user: str) -> Conversations:
    """The store of a person; raises StrategiewijzerError where nothing is kept of them."""
    store = personal_data.conversations_of(settings, user)
    is_kept = personal_data.collect(settings, store).counts != personal_data.PersonCounts()
    if not is_kept and user not in earlier_version.users_in_copies(settings.data_dir):
        raise StrategiewijzerError(
            f"Nothing is kept of {visible(user)!r} in {database_of(settings).place}. See of whom: "
            "./strategiewijzer people list. Where the service keeps it elsewhere, run this as the "
            "service does (docs/operations.md)."
        )
    return store


@people.command()
def forget() -> None:
    """Remove what is older than the settings allow. The pages do it when they start."""
    gone = personal_data.forget(Settings())
    typer.echo(
        "Conversations and notes that are old enough are gone, with "
        f"{gone.feedback} verdicts, {gone.questions} questions, {gone.jobs} jobs and {gone.audit} "
        "audit records."
    )


@people.command("remove-question")
def remove_question(
    language: str = typer.Argument(..., help="Of the question, such as nl."),
    question: str = typer.Argument(..., help="As the page Maintenance shows it."),
) -> None:
    """Delete a question of what was asked, as one that names somebody; exit with 1 when it is not
    kept."""
    settings = Settings()
    if not asked_questions.remove(settings, question, language):
        raise StrategiewijzerError(
            f"No such question in this language is kept in {database_of(settings).place}. Give the "
            "whole question, as the page Maintenance shows it."
        )
    typer.echo("The question is deleted. Verdicts on its answers, audit records and backups stay.")


@database.command()
def upgrade() -> None:
    """Bring the database up to date, as the program does by itself at its first use."""
    kept_in = database_of(Settings())
    with kept_in.transaction("What is kept of people"):
        pass  # being used brings it up to date
    typer.echo(f"{kept_in.place}: tables {kept_in.version()}")


@database.command()
def copy() -> None:
    """Copy what this machine kept to the server of STRATEGIEWIJZER_DATABASE_URL."""
    settings = Settings()
    for table, rows in copy_to_server(settings).items():
        typer.echo(f"{table}: {rows}")
    typer.echo(
        f"Copied. {settings.data_dir / FILE} is used no more and holds what people asked: remove "
        "it when all is well."
    )
