"""`python -m ingest`: one of the commands in `ingest/commands/`, or the sync itself."""

import sys
from collections.abc import Sequence
from importlib import import_module

from core.errors import LockedError, StrategiewijzerError
from core.telemetry import observe

_COMMANDS = (
    *("fetch", "status", "history", "rollback", "discard", "verify", "export", "import"),
    *("check-questions", "questions"),
)

BUSY = 75
"""Exit code when another run holds the lock: EX_TEMPFAIL of sysexits.h, try again later."""


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code (0: success, BUSY, or 1: a problem; both are
    reported on standard error)."""
    command, rest = "sync", arguments
    if arguments and arguments[0] in _COMMANDS:
        command, *rest = arguments
    try:
        return int(import_module(f"ingest.commands.{command.replace('-', '_')}").main(rest))
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return BUSY if isinstance(error, LockedError) else 1
    except KeyboardInterrupt:
        print("Stopped. The index is as it was before.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    observe()
    sys.exit(main(sys.argv[1:]))
