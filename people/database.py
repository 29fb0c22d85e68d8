"""The database of what is kept of people: conversations, notes, feedback, keys, audit records,
what was asked.

It is one private SQLite file, `data_dir/people.sqlite`, or PostgreSQL where `database_url` is set.
Whoever uses it first brings its tables up to date (people/upgrade.py).
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.disk import is_damaged
from core.errors import StrategiewijzerError
from core.settings import Settings
from people.engines import connected, keep_private, message, sqlite_engine
from people.old_files import left_behind
from people.upgrade import bring_up_to_date, is_current, known_version

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
        """Where it is, for messages; without a password."""
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
        """What a function reads in one transaction. Errors as of `transaction`; a connection that
        is lost meanwhile is made anew, once."""
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
    from people.postgresql import postgresql_engine  # the driver, which most do not need

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
