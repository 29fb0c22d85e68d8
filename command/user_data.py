"""Commands over users' data: the audit record, personal data, API keys, the database's schema."""

import datetime
import os
import re
import stat
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from core.errors import StrategiewijzerError
from core.settings import Role, Settings
from language.escaping import visible
from people.api_keys import PERMISSIONS, ApiKey, kept, make
from people.api_keys import revoke as end
from people.database import FILE, Database, copy_to_server, database, versions
from people.old_files import left_behind

if TYPE_CHECKING:
    from people.conversations import Conversations


class TellingGroup(TyperGroup):
    """Prints an error of ours and exits with 1."""

    def invoke(self, ctx: Any) -> Any:  # of a private class
        try:
            return super().invoke(ctx)
        except Exception as error:
            from core.errors import StrategiewijzerError  # not before a command has run

            if not isinstance(error, StrategiewijzerError):
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


# `strategiewijzer audit`: exports and verifies the record of what was answered.


audit = typer.Typer(
    cls=TellingGroup,
    help="Export and verify the record of every answer (docs/privacy.md).",
    no_args_is_help=True,
)


@audit.command("export")
def export_audit(
    since: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only records of this day (UTC) and later."),
    ] = None,
) -> None:
    """Print the records as JSON lines, oldest first."""
    from core.settings import Settings
    from people.audit import records

    first = since.replace(tzinfo=datetime.UTC) if since else None
    for one in records(Settings(), first):
        typer.echo(one.model_dump_json(exclude_defaults=True))


@audit.command()
def head() -> None:
    """Print number and hash of the last record: note the hash where nobody here can change it."""
    from core.settings import Settings
    from people.audit import chain

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
    from people.audit import verify_file, verify_store

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


# `strategiewijzer people`: what is kept of whom, exported and erased.


people = typer.Typer(
    cls=TellingGroup,
    help="List, export and erase what is kept of people (docs/privacy.md).",
    no_args_is_help=True,
)
_User = Annotated[str, typer.Argument(help="An identifier, as `people list` prints it.")]


@people.command("list")
def list_people() -> None:
    """Print each identifier of whom anything is kept, and how much."""
    from core.settings import Settings
    from language.escaping import visible
    from people.personal_data import people as kept_people

    for user, counts in kept_people(Settings()).items():
        told = ", ".join(f"{name} {number}" for name, number in counts if number)
        typer.echo(f"{visible(user)}: {told}")


@people.command("export")
def export_personal(
    user: _User,
    to: Annotated[Path | None, typer.Option(help="A file to make; without it, print.")] = None,
) -> None:
    """Write all that is kept of a person as JSON; exit with 1 when nothing is."""
    from core.errors import StrategiewijzerError
    from core.settings import Settings
    from people.personal_data import collect

    settings = Settings()
    text = collect(settings, _known(settings, user)).as_json()
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
def erase(
    user: _User,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Erase all that is kept of a person; it cannot be taken back. Exit with 1 when nothing is."""
    from core.settings import Settings
    from people.personal_data import erase as erase_person

    settings = Settings()
    store = _known(settings, user)
    if not yes:
        typer.confirm("Erase all that is kept of this person?", abort=True)
    erased = erase_person(settings, store)
    typer.echo(
        f"Deleted: {erased.conversations} conversations, {erased.notes} notes, "
        f"{erased.feedback} verdicts on answers in them.\n"
        f"Kept without the identifier: {erased.jobs} jobs, {erased.handled} handled verdicts, "
        f"{erased.audit} audit records.\n"
        "Not reached: earlier verdicts and counts of what was asked, which name nobody, files that "
        "were saved, backups, and what servers of models have kept."
    )


def _known(settings: "Settings", user: str) -> "Conversations":
    """The store of a person.

    Raises:
        StrategiewijzerError: nothing is kept of the person, in the database of these settings.
    """
    from core.errors import StrategiewijzerError
    from language.escaping import visible
    from people.database import database
    from people.personal_data import PersonCounts, conversations_of, counts

    store = conversations_of(settings, user)
    if counts(settings, store) == PersonCounts():
        raise StrategiewijzerError(
            f"Nothing is kept of {visible(user)!r} in {database(settings).place}. See of whom: "
            "./strategiewijzer people list. Where the service keeps it elsewhere, run this as the "
            "service does (docs/operations.md)."
        )
    return store


@people.command()
def forget() -> None:
    """Remove what is older than the settings allow, as the pages do when they start."""
    from core.settings import Settings
    from people.personal_data import forget as forget_old

    gone = forget_old(Settings())
    typer.echo(
        "Conversations and notes that are old enough are gone, with "
        f"{gone.feedback} verdicts, {gone.questions} questions, {gone.jobs} jobs and {gone.audit} "
        "audit records."
    )


@people.command("remove-question")
def remove_question(
    language: Annotated[str, typer.Argument(help="Of the question, such as nl.")],
    question: Annotated[str, typer.Argument(help="As the page Maintenance shows it.")],
) -> None:
    """Delete a question of what was asked, as one that names somebody; exit with 1 when it is not
    kept."""
    from core.errors import StrategiewijzerError
    from core.settings import Settings
    from people.asked_questions import remove
    from people.database import database

    settings = Settings()
    if not remove(settings, question, language):
        raise StrategiewijzerError(
            f"No such question in this language is kept in {database(settings).place}. Give the "
            "whole question, as the page Maintenance shows it."
        )
    typer.echo("The question is deleted. Verdicts on its answers, audit records and backups stay.")


# `strategiewijzer keys`: makes, lists and revokes the keys of other programs (docs/api.md).


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


# `strategiewijzer database`: looks at the database of what is kept of people, upgrades it, or
# copies what one machine kept to a server.


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
