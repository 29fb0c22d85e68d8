"""The database of what is kept of people: its version, transactions, and the files before it."""

import functools
import importlib
import json
import pkgutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, MetaData, Table, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

import userdata
from core.disk import is_damaged
from core.errors import SettingsError, StrategiewijzerError
from core.settings import Settings
from userdata.conversation import plain
from userdata.engines import (
    BATCH,
    PATIENCE,
    connected,
    insert,
    keep_private,
    message,
    sqlite_engine,
    without_nul,
)

if TYPE_CHECKING:
    from alembic.config import Config

# Of each file the last number that its tables had, and these: those that others refer to first.
_FILES = {
    "conversations.sqlite": (3, ("conversations", "exchanges", "shares", "notes")),
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


# The database: its transactions, the upgrade of its tables, the move to a server.


# The database of what is kept of people: conversations, notes, feedback, keys, audit records, what
# was asked.


FILE = "people.sqlite"
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

_T = TypeVar("_T")


class Database:
    """One database, of which every use is one transaction.

    Args:
        folder: of the SQLite file, and of files that an earlier version left; None: in memory, as
            long as this object lives.
        url: of PostgreSQL, in place of the file.

    Raises:
        SettingsError: the URL is none.
    """

    def __init__(self, folder: Path | None, url: str = "") -> None:
        self.folder = folder
        self.file = folder / FILE if folder and not url else None
        self.engine = _server(url) if url else sqlite_engine(self.file)
        self._turn = threading.RLock()  # guards the database in memory: it is one connection
        if folder is None and not url:
            METADATA.create_all(self.engine)

    @property
    def place(self) -> str:
        """The name of the database for messages, without a password."""
        address = self.engine.url
        return str(self.file or f"PostgreSQL ({address.host or 'its socket'}/{address.database})")

    @property
    def is_there(self) -> bool:
        """False while nothing was ever kept; looking makes nothing."""
        return self.file is None or self.file.exists() or bool(left_behind(self.folder))

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

    def version(self) -> str | None:
        """The version of its tables; None when there are none. Makes and changes nothing.

        Raises:
            StrategiewijzerError: it cannot be read, or a later version of this program wrote it.
        """
        if self.file and not self.file.exists():
            return None
        try:
            with self.engine.connect() as connection:
                return known_version(connection, self.place)
        except SQLAlchemyError as error:
            raise self._failure("What is kept", error, writes=False) from None

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[Connection]:
        if self.folder is None and self.engine.dialect.name == "sqlite":
            with (
                self._turn,
                connected(self.engine, writes=writes) as connection,
                connection.begin(),
            ):
                yield connection
            return
        if self.file:
            keep_private(self.file)
        bring_up_to_date(self.engine, self.folder, only_files=True)
        with connected(self.engine, writes=writes) as connection, connection.begin():
            if is_current(connection, self.place):
                yield connection
                return
        bring_up_to_date(self.engine, self.folder)
        with connected(self.engine, writes=writes) as connection, connection.begin():
            yield connection

    def _failure(
        self, what: str, error: Exception, *, writes: bool, unsure: bool = False
    ) -> StrategiewijzerError:
        told = message(getattr(error, "orig", None) or error).strip()
        told = told.partition("\n")[0].rstrip(". ")
        if self.file and is_damaged(told):
            return StrategiewijzerError(
                f"{what} cannot be read or kept: {self.file} is damaged ({told}). Restore a backup "
                "with the app stopped: ./strategiewijzer restore FILE. Without one, move the file "
                "elsewhere and begin anew: what was kept in it is then gone."
            )
        if self.file:
            return StrategiewijzerError(
                f"{what} cannot be kept in {self.file}: {told}. Check that this program may write "
                "there and that the disk has room, then try again."
            )
        if not writes:
            kept = "cannot be read"
        elif unsure:
            kept = "may or may not have been kept, look before you do it again"
        else:
            kept = "was not kept"
        return StrategiewijzerError(
            f"{what} {kept}: {self.place} gave an error: {told}. Try again in a minute; if it "
            "stays, look at it with: ./strategiewijzer database check"
        )


def _server(url: str) -> Engine:
    from userdata.postgresql import postgresql_engine  # the driver, which most do not need

    return postgresql_engine(url)


def _is_lost(error: BaseException | None) -> bool:
    """Whether an error means that the connection is gone."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def database(settings: Settings) -> Database:
    """The database of these settings."""
    return _database(settings.data_dir, settings.database_url)


@functools.lru_cache(maxsize=16)  # one in use, and those of tests
def _database(data_dir: Path, url: SecretStr) -> Database:
    return Database(data_dir, url.get_secret_value())


# Brings the tables of a database up to date, and takes over the files of an earlier version.


VERSION_TABLE = "people_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Asked at every use, so not by the inspector of SQLAlchemy, which takes ten times as long.
_HAS_TABLES = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'people_version'",
    "postgresql": "SELECT 1 WHERE to_regclass('people_version') IS NOT NULL",
}
_turn = threading.Lock()  # Alembic keeps what it works on in a variable of its module


@functools.cache
def versions() -> tuple[str, ...]:
    """The versions of the tables, oldest first: numbers of four digits. As they are the names of
    the files, Alembic is loaded only to migrate."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(file.stem.partition("_")[0] for file in files))


def version_of(connection: Connection) -> str | None:
    """The version of a database's tables; None: it has none yet."""
    if connection.exec_driver_sql(_HAS_TABLES[connection.dialect.name]).first() is None:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM people_version").scalar()
    return None if found is None else str(found)


def is_current(connection: Connection, place: str) -> bool:
    """Whether the tables are those of this version of the program; arguments and errors as of
    `known_version`."""
    return known_version(connection, place) == versions()[-1]


def known_version(connection: Connection, place: str) -> str | None:
    """The version, as `version_of` gives it, if this program knows it.

    Args:
        connection: to the database.
        place: where it is, for messages.

    Raises:
        StrategiewijzerError: they are of a later one.
    """
    found, known = version_of(connection), versions()
    if found is not None and found not in known:
        raise StrategiewijzerError(
            f"{place} was written by a later version of this program (tables {found}, known until "
            f"{known[-1]}). Use that version, or restore the copy made before it was installed."
        )
    return found


def bring_up_to_date(engine: Engine, folder: Path | None, *, only_files: bool = False) -> None:
    """Migrates the tables and moves what is in files of an earlier version.

    Each file is locked first, and stays so until it is gone: nobody can write into it what would
    be lost, and nobody uses the database before its content is there. It is erased after the
    commit; whoever finds it after a crash in between takes it over again, which changes nothing.

    Args:
        engine: of the database.
        folder: of the files.
        only_files: does nothing where there is no file.
    """
    if only_files and not left_behind(folder):
        return
    with ExitStack() as stack:
        held = [stack.enter_context(locked(file)) for file in left_behind(folder)]
        files = [file for file in held if file]
        with (
            connected(engine, writes=True, rebuilds=True) as connection,
            connection.begin(),
        ):
            _migrate(connection)
            for file in files:
                file.copy_to(connection, known_tables())
            _check_references(connection)
        for file in files:
            file.erase()


def _migrate(connection: Connection) -> None:
    if is_current(connection, "The database"):
        return
    from alembic import command

    with _turn:
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> "Config":
    """Alembic's configuration, for a connection whose transaction the caller ends."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _check_references(connection: Connection) -> None:
    """SQLite does not look at foreign keys while tables are made anew."""
    if connection.dialect.name != "sqlite":
        return
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StrategiewijzerError(
            "The database was not brought up to date: a row would have lost the one it belongs to. "
            "Nothing was changed. Use the version of the program that you had."
        )


def known_tables() -> sqlalchemy.MetaData:
    """The tables of all modules that define some."""

    for name in _modules():
        importlib.import_module(name)
    return METADATA


def _modules() -> Iterator[str]:
    return (f"userdata.{found.name}" for found in pkgutil.iter_modules(userdata.__path__))


# Copies what was kept in the file of one machine to a server that several share.


_WHAT = "What is kept of people"
_COPIED = 1  # SQLite's user_version of a file that was copied to a server


def copy_to_server(settings: Settings) -> dict[str, int]:
    """Copies all rows of `people.sqlite` to the database of `database_url`, whole or not at all.

    Nobody can write to either meanwhile. The file stays, marked as copied (`was_copied`).

    Args:
        settings: which name both.

    Returns:
        How many rows of which table.

    Raises:
        SettingsError: no server is named.
        StrategiewijzerError: there is no file, the server keeps something already, or one of them
            cannot be used.
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
    """Whether this is a file that was copied to a server, where what people do since is kept.

    Raises:
        StrategiewijzerError: it cannot be read.
    """
    if not kept_in.file or not kept_in.version():
        return False
    with kept_in.engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA user_version").scalar() == _COPIED


def _copy(source: Connection, target: Connection, table: Table) -> int:
    rows = source.execution_options(yield_per=BATCH).execute(select(table)).mappings()
    for batch in rows.partitions():
        target.execute(table.insert(), [without_nul(dict(row)) for row in batch])
    return _size(target, table)


def _size(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
