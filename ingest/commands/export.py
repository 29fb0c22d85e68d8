"""`python -m ingest export FILE`: a generation as one file."""

from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.commands.progress import bar
from ingest.publishing.transfer import export_generation


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser("export")
    parser.add_argument("file", type=Path, metavar="FILE", help="where to write it")
    parser.add_argument("--generation", metavar="ID", help="default: the one in use")
    options = parser.parse_args(arguments)
    with bar("Exporting passages") as progress:
        written = export_generation(Settings(), options.file, options.generation, progress)
    size = options.file.stat().st_size / 1e6
    print(f"Generation {written} is in {options.file} ({size:.1f} MB).")
    return 0
