"""The database of what is kept of people, in a file or on a server: its tables and their versions,
its transactions, the upgrade, and the copy of a file to a server.

On both kinds a transaction that writes locks out all others that write, so that a write can rest on
an earlier read; one that reads sees the state of one moment.
"""

import functools
import importlib
import pkgutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, Engine, Executable, Row, Table, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

import userdata
from core.errors import SettingsError, StrategiewijzerError
from core.files import is_damaged, make_private
from core.settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config

FILE = "people.sqlite"
VERSION_0_1_0 = ("conversations.sqlite", "feedback.sqlite")
"""The files of version 0.1.0 in place of it; `userdata.earlier_version` takes them over."""
PATIENCE = 10.0  # seconds to wait while another writes; what people say is said only once

_WHAT = "What is kept of people"
_BATCH = 200  # rows held in memory at once; an answer with its passages is some 50 kB
_COPIED = 1  # SQLite's user_version of a file that was copied to a server
_IDLE = 60  # seconds after which the server gives up a transaction of a host that is gone
_WRITER = 860_716_203  # names our lock among PostgreSQL's advisory locks: any fixed number
_migrating = threading.Lock()  # Alembic keeps what it works on in a variable of its module

_T = TypeVar("_T")

METADATA = sqlalchemy.MetaData(
    naming_convention={  # the same on both kinds, so that a migration can name what it changes
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "%(table_name)s_one_%(column_0_N_name)s",
        "ck": "%(table_name)s_check_%(constraint_name)s",
        "fk": "%(table_name)s_of_%(referred_table_name)s",
        "pk": "%(table_name)s_key",
    }
)
"""The tables; each is defined in the module that reads and writes it."""

VERSION_TABLE = "people_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Asked at every use, so not by the inspector of SQLAlchemy, which takes ten times as long.
_HAS_TABLES = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'people_version'",
    "postgresql": "SELECT 1 WHERE to_regclass('people_version') IS NOT NULL",
}


