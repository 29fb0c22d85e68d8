"""Commands of `python -m ingest`; each module adds its own to `app`."""

from typing import Annotated

import typer

from core.command_line import CommandLine

app = CommandLine("Stopped. The index is as it was before.")

AsJson = Annotated[bool, typer.Option("--json", help="Print what happens as lines of JSON.")]
