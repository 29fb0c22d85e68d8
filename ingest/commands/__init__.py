"""Commands of `python -m ingest`: their list; each module is loaded once it is asked for."""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.main import get_command

from core.command_line import DEFAULT, CommandGroup, CommandLine

COMMANDS: Mapping[str, tuple[str, str]] = {
    DEFAULT: ("sync", "Bring the index in step with the source texts."),
    "fetch": ("fetch", "Get official texts from the Publications Office into documents/official/."),
    "status": ("generations", "Show the documents in use, and what the last run could not take."),
    "history": ("generations", "Show the kept generations, and what each changed."),
    "rollback": ("generations", "Put an earlier generation in use."),
    "publish": ("sync", "Publish the trial as it was tried, without embedding again."),
    "discard": ("generations", "Remove the trial; users never saw it."),
    "verify": ("generations", "Check the generation in use thoroughly."),
    "check-questions": ("questions", "Does every prepared question find its answer?"),
}
"""The module of each command, and the beginning of its help, which lists it."""


class _Commands(CommandGroup):
    """Lists all commands, and loads the module of the one that is asked for."""

    def find(self, name: str) -> Any:
        import_module(f"{__name__}.{COMMANDS[name][0]}")
        loaded: Any = get_command(app)
        return CommandGroup.find(loaded, name)


app = CommandLine("Stopped. The index is as it was before.", cls=_Commands)
for _name, (_, _help) in COMMANDS.items():  # until a module adds the command itself
    app.command(_name, help=_help)(lambda: None)


def print_json(value: object) -> None:
    """One line that its reader gets at once."""
    print(json.dumps(value), flush=True)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, of what happens a line each.")]
