"""Fewer processes for the tests of a page that starts many: each that imports what we import costs
seconds of the processor. What is the same in any process is done here, or in one that stays."""

import io
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.passages.isolated import Loader
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


@contextmanager
def one_worker() -> Iterator[None]:
    """All files are read by one worker (`ingest.passages.isolated`) for each set of limits."""
    workers: dict[tuple[object, ...], subprocess.Popen[str]] = {}
    start, stop = Loader._start, Loader._stop

    def find(loader: Loader) -> subprocess.Popen[str]:
        given = vars(loader)
        limits = tuple(
            given[name] for name in sorted(given) if name not in ("_worker", "_data_dir")
        )
        if limits not in workers or workers[limits].poll() is not None:
            workers[limits] = start(loader)
        loader._worker = workers[limits]
        return workers[limits]

    def leave(loader: Loader, patience: float = 0) -> int:
        if patience:  # it has ended, or hangs
            return stop(loader, patience)
        loader._worker = None
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loader, "_start", find)
        patch.setattr(Loader, "_stop", leave)
        yield
    for worker in workers.values():
        with worker:
            worker.kill()
