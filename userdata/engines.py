"""SQLite and PostgreSQL: engines, and rows that replace older ones.

On both a transaction that writes locks out all others that write, so that a write can rest on an
earlier read; one that reads sees the state of one moment.
"""

import functools
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import NullPool, StaticPool

from core.files import make_private

PATIENCE = 10.0  # seconds to wait while another writes; what people say is said only once
BATCH = 200
"""Rows held in memory at once where many are moved: an answer with its passages is some 50 kB."""

_WRITES = {"writes": True}
_REBUILDS = {"writes": True, "rebuilds": True}


def sqlite_engine(path: Path | None) -> Engine:
    """The engine for a file, or for a database in memory that lives as long as the engine.

    Each transaction opens the file anew, so that one that was replaced or removed is noticed.
    SQLite's default journal is enough for such small writes and, unlike WAL, also works where the
    file is read-only. Deleted content is overwritten.
    """
    url = sqlalchemy.URL.create("sqlite", database=str(path) if path else None)
    engine = sqlalchemy.create_engine(
        url,
        poolclass=NullPool if path else StaticPool,
        connect_args={"timeout": PATIENCE, "check_same_thread": False},
        hide_parameters=True,  # what people ask is in no error
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # else Python begins transactions itself, and not at reads
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("rebuilds"):  # a table that is made anew would take the rows of others along
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def connected(engine: Engine, *, writes: bool, rebuilds: bool = False) -> Connection:
    """A connection for one transaction.

    Args:
        engine: of either kind.
        writes: whether the transaction writes.
        rebuilds: whether it may make tables anew: SQLite then does not look at foreign keys.
    """
    options = (_REBUILDS if rebuilds else _WRITES) if writes else {}
    if engine.dialect.name == "postgresql":  # after its lock a writer has to see what is new
        level = "READ COMMITTED" if writes else "REPEATABLE READ"
        return engine.connect().execution_options(isolation_level=level, **options)
    return engine.connect().execution_options(**options)


def message(error: object) -> str:
    """The server's own message; the rest of its error may repeat a row."""
    arguments = getattr(error, "args", ())
    fields = arguments[0] if arguments else None
    return str(fields.get("M", "")) if isinstance(fields, dict) else str(error)


def keep_private(path: Path) -> None:
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


def put(connection: Connection, table: Table, *rows: dict[str, Any]) -> None:
    """Stores rows, each in place of the one with its key."""
    if rows:
        connection.execute(insert(connection, table), list(rows))


def insert(
    connection: Connection, table: Table, *, replace: bool = True
) -> sqlite.Insert | postgresql.Insert:
    """Inserts rows, each in place of the one with its key; or only those whose key is new."""
    return _insert(connection.dialect.name, table, replace)


@functools.cache  # making it takes longer than SQLite to carry it out
def _insert(dialect: str, table: Table, replace: bool) -> sqlite.Insert | postgresql.Insert:
    made = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not replace:
        return made.on_conflict_do_nothing()
    others = {
        column.name: made.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return made.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


def without_nul(row: dict[str, Any]) -> dict[str, Any]:
    """A row as PostgreSQL takes it, which knows no NUL; in what is JSON it is written as an
    escape."""
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value
        for name, value in row.items()
    }
