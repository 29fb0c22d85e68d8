"""`python -m ingest`: one of the commands in `ingest/commands/`, or the sync itself."""

import sys
from collections.abc import Sequence
from importlib import import_module

from core.errors import StrategiewijzerError
from core.observing import observe

_COMMANDS = ("fetch", "status", "history", "rollback", "discard", "verify", "export", "import")


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code (0: success, 1: a problem reported on standard
    error)."""
    command, rest = "sync", arguments
    if arguments and arguments[0] in _COMMANDS:
        command, *rest = arguments
    try:
        return int(import_module(f"ingest.commands.{command}").main(rest))
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The index is as it was before.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    observe()
    sys.exit(main(sys.argv[1:]))
