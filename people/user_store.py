"""The tables of conversations and notes of all users, as one user sees them."""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Executable,
    ForeignKeyConstraint,
    Table,
    Text,
    delete,
)

from core.errors import StrategiewijzerError
from people.conversation import Exchange, now, plain
from people.database import METADATA, Database

WHAT = "Conversations"  # in messages

CONVERSATIONS = Table(
    "conversations",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("plain_name", Text, nullable=False),  # as `plain` makes it
    Column("changed", Double, nullable=False, index=True),  # in seconds since 1970, as all times
)
EXCHANGES = Table(
    "exchanges",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("asked", Double, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("question", Text, nullable=False),
    Column("words", Text, nullable=False),  # question and answer, as `plain` makes them
    Column("exchange", Text, nullable=False),  # JSON
    ForeignKeyConstraint(
        ["user", "conversation"], ["conversations.user", "conversations.id"], ondelete="CASCADE"
    ),
)
SHARES = Table(
    "shares",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("token", Text, nullable=False, index=True),  # its hash
    Column("expires", Double, nullable=False),
    ForeignKeyConstraint(
        ["user", "conversation"], ["conversations.user", "conversations.id"], ondelete="CASCADE"
    ),
)
NOTES = Table(
    "notes",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("changed", Double, nullable=False, index=True),
    Column("note", Text, nullable=False),  # JSON
)


class UserStore:
    """What one user keeps.

    Args:
        user: identifier of the owner.
        database: where it is kept; None: in memory, as long as this object lives.
        days: how long it is kept after the last question, or change of the note.

    Every method raises StrategiewijzerError when the database cannot be read or written, or was
    written by a later version; what was kept before stays.
    """

    def __init__(self, user: str, database: Database | None, days: int) -> None:
        self.user = user
        self.lasting = database is not None  # whether it outlives this object
        self._days = days
        self._database = database or Database(None)

    def forget_old(self) -> None:
        """Deletes what has expired, of all users."""
        with self._writing() as connection:
            self._forget_old(connection)

    def _forget_old(self, connection: Connection) -> None:
        for table in (CONVERSATIONS, NOTES):
            connection.execute(delete(table).where(table.c.changed < self._oldest()))

    def _oldest(self) -> float:
        """The earliest time of change that is kept, in seconds since 1970."""
        if not self.lasting:
            return 0.0
        return (now() - datetime.timedelta(days=self._days)).timestamp()

    def _writing(self) -> AbstractContextManager[Connection]:
        """A transaction that writes."""
        return self._database.transaction(WHAT)

    def _rows(self, query: Executable) -> Sequence[Any]:
        """What a query finds."""
        return self._database.read(WHAT, lambda connection: connection.execute(query).all())

    def _change(self, statement: Executable) -> None:
        """Writes with one statement."""
        with self._writing() as connection:
            connection.execute(statement)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Reports a row that the block cannot read as written by another version of the program."""
    try:
        yield
    except ValidationError as error:
        raise StrategiewijzerError(
            f"This version cannot read a {what} in the database: {error.error_count()} fields "
            "are not as expected. Use the version of the program that wrote it."
        ) from None


def exchange_row(exchange: Exchange) -> dict[str, Any]:
    """The columns of an exchange, but for whose it is."""
    answer = "\n".join((exchange.answer.text, *exchange.answer.more)) if exchange.answer else ""
    return {
        "id": exchange.id,
        "asked": exchange.asked.timestamp(),
        "answered": exchange.answer is not None and exchange.answer.is_sourced,
        "question": stored(exchange.question),
        "words": stored(plain(f"{exchange.question}\n{answer}")),
        "exchange": exchange.model_dump_json(round_trip=True),
    }


def stored(text: str) -> str:
    """Without NUL, which PostgreSQL refuses; in JSON it is written as an escape."""
    return text.replace("\0", "")
