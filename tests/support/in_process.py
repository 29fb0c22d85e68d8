"""Fewer processes for the tests of a page that starts many: each that imports what we import costs
seconds of the processor."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from ingest.__main__ import main
from ui import jobs

start_apart = jobs.start
"""As the app does it: the command in a process of its own."""

# All that the job's own process does: it says what the command said.
_SAYS = """
import sys
sys.stdout.write({out!r})
sys.stderr.write({err!r})
sys.exit({code})
"""


def start_here(data_dir: Path, kind: jobs.JobKind, arguments: Sequence[str], by: str) -> jobs.Job:
    """As `jobs.start`, but `python -m ingest ...` runs here, and has ended when this returns."""
    last = jobs.latest(data_dir, kind)
    if tuple(arguments[:2]) != ("-m", "ingest") or (last and last.state == "running"):
        return start_apart(data_dir, kind, arguments, by)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments[2:])
    program = _SAYS.format(out=out.getvalue(), err=err.getvalue(), code=code)
    return start_apart(data_dir, kind, ("-c", program, *arguments[2:]), by)
