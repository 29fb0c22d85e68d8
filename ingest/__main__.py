"""`python -m ingest`: one of the commands in `ingest/commands/`, or the sync itself."""

if __name__ == "__main__":
    from core.background import quiet_start

    quiet_start()  # before the imports, which take long

import sys
from collections.abc import Sequence

from core.background import end
from core.telemetry import observe
from ingest.commands import app


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code (0: success, 75: another run holds the lock, or
    1: a problem; both are reported on standard error)."""
    return app.run(arguments, "python -m ingest")


if __name__ == "__main__":
    observe()
    end(main(sys.argv[1:]))
