"""`python -m ingest rollback [GENERATION]`: put an earlier generation in use."""

from collections.abc import Sequence

from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.publishing.lock import writing
from vectorstore.generations import Generations


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser("rollback")
    parser.add_argument("generation", nargs="?", help="default: the one before the one in use")
    options = parser.parse_args(arguments)
    settings = Settings()
    with writing(settings) as lease:
        now = Generations(settings, lease).rollback(options.generation)
    print(f"Generation {now} is in use. The next ingest follows the source texts again.")
    return 0
