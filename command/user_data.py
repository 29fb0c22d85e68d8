"""Commands over users' data: the audit record, and what is kept of whom.

A command imports what it needs when it runs: the help of all commands is shown at once.
"""

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from core.settings import Settings
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
    from language.matching import visible
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
    from language.matching import visible
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
