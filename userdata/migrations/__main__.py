"""`python -m userdata.migrations WHAT`: writes the migration to the tables as the code has them."""

import sys

import typer

from core.command_line import CommandLine
from userdata.database import alembic_config, sqlite_engine, transaction, versions

app = CommandLine()


@app.command()
def write(what: str = typer.Argument(help='What changes, such as "Keys for programs".')) -> None:
    """Writes the migration to the tables as the code has them."""
    from alembic import command

    with transaction(sqlite_engine(None), writes=True, rebuilds=True) as connection:
        config = alembic_config(connection)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        command.upgrade(config, "head")
        after = f"{len(versions()) + 1:04}"
        command.revision(config, message=what, autogenerate=True, rev_id=after)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], "python -m userdata.migrations"))
