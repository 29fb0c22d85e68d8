"""`strategiewijzer COMMAND`, also `python -m command`: the packages' commands under one name.

What a command needs is imported when it runs, so that help and completion are quick.
"""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from command.user_data import audit, people

app = typer.Typer(
    help="Answers about the EU's Security Union strategies, with citations that can be checked.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print the values of variables
)
app.add_typer(people, name="people")
app.add_typer(audit, name="audit")

_WAIT = 5  # seconds between looks for the index that another makes in half a minute


class _HandsOn(TyperCommand):
    """A command whose arguments, --help among them, are for the parser of another main."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # of a private class
        ctx.args = list(args)
        return args


@app.command(cls=_HandsOn)
def ask(context: typer.Context) -> None:
    """Ask one question (python -m chain)."""
    from chain.__main__ import main
    from people.asked_questions import after_answers

    raise typer.Exit(main(context.args, after_answers))


@app.command(cls=_HandsOn)
def ingest(context: typer.Context) -> None:
    """Bring the index in step with the source texts, show it, go back (python -m ingest)."""
    from ingest.__main__ import main

    raise typer.Exit(main(context.args))


@app.command(cls=_HandsOn)
def fetch(context: typer.Context) -> None:
    """Get official texts from the Publications Office (python -m ingest fetch)."""
    from ingest.__main__ import main

    raise typer.Exit(main(["fetch", *context.args]))


@app.command("eval", cls=_HandsOn)
def evaluate(context: typer.Context) -> None:
    """Ask the question set, compare runs, accept one (python -m eval)."""
    from eval.__main__ import main

    raise typer.Exit(main(context.args))


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8501,
) -> None:
    """Serve the pages in the browser; builds the index where there is none (make chat)."""
    from core.settings import ROOT
    from ingest.__main__ import BUSY, main

    os.chdir(ROOT)  # where Streamlit finds its configuration
    # A document that cannot be taken is told, and the others are served all the same. Of replicas
    # that start together one makes the index, and the others wait for it.
    while not (indexed := _is_indexed()) and main([]) == BUSY:
        time.sleep(_WAIT)
    if not (indexed or _is_indexed()):
        raise typer.Exit(1)
    streamlit = ["-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *streamlit])  # noqa: S606 - signals reach the server


def _is_indexed() -> bool:
    from core.errors import StrategiewijzerError
    from core.settings import Settings
    from vectorstore.generations import Generations

    try:
        return bool(Generations(Settings()).current().manifest)
    except StrategiewijzerError:
        return False


@app.command(cls=_HandsOn)
def keys(context: typer.Context) -> None:
    """Make, list and revoke the keys of programs that use the API (docs/api.md)."""
    from command.keys import app as of_keys

    of_keys(context.args, prog_name="strategiewijzer keys")


@app.command()
def mcp() -> None:
    """Serve the assistant to a program of this machine over MCP (docs/clients.md)."""
    from command.mcp_stdio import run

    run()


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check settings, folders, embedder, index and servers; say how to mend what fails."""
    from command.doctor import run

    raise typer.Exit(run(as_json=as_json))


@app.command()
def database(
    action: Annotated[Literal["check", "upgrade", "copy"], typer.Argument(help="What to do.")],
) -> None:
    """Say whether the database of conversations and feedback is up to date, or bring it there; copy
    what this machine kept to the server of STRATEGIEWIJZER_DATABASE_URL.

    The program upgrades by itself at its first use; this is for whoever wants it done before.
    """
    from command.schema import run

    raise typer.Exit(run(action))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
) -> None:
    """Back up data folder, documents and index in one verified file, while the app runs."""
    from command.backup import backup_to

    raise typer.Exit(backup_to(file))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Put aside what is there now.")] = False,
) -> None:
    """Put a backup in place of what is there, whole or not at all; stop the app before."""
    from command.backup import restore_from

    raise typer.Exit(restore_from(file, yes=yes))


def main() -> None:
    from core.telemetry import observe

    observe()
    app(prog_name="strategiewijzer")


if __name__ == "__main__":
    main()
