"""The file of conversations and notes of all users, as one user sees it."""

import datetime
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from people.conversation import now
from people.private import Store, transaction

FILE = "conversations.sqlite"
_PATIENCE = 3.0  # seconds to wait while another process writes; the page stands still meanwhile
_STORE = Store(
    "Conversations",
    version=3,
    tables="""
CREATE TABLE IF NOT EXISTS conversations (
    user TEXT, id TEXT, name TEXT NOT NULL, changed REAL NOT NULL, PRIMARY KEY (user, id)
);
CREATE INDEX IF NOT EXISTS by_change ON conversations (changed);
CREATE TABLE IF NOT EXISTS exchanges (
    user TEXT, conversation TEXT, id TEXT, asked REAL NOT NULL,
    question TEXT NOT NULL, words TEXT NOT NULL, exchange TEXT NOT NULL,
    PRIMARY KEY (user, conversation, id),
    FOREIGN KEY (user, conversation) REFERENCES conversations ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS shares (
    user TEXT, conversation TEXT, token TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (user, conversation),
    FOREIGN KEY (user, conversation) REFERENCES conversations ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS notes (
    user TEXT, id TEXT, changed REAL NOT NULL, note TEXT NOT NULL, PRIMARY KEY (user, id)
);
CREATE INDEX IF NOT EXISTS notes_by_change ON notes (changed);
""",
)


class UserFile:
    """What one user keeps in the file.

    Args:
        user: identifier of the owner.
        folder: where the file is; None: kept in memory, as long as this object lives.
        days: how long it is kept after the last question, or change of the note.

    Every method raises StrategiewijzerError when the file cannot be read or written, or was
    written by a later version; what was kept before stays.
    """

    def __init__(self, user: str, folder: Path | None, days: int) -> None:
        self.user = user
        self._days = days
        self._kept = folder / FILE if folder else _STORE.in_memory()
        self._turn = threading.Lock()  # guards the database in memory

    @property
    def lasting(self) -> bool:
        """Whether they are in a file, and so outlive this object."""
        return isinstance(self._kept, Path)

    def forget_old(self) -> None:
        """Deletes what has expired, of all users."""
        with self._opened() as connection:
            self._forget_old(connection)

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        for table in ("conversations", "notes"):
            connection.execute(f"DELETE FROM {table} WHERE changed < ?", (self._oldest(),))  # noqa: S608 - ours

    def _oldest(self) -> float:
        """The earliest time of change that is kept, in seconds since 1970."""
        if not self.lasting:
            return 0.0
        return (now() - datetime.timedelta(days=self._days)).timestamp()

    @contextmanager
    def _opened(self, *, writes: bool = True) -> Iterator[sqlite3.Connection]:
        """The store; the block is one transaction."""
        if isinstance(self._kept, Path):
            with _STORE.opened(self._kept, writes=writes, patience=_PATIENCE) as connection:
                yield connection
        else:
            with self._turn, transaction(self._kept, writes=writes):
                yield self._kept

    def _rows(self, query: str, *values: str | float) -> list[Any]:
        """What a query finds."""
        with self._opened(writes=False) as connection:
            return connection.execute(query, values).fetchall()

    def _change(self, query: str, *values: str | float) -> None:
        """Writes with one statement."""
        with self._opened() as connection:
            connection.execute(query, values)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Reports a row that the block cannot read as written by another version of the program."""
    try:
        yield
    except ValidationError as error:
        raise StrategiewijzerError(
            f"This version cannot read a {what} in {FILE}: {error.error_count()} fields "
            "are not as expected. Use the version of the program that wrote it."
        ) from None
