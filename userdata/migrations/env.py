"""Alembic's environment: runs the migrations in the transaction of whoever asked for them."""

from alembic import context

from userdata.database import VERSION_TABLE, known_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=known_tables(),
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()
