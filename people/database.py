"""The database of what is kept of people: conversations, notes, feedback, keys, audit records."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from core.disk import make_private
from core.errors import StrategiewijzerError
from core.settings import Settings

FILE = "people.sqlite"
METADATA = sqlalchemy.MetaData()
"""The tables; each is defined in the module that reads and writes it."""


class Database:
    """One database, of which every use is one transaction.

    Args:
        path: of the SQLite file.
    """

    def __init__(self, path: Path) -> None:
        make_private(path.parent)
        self._engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        METADATA.create_all(self._engine)

    @contextmanager
    def transaction(self, what: str) -> Iterator[sqlalchemy.Connection]:
        """Reads and writes of the block are stored whole or not at all.

        Args:
            what: is kept, for messages: "Feedback".

        Raises:
            StrategiewijzerError: it cannot be read or written; what was kept before stays.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StrategiewijzerError(f"{what} cannot be kept: {error}") from error


def database(settings: Settings) -> Database:
    """The database of these settings."""
    return _database(settings.data_dir)


@functools.cache
def _database(data_dir: Path) -> Database:
    return Database(data_dir / FILE)
