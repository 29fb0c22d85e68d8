"""Private SQLite files for what people ask and think, which only their owner may read.

Several app processes can write to one at once. SQLite's default journal is enough for such small
writes and, unlike WAL, also works where the file is read-only. Deleted content is overwritten.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.disk import make_private
from core.errors import StrategiewijzerError


@dataclass(frozen=True)
class Store:
    """A kind of SQLite file.

    Args:
        what: its content, for messages: "Feedback".
        tables: the SQL that makes its tables and migrates those of an earlier version.
        version: of the tables; raise it when `tables` changes.
    """

    what: str
    tables: str
    version: int

    @contextmanager
    def opened(self, path: Path, *, writes: bool, patience: float) -> Iterator[sqlite3.Connection]:
        """Opens a file of this kind for one `transaction`; makes it when it does not exist.

        Args:
            path: the file.
            writes: as in `transaction`.
            patience: seconds to wait while another process writes.

        Raises:
            StrategiewijzerError: it cannot be read or written, or a later version of this program
                wrote it; what was kept before stays.
        """
        try:
            _keep_private(path)
            with (
                closing(self._connected(path, patience)) as connection,
                transaction(connection, writes=writes),
            ):
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise StrategiewijzerError(
                f"{self.what} cannot be kept in {path}: {error}. Check that this program may write "
                "there and that the disk has room, then try again."
            ) from error

    def in_memory(self) -> sqlite3.Connection:
        """A database in memory, which lives as long as the connection."""
        return self._connected(":memory:", 0)

    def _connected(self, path: Path | str, patience: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > self.version:
                raise StrategiewijzerError(
                    f"{path} was written by a later version of this program. Use that version."
                )
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            if version < self.version:  # else the file is only read
                connection.executescript(
                    f"BEGIN IMMEDIATE;{self.tables}PRAGMA user_version = {self.version};COMMIT;"
                )
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool) -> Iterator[None]:
    """A transaction: reads see one state, and writes are stored whole or not at all.

    Args:
        writes: locks out other writers for the whole block, so that a write can rest on an
            earlier read.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield


def _keep_private(path: Path) -> None:
    """Makes a file that only its owner may read, or removes the permissions of all others.

    SQLite gives its journal the mode of the file.
    """
    make_private(path.parent)
    if not path.exists():
        path.touch(mode=0o600)
    mode = path.stat().st_mode
    if mode & 0o077:
        with suppress(PermissionError):  # the file of another user, who lets us read it
            path.chmod(mode & 0o700)
