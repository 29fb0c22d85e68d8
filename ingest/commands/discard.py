"""`python -m ingest discard`: drop what `--trial` built; readers never saw it."""

from collections.abc import Sequence

from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.publishing.lock import writing
from vectorstore.generations import Generations
from vectorstore.store import tidy


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    command_parser("discard").parse_args(arguments)
    settings = Settings()
    with writing(settings) as lease:
        generations = Generations(settings, lease)
        there = generations.pointer().trial
        generations.discard()
        tidy(settings, generations)
    print(f"Discarded {there}." if there else "There was nothing to discard.")
    return 0
