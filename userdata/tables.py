"""The tables of the database, and their versions."""

import functools
import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Connection

import userdata
from core.errors import StrategiewijzerError

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


def version_of(connection: Connection) -> str | None:
    """The version of a database's tables; None: it has none yet."""
    if connection.exec_driver_sql(_HAS_TABLES[connection.dialect.name]).first() is None:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM people_version").scalar()
    return None if found is None else str(found)


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


def alembic_config(connection: Connection) -> "Config":
    """Alembic's configuration, for a connection whose transaction the caller ends."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
