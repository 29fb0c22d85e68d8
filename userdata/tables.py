"""The tables of the database: their version, and the upgrade to that of this program."""

import functools
import importlib
import pkgutil
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Connection, Engine

import userdata
from core.errors import StrategiewijzerError
from userdata.earlier_files import left_behind, locked
from userdata.engines import connected

if TYPE_CHECKING:
    from alembic.config import Config

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
        with connected(engine, writes=True, rebuilds=True) as connection, connection.begin():
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
    for module in pkgutil.iter_modules(userdata.__path__):
        importlib.import_module(f"userdata.{module.name}")
    return METADATA
