"""Where conversations are kept.

`Conversations` is the store of one user: every statement names the user, so that nobody sees or
changes what another asked. It is one SQLite file in `data_dir`, so that several app processes can
write at once; SQLite's default journal also works for readers that may not write (as in
core/feedback.py). What is deleted is overwritten in the file, and what has not changed for the
number of days that is set is neither shown nor kept.
"""

import datetime
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError

from core.conversation import Conversation, Exchange, Listed, now
from core.errors import StrategiewijzerError
from core.matching import fold, without_accents

FILE = "conversations.sqlite"
_PATIENCE = 3.0  # seconds to wait while another process writes
_VERSION = 1  # of the tables; raise it when they change
_TABLES = """
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
"""
_LISTED = """
SELECT id, changed, CASE name WHEN '' THEN (
    SELECT question FROM exchanges WHERE user = c.user AND conversation = c.id
    ORDER BY asked LIMIT 1
) ELSE name END AS title FROM conversations AS c WHERE user = ? AND changed >= ?
"""
_HAS_WORD = """
AND (instr(plain(name), ?) OR EXISTS (
    SELECT 1 FROM exchanges WHERE user = c.user AND conversation = c.id AND instr(words, ?)
))
"""


class Conversations:
    """The conversations of one user.

    Args:
        user: whose they are.
        folder: where the file is; None: they are kept in memory, as long as this object lives.
        days: how long they are kept after the last question.

    Every method raises StrategiewijzerError when the file cannot be read or written, or was
    written by a later version; what was kept before stays.
    """

    def __init__(self, user: str, folder: Path | None, days: int) -> None:
        self.user = user
        self._folder = folder
        self._days = days
        self._memory = None if folder else _connected(":memory:")

    @property
    def lasting(self) -> bool:
        """Whether they outlive this object."""
        return self._memory is None

    def listed(self, search: str = "") -> tuple[Listed, ...]:
        """Last changed first; those with all words of a search in title, questions or answers."""
        words = _plain(search).split()
        query = _LISTED + _HAS_WORD * len(words) + "ORDER BY changed DESC, id"
        with self._opened() as connection:
            values = (self.user, self._oldest(), *(word for word in words for _ in range(2)))
            rows = connection.execute(query, values).fetchall()
        return tuple(
            Listed(id=id, title=title or "", changed=_date(changed)) for id, changed, title in rows
        )

    def find(self, id: str) -> Conversation | None:
        """One of this user's; None when he or she has none with this id."""
        with self._opened() as connection:
            query = (
                "SELECT name, changed FROM conversations WHERE user = ? AND id = ? AND changed >= ?"
            )
            row = connection.execute(query, (self.user, id, self._oldest())).fetchone()
            query = (
                "SELECT exchange FROM exchanges WHERE user = ? AND conversation = ? ORDER BY asked"
            )
            rows = connection.execute(query, (self.user, id)).fetchall()
        if row is None:
            return None
        try:
            exchanges = tuple(Exchange.model_validate_json(exchange) for (exchange,) in rows)
        except ValidationError as error:
            raise StrategiewijzerError(
                f"This version cannot read a conversation in {FILE}: {error.error_count()} fields "
                "are not as expected. Use the version of the program that wrote it."
            ) from None
        return Conversation(id=id, name=row[0], changed=_date(row[1]), exchanges=exchanges)

    def put(self, conversation: Conversation, *exchanges: Exchange) -> None:
        """Keeps a conversation with these of its exchanges, or with all when none is given.

        What is kept of it already stays, so that it can be open twice.
        """
        with self._opened() as connection:
            self._forget_old(connection)
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "name = excluded.name, changed = excluded.changed",
                (self.user, conversation.id, conversation.name, conversation.changed.timestamp()),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (self.user, conversation.id, *_row(exchange))
                    for exchange in exchanges or conversation.exchanges
                ],
            )

    def drop(self, conversation: str, *exchanges: str) -> None:
        """Forgets exchanges (ids) of a conversation (id)."""
        with self._opened() as connection:
            connection.executemany(
                "DELETE FROM exchanges WHERE user = ? AND conversation = ? AND id = ?",
                [(self.user, conversation, exchange) for exchange in exchanges],
            )

    def rename(self, id: str, name: str) -> None:
        """Gives a conversation a name; its first question is its title again when that is empty."""
        with self._opened() as connection:
            query = "UPDATE conversations SET name = ? WHERE user = ? AND id = ?"
            connection.execute(query, (name, self.user, id))

    def delete(self, id: str) -> None:
        """Forgets a conversation; nothing happens when there is none with this id."""
        with self._opened() as connection:
            query = "DELETE FROM conversations WHERE user = ? AND id = ?"
            connection.execute(query, (self.user, id))

    def delete_all(self) -> None:
        """Forgets all conversations of this user."""
        with self._opened() as connection:
            connection.execute("DELETE FROM conversations WHERE user = ?", (self.user,))

    def forget_old(self) -> None:
        """Forgets what was kept long enough, of all users."""
        with self._opened() as connection:
            self._forget_old(connection)

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM conversations WHERE changed < ?", (self._oldest(),))

    def _oldest(self) -> float:
        """When a conversation must have changed to be kept, in seconds since 1970."""
        if self._memory is not None:
            return 0.0
        return (now() - datetime.timedelta(days=self._days)).timestamp()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The store; what is done in the block is one transaction."""
        if self._memory is not None:
            with self._memory:
                yield self._memory
            return
        path = self._folder / FILE if self._folder else Path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(_connected(path)) as connection, connection:
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise StrategiewijzerError(
                f"Conversations cannot be kept in {path}: {error}. Check that this program may "
                "write there and that the disk has room, then try again."
            ) from error


def _connected(path: Path | str) -> sqlite3.Connection:
    """An open store with its tables."""
    connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise StrategiewijzerError(
                f"{path} was written by a later version of this program. Use that version."
            )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.create_function("plain", 1, _plain, deterministic=True)
        if version < _VERSION:  # nothing is written where all is there: it may be read-only
            script = f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {_VERSION};COMMIT;"
            connection.executescript(script)
    except BaseException:
        connection.close()
        raise
    return connection


def _date(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _row(exchange: Exchange) -> tuple[str, float, str, str, str]:
    answer = "\n".join((exchange.answer.text, *exchange.answer.more)) if exchange.answer else ""
    return (
        exchange.id,
        exchange.asked.timestamp(),
        exchange.question,
        _plain(f"{exchange.question}\n{answer}"),
        exchange.model_dump_json(round_trip=True),
    )


def _plain(text: str) -> str:
    """The text as it is searched: without case, accents and digit grouping."""
    return without_accents(fold(text))
