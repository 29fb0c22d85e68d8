"""The database of what is kept of people: its transactions, and its copy on a server."""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Executable, Row, Table, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import SettingsError, StrategiewijzerError
from core.files import is_damaged
from core.settings import Settings
from userdata.earlier_files import left_behind
from userdata.engines import BATCH, connected, keep_private, message, sqlite_engine, without_nul
from userdata.tables import METADATA, bring_up_to_date, is_current, known_tables, known_version

FILE = "people.sqlite"

_WHAT = "What is kept of people"
_COPIED = 1  # SQLite's user_version of a file that was copied to a server

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
        if not writes:
            kept = "cannot be read"
        elif unsure:
            kept = "may or may not have been kept, look before you do it again"
        else:
            kept = "was not kept"
        return StrategiewijzerError(
            f"{what} {kept}: {self.place} gave an error: {reason}. Try again in a minute; if it "
            "stays, look at it with: ./strategiewijzer doctor"
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
