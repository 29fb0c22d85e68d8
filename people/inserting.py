"""An INSERT for both kinds of database, which have their own words for a key that is there."""

import functools
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

BATCH = 200
"""Rows held in memory at once where many are moved: an answer with its passages is some 50 kB."""


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
