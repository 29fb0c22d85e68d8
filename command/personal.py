"""`strategiewijzer people`: what is kept of whom, exported and erased."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from command.told_errors import TellingGroup

if TYPE_CHECKING:  # a command imports what it needs when it runs
    from core.settings import Settings
    from people.conversations import Conversations

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
    from language.characters import visible
    from people.personal_data import people as kept_people

    for user, counts in kept_people(Settings()).items():
        told = ", ".join(f"{name} {number}" for name, number in counts if number)
        typer.echo(f"{visible(user)}: {told}")


@people.command()
def export(
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
    from language.characters import visible
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
    from people.retention import forget as forget_old

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
