"""`python -m people.migrations WHAT`: writes the migration to the tables as the code has them."""

import argparse

from people.database import alembic_config, versions
from people.engines import connected, sqlite_engine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m people.migrations", description=__doc__)
    parser.add_argument("what", help='what changes, such as "Keys for programs"')
    what = parser.parse_args().what
    from alembic import command

    with connected(sqlite_engine(None), writes=True, rebuilds=True) as connection:
        config = alembic_config(connection)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        connection.begin()
        command.upgrade(config, "head")
        after = f"{len(versions()) + 1:04}"
        command.revision(config, message=what, autogenerate=True, rev_id=after)


if __name__ == "__main__":
    main()
