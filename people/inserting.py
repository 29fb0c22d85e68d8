"""An INSERT for both kinds of database, which have their own words for a key that is there."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(
    connection: Connection, table: Table, *, replace: bool = True
) -> sqlite.Insert | postgresql.Insert:
    """Inserts rows, each in place of the one with its key; or only those whose key is new."""
    made = _INSERT[connection.dialect.name](table)
    if not replace:
        return made.on_conflict_do_nothing()
    others = {
        column.name: made.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return made.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
