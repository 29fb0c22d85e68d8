"""`python -m ingest verify`: is the generation in use whole?"""

from collections.abc import Sequence

from core.settings import Settings
from ingest.check import check
from ingest.commands.parser import command_parser
from vectorstore.generations import Generations


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    command_parser("verify").parse_args(arguments)
    settings = Settings()
    current = Generations(settings).current()
    check(current, settings)
    manifest = current.manifest
    print(
        f"Generation {current.id} is whole: {len(manifest.documents)} documents, "
        f"{manifest.passages} passages, {manifest.units} units."
    )
    return 0
