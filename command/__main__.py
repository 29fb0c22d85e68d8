"""`strategiewijzer COMMAND`, also `python -m command`: the packages' commands under one name.

What a command needs is imported when it runs, so that help and completion are quick.
"""

if __name__ == "__main__":
    from core.background import quiet_start

    quiet_start()  # before the imports, which take long

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from core.background import INTERRUPTED, end
from core.command_line import BUSY, CommandGroup, CommandLine, flag, option

_ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "ask": ("chain.__main__ app", "Ask one question (python -m chain)."),
    "ingest": ("ingest.__main__ app", "Bring the index in step with the source texts, go back."),
    "fetch": ("ingest.__main__ app fetch", "Get official texts from the Publications Office."),
    "eval": ("eval.__main__ app", "Ask the question set, compare runs, accept one."),
    "keys": ("command.database keys", "Make, list and revoke the keys of other programs."),
    "people": ("command.database people", "List, export and erase what is kept of people."),
    "audit": ("command.database audit", "Export and verify the record of every answer."),
    "database": ("command.database database", "Upgrade the database, or copy it to a server."),
}
"""Commands of other modules: their module, command line and name there; their help."""
_WAIT = 5  # seconds between looks for the index that another makes in half a minute


class _Commands(CommandGroup):
    """Loads a command of another module once it is asked for."""

    def __init__(self, *, commands: Mapping[str, Any], **given: Any) -> None:
        elsewhere = {name: TyperCommand(name, help=text) for name, (_, text) in _ELSEWHERE.items()}
        super().__init__(commands={**elsewhere, **commands}, **given)

    def find(self, name: str) -> Any:
        if name not in _ELSEWHERE:
            return super().find(name)
        place, text = _ELSEWHERE[name]
        module, line, *inside = place.split()
        command: Any = get_command(getattr(import_module(module), line))
        for inner in inside:
            command = command.find(inner)
        command.help = command.help or text
        return command


def _keeping(settings: Any) -> Any:
    """`userdata.personal_data.after_answers`, for `ask`."""
    from userdata.personal_data import after_answers

    return after_answers(settings)


app = CommandLine(
    cls=_Commands,
    help="Answers about the EU's Security Union strategies, with citations that can be checked.",
    no_args_is_help=True,
    add_completion=True,
    context_settings={"obj": _keeping},
)


@app.command()
def serve(port: int = typer.Option(8501, min=1, max=65535, help="Port of the pages.")) -> int:
    """Serve the pages in the browser. Builds the index where there is none (make chat)."""
    from core.settings import ROOT
    from ingest.__main__ import main

    os.chdir(ROOT)  # where Streamlit finds its configuration
    # A document that cannot be taken is reported, and the others are served. Of replicas
    # that start together one makes the index, and the others wait for it.
    code = BUSY
    while code == BUSY and not _is_indexed():
        if (code := main([])) == BUSY:
            time.sleep(_WAIT)
    if code == INTERRUPTED or not _is_indexed():
        return max(code, 1)
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


@app.command()
def mcp() -> None:
    """Serve a program of this machine over MCP (docs/clients.md)."""
    from api.key_access import Caller
    from api.mcp_tools import mcp_server
    from api.service import Service
    from chain.assistant import CurrentAssistant
    from core.background import begin, quiet_start
    from core.errors import StrategiewijzerError
    from core.files import in_use
    from core.settings import current

    quiet_start()  # the SDK's thread that reads standard input cannot be interrupted
    assistant = CurrentAssistant(_keeping)

    def warm_up() -> None:
        with suppress(StrategiewijzerError):  # whoever asks gets the error
            assistant().warm_up()

    begin(warm_up, "warm-up")
    service = Service(assistant, current, readers=2)  # one program asks
    with in_use(current().data_dir):
        mcp_server(service, Caller("local", ("ask", "read"))).run("stdio")


@app.command()
def doctor(as_json: bool = flag("--json", "Print the findings as JSON.")) -> int:
    """Check settings, folders, embedder, index and servers. Says how to mend what fails."""
    from command.doctor import run

    return run(as_json=as_json)


@app.command()
def questions(
    document: str = typer.Argument(..., help="Key or id, as `ingest status` lists it."),
    to: Path | None = option(None, "FILE", "Ask, and write them here; else only say the cost."),
    limit: int = option(200, "N", "Calls at most.", min=1),
) -> int:
    """Have the language model write prepared questions about a document, for a person to read."""
    from command.questions import write_questions

    return write_questions(document, to, limit)


@app.command()
def backup(file: Path = typer.Argument(..., help="Where to write it.")) -> None:
    """Back up all that is kept in one verified file. The app may run meanwhile."""
    from command.backup import backup_to

    backup_to(file)


@app.command()
def restore(
    file: Path = typer.Argument(..., help="What `backup` wrote."),
    yes: bool = flag("--yes", "Put aside what is there now."),
) -> None:
    """Put a backup in place of what is there. It is restored whole or not at all; stop the app
    before."""
    from command.backup import restore_from

    restore_from(file, yes=yes)


def main() -> None:
    from core.telemetry import observe

    observe()
    end(app.run(sys.argv[1:], "strategiewijzer"))


if __name__ == "__main__":
    main()