class Database:
    """One database, of which every use is one transaction: a SQLite file in a folder, without one
    in memory as long as this object lives, or PostgreSQL at a URL (SettingsError if it is none)."""

    def __init__(self, folder: Path | None, url: str = "") -> None:
        self.folder = folder
        self.file = folder / FILE if folder and not url else None
        if url:
            from userdata.postgresql import postgresql_engine  # the driver, which most do not need

            self.engine = postgresql_engine(url, PATIENCE)
        else:
            self.engine = sqlite_engine(self.file)
        self._is_in_memory = folder is None and not url
        self._turn = threading.RLock()  # guards the database in memory: it is one connection
        if self._is_in_memory:
            METADATA.create_all(self.engine)

    @property
    def place(self) -> str:
        """The name of the database for messages, without a password."""
        address = self.engine.url
        return str(self.file or f"PostgreSQL ({address.host or 'its socket'}/{address.database})")

    @property
    def is_there(self) -> bool:
        """False while nothing was ever kept; looking makes nothing."""
        return self.file is None or self.file.exists() or bool(self.earlier_files())

    def earlier_files(self) -> list[Path]:
        """The files of version 0.1.0 that are to be taken over."""
        places = (self.folder / name for name in VERSION_0_1_0) if self.folder else ()
        return [path for path in places if path.exists()]

    @contextmanager
    def transaction(self, what: str, *, writes: bool = True) -> Iterator[Connection]:
        """Reads and writes of the block are stored whole or not at all.

        Args:
            what: is kept, for messages: "Feedback".
            writes: locks out other writers for the whole block, so that a write can rest on an
                earlier read.

        Raises:
            StrategiewijzerError: it cannot be read or written, or a later version of this program
                wrote it; what was kept before stays.
        """
        done = False  # all but the commit
        try:
            with self._begun(writes=writes) as connection:
                yield connection
                done = True
        except (OSError, SQLAlchemyError) as error:
            failure = self._failure(what, error, writes=writes, unsure=done)
            # Another error is not shown: it may repeat a row, and so what was asked.
            raise failure from (error if _is_lost(error) else None)

    def read(self, what: str, reads: Callable[[Connection], _T]) -> _T:
        """Runs a function that reads, in one transaction. Errors as of `transaction`; a connection
        that is lost meanwhile is made anew, once."""
        try:
            with self.transaction(what, writes=False) as connection:
                return reads(connection)
        except StrategiewijzerError as error:
            if not _is_lost(error.__cause__):
                raise
        with self.transaction(what, writes=False) as connection:
            return reads(connection)

    def rows(self, what: str, query: Executable) -> Sequence[Row[Any]]:
        """The rows that a query finds; errors as of `read`."""
        return self.read(what, lambda connection: connection.execute(query).all())

    def change(self, what: str, statement: Executable) -> int:
        """Writes with one statement; returns how many rows that is. Errors as of `transaction`."""
        with self.transaction(what) as connection:
            return connection.execute(statement).rowcount

    def version(self) -> str | None:
        """The version of its tables; None when there are none. Makes and changes nothing.

        Raises:
            StrategiewijzerError: it cannot be read, or a later version of this program wrote it.
        """
        if self.file and not self.file.exists():
            return None
        try:
            with self.engine.connect() as connection:
                return self._version(connection)
        except SQLAlchemyError as error:
            raise self._failure("What is kept", error, writes=False) from None

    def _version(self, connection: Connection) -> str | None:
        if connection.exec_driver_sql(_HAS_TABLES[connection.dialect.name]).first() is None:
            return None
        query = "SELECT version_num FROM people_version"
        found: str | None = connection.exec_driver_sql(query).scalar()
        if found is not None and found not in versions():
            raise StrategiewijzerError(
                f"{self.place} was written by a later version of this program (tables {found}, "
                f"known until {versions()[-1]}). Use that version, or restore the copy made before "
                "it was installed."
            )
        return found

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[Connection]:
        if self._is_in_memory:
            with self._turn, transaction(self.engine, writes=writes) as connection:
                yield connection
            return
        if self.file:
            _keep_private(self.file)
        with transaction(self.engine, writes=writes) as connection:
            if self._version(connection) == versions()[-1] and not self.earlier_files():
                yield connection
                return
        self._upgrade()
        with transaction(self.engine, writes=writes) as connection:
            yield connection

    def _upgrade(self) -> None:
        """Brings the tables to the version of this program, unless another was first, and takes
        over what version 0.1.0 kept; in one transaction."""
        # By its name: it uses the modules that use this one.
        earlier = importlib.import_module("userdata.earlier_version")
        with earlier.opened(self.earlier_files()) as files:
            with transaction(self.engine, writes=True, rebuilds=True) as connection:
                if self._version(connection) != versions()[-1]:
                    self._migrate(connection)
                earlier.take_over(files, connection)
            earlier.put_away(files)

    def _migrate(self, connection: Connection) -> None:
        from alembic import command

        with _migrating:
            command.upgrade(alembic_config(connection), "head")
        # SQLite does not look at foreign keys while tables are made anew.
        is_file = self.file is not None
        if is_file and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise StrategiewijzerError(
                "The database was not brought up to date: a row would have lost the one it "
                "belongs to. Nothing was changed. Use the version of the program that you had."
            )

    def _failure(
        self, what: str, error: Exception, *, writes: bool, unsure: bool = False
    ) -> StrategiewijzerError:
        reason = message(getattr(error, "orig", None) or error).strip()
        reason = reason.partition("\n")[0].rstrip(". ")
        if self.file and is_damaged(reason):
            return StrategiewijzerError(
                f"{what} cannot be read or kept: {self.file} is damaged ({reason}). Restore a "
                "backup with the app stopped: ./strategiewijzer restore FILE. Without one, move "
                "the file elsewhere and begin anew: what was kept in it is then gone."
            )
        if self.file:
            return StrategiewijzerError(
                f"{what} cannot be kept in {self.file}: {reason}. Check that this program may "
                "write there and that the disk has room, then try again."
            )
        kept = "was not kept" if writes else "cannot be read"
        if writes and unsure:
            kept = "may or may not have been kept, look before you do it again"
        return StrategiewijzerError(
            f"{what} {kept}: {self.place} gave an error: {reason}. Try again in a minute; if it "
            "stays, look at it with: ./strategiewijzer doctor"
        )


def _is_lost(error: BaseException | None) -> bool:
    """Whether an error means that the connection is gone."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def message(error: object) -> str:
    """The server's own message; the rest of its error may repeat a row."""
    arguments = getattr(error, "args", ())
    fields = arguments[0] if arguments else None
    return str(fields.get("M", "")) if isinstance(fields, dict) else str(error)


