"""Takes over the files in which version 0.1.0 kept conversations and feedback."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData

from core.errors import StrategiewijzerError
from userdata.conversation import plain
from userdata.engines import BATCH, PATIENCE, insert, without_nul

# Of each file the last number that its tables had, and these: those that others refer to first.
_FILES = {
    "conversations.sqlite": (3, ("conversations", "exchanges", "notes")),
    "feedback.sqlite": (1, ("feedback",)),
}


class OldFile:
    """A file that is being taken over; nobody else can use it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._connection.row_factory = sqlite3.Row
        (self._version,) = connection.execute("PRAGMA user_version").fetchone()
        last, tables = _FILES[path.name]
        if self._version > last:
            raise StrategiewijzerError(
                f"{path} was written by a later version of this program. Use that version."
            )
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        there = {name for (name,) in connection.execute(query)}
        self._tables = [table for table in tables if table in there]

    def copy_to(self, target: Connection, tables: MetaData) -> None:
        """Inserts all rows; those that are there already stay as they are."""
        for name in self._tables:
            rows = self._connection.execute(f"SELECT * FROM {name}")  # noqa: S608 - ours
            adding = insert(target, tables.tables[name], replace=False)
            while batch := rows.fetchmany(BATCH):
                target.execute(adding, [self._made_new(name, dict(row)) for row in batch])

    def erase(self) -> None:
        """Overwrites the content, then removes the file."""
        for name in reversed(self._tables):
            self._connection.execute(f"DELETE FROM {name}")  # noqa: S608 - ours
        self._connection.commit()
        self._path.unlink()

    def _made_new(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """A row as it is today."""
        if table == "conversations":
            row["plain_name"] = plain(row["name"])
        elif table == "exchanges":
            row["answered"] = _is_answered(row["exchange"])
        elif table == "feedback" and self._version < 1:  # these name maintainers
            row["feedback"] = _unsigned(row["feedback"])
        return without_nul(row)


def left_behind(folder: Path | None) -> list[Path]:
    """The files that are in a folder."""
    return [file for name in _FILES if folder and (file := folder / name).exists()]


@contextmanager
def locked(path: Path) -> Iterator[OldFile | None]:
    """A file that is locked until the block ends; None when another process took it over meanwhile.

    Raises:
        StrategiewijzerError: it cannot be read or erased, or a later version wrote it.
    """
    try:
        connection = _opened(path)
        if connection is None:
            yield None
            return
        with closing(connection):
            yield OldFile(path, connection)
    except (OSError, sqlite3.Error) as error:
        raise StrategiewijzerError(
            f"What an earlier version kept in {path} cannot be taken over: {error}. Check that "
            "this program may write there, then try again; if the file is of no use, put it "
            "elsewhere."
        ) from error


def _opened(path: Path) -> sqlite3.Connection | None:
    """A connection that has locked the file; None when the file is gone by then."""
    try:
        inode = path.stat().st_ino
        # mode=rw: a file that is gone by now is not made again
        address = f"{path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=PATIENCE)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # also beyond a commit
            connection.execute("BEGIN EXCLUSIVE")
            if path.stat().st_ino == inode:  # not another file that has its name now
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    except (OSError, sqlite3.Error):
        if path.exists():
            raise
    return None


def _is_answered(exchange: str) -> bool:
    try:
        return json.loads(exchange)["answer"]["answered"] is True
    except (ValueError, KeyError, TypeError):  # not answered yet, or not by this version
        return False


def _unsigned(feedback: str) -> str:
    try:
        return json.dumps({**json.loads(feedback), "by": ""}, ensure_ascii=False)
    except (ValueError, TypeError):  # reading it will say so
        return feedback
