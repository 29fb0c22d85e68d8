"""`python -m ingest import FILE`: put a generation from a file in use."""
# ruff: noqa: N999 - named as its command

from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.commands.progress import bar
from ingest.publishing.transfer import import_generation


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser("import")
    parser.add_argument("file", type=Path, metavar="FILE", help="what `export` wrote")
    options = parser.parse_args(arguments)
    with bar("Importing passages") as progress:
        made = import_generation(Settings(), options.file, progress)
    print(f"Generation {made} is in use. Go back with: python -m ingest rollback")
    return 0
