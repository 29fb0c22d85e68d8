"""The two kinds of database: SQLite in one private file or in memory, and PostgreSQL.

On both a transaction that writes locks out all others that write, so that a write can rest on an
earlier read; one that reads sees the state of one moment.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import NullPool, StaticPool

from core.disk import make_private
from core.errors import SettingsError

PATIENCE = 10.0  # seconds to wait while another writes; what people say is said only once
_CONNECTING = 5  # seconds; a reader waits, and a server that is there answers in milliseconds
_IDLE = 60  # seconds after which the server gives up a transaction of a host that is gone
_WRITER = 860_716_203  # names our lock among PostgreSQL's advisory locks: any fixed number

_WRITES = {"writes": True}
_REBUILDS = {"writes": True, "rebuilds": True}


def sqlite_engine(path: Path | None) -> Engine:
    """Of a file, or of a database in memory that lives as long as the engine.

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


def postgresql_engine(url: str) -> Engine:
    """Of a server. A connection that was lost while nobody used it is replaced.

    Raises:
        SettingsError: this is no address; it is not repeated, as it may hold a password.
    """
    try:
        parsed = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
        engine = sqlalchemy.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_timeout=PATIENCE,
            # Statements are not prepared, as a pooler between us and the server may not keep them.
            connect_args={"connect_timeout": _CONNECTING, "prepare_threshold": None},
            hide_parameters=True,
        )
    except ImportError:
        raise SettingsError(
            "The driver for PostgreSQL is not installed. Install it with: "
            "python -m pip install 'psycopg[binary]'"
        ) from None
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise SettingsError(
            "STRATEGIEWIJZER_DATABASE_URL is no address of a database. Write it as "
            "postgresql://user:password@host/name, with %40 for an @ in the password."
        ) from None
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = '{PATIENCE:.0f}s';"
            f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}s';"
            f"SELECT pg_advisory_xact_lock({_WRITER})"
        )


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
