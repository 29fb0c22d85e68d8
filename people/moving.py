"""Copies what was kept in the file of one machine to a server that several share."""

from sqlalchemy import Connection, Table, func, select

from core.errors import SettingsError, StrategiewijzerError
from core.settings import Settings
from people.database import Database, database
from people.inserting import BATCH, without_nul
from people.upgrade import known_tables

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