def database(settings: Settings) -> Database:
    """The database of these settings."""
    return _database(settings.data_dir, settings.database_url)


@functools.lru_cache(maxsize=16)  # one in use, and those of tests
def _database(data_dir: Path, url: SecretStr) -> Database:
    return Database(data_dir, url.get_secret_value())


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
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # else Python begins transactions itself, and not at reads
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")


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


@contextmanager
def transaction(engine: Engine, *, writes: bool, rebuilds: bool = False) -> Iterator[Connection]:
    """A transaction on an engine of either kind. Where it `rebuilds` tables SQLite does not look at
    foreign keys, as the rows of other tables would go along."""
    connecting, first = engine.connect(), ["BEGIN IMMEDIATE" if writes else "BEGIN"]
    if rebuilds:
        first.insert(0, "PRAGMA foreign_keys = OFF")
    if engine.dialect.name == "postgresql":  # after its lock a writer has to see what is new
        level = "READ COMMITTED" if writes else "REPEATABLE READ"
        connecting = connecting.execution_options(isolation_level=level)
        locking = (
            f"SET LOCAL lock_timeout = '{PATIENCE:.0f}s'",
            f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}s'",
            f"SELECT pg_advisory_xact_lock({_WRITER})",
        )
        first = [*locking] if writes else []
    with connecting as connection, connection.begin():
        for statement in first:
            connection.exec_driver_sql(statement)
        yield connection


def put(connection: Connection, table: Table, *rows: dict[str, Any]) -> None:
    """Stores rows, each in place of the one with its key."""
    if rows:
        connection.execute(_replacing(connection.dialect.name, table), list(rows))


def add(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Stores a row, unless there is one with its key."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(table).on_conflict_do_nothing(), row)


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


@functools.cache  # making it takes longer than SQLite to carry it out
def _replacing(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    made = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    others = {
        column.name: made.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return made.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


def known_tables() -> sqlalchemy.MetaData:
    """The tables of all modules that define some."""
    for module in pkgutil.iter_modules(userdata.__path__):
        importlib.import_module(f"userdata.{module.name}")
    return METADATA


@functools.cache
def versions() -> tuple[str, ...]:
    """The versions of the tables, oldest first: numbers of four digits. As they are the names of
    the files, Alembic is loaded only to migrate."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(file.stem.partition("_")[0] for file in files))


def alembic_config(connection: Connection) -> "Config":
    """Alembic's configuration, for a connection whose transaction the caller ends."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def copy_to_server(settings: Settings) -> dict[str, int]:
    """Copies all rows of `people.sqlite` to the database of `database_url`, whole or not at all.

    Nobody can write to either meanwhile. The file stays, marked as copied (`was_copied`). Returns
    how many rows of which table.
    """
    server = database(settings)
    if server.file:
        raise SettingsError("Set STRATEGIEWIJZER_DATABASE_URL to the server to copy to.")
    file = Database(settings.data_dir)
    if not file.is_there:
        raise StrategiewijzerError(f"Nothing is kept in {settings.data_dir}: nothing to copy.")
    tables = known_tables().sorted_tables  # those that others refer to first
    with file.transaction(_WHAT) as source, server.transaction(_WHAT) as target:
        for table in tables:
            if _size(target, table):
                raise StrategiewijzerError(
                    f"{server.place} keeps something already ({table.name}). Copy to a database "
                    "that was not used yet; nothing was changed."
                )
        copied = {table.name: _copy(source, target, table) for table in tables}
        source.exec_driver_sql(f"PRAGMA user_version = {_COPIED}")
    return copied


def was_copied(kept_in: Database) -> bool:
    """Whether this is a file that was copied to a server, where what people do since is kept."""
    if not kept_in.file or not kept_in.version():
        return False
    with kept_in.engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA user_version").scalar() == _COPIED


def _copy(source: Connection, target: Connection, table: Table) -> int:
    rows = source.execution_options(yield_per=_BATCH).execute(select(table)).mappings()
    for batch in rows.partitions():
        target.execute(table.insert(), [_without_nul(dict(row)) for row in batch])
    return _size(target, table)


def _without_nul(row: dict[str, Any]) -> dict[str, Any]:
    """A row as PostgreSQL takes it, which knows no NUL; in what is JSON it is written as an
    escape."""
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value
        for name, value in row.items()
    }


def _size(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
