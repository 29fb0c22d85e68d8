"""Long work that goes on when its page is closed: a command line of ours in a process of its own.

data_dir/jobs/
    ingest.lock            held by the process tree of the job that runs
    ingest/                a kind of job, of which one runs at a time
        20261125T101500-3f2a/   one job, named for its start (UTC)
            job.json       who started what, and its process
            events.jsonl   what the command printed: a JSON object a line
            errors.txt     what it said beside that
            ended          its exit code; missing while it runs and when it was stopped

The lock is made before the process is, which inherits it; the system frees it when the last process
that has it ends, however that happens. So of two people who start a job one is told who was first.
"""

import datetime
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

from core.errors import LockedError, StoreError
from core.settings import ROOT
from core.types import Frozen

Kind = Literal["ingest", "eval"]
State = Literal["running", "done", "failed", "stopped"]

_RECENT = 100_000  # bytes

# Runs a command and keeps its exit code in the file that is named first.
_RUN_AND_KEEP = """
import pathlib, subprocess, sys
code = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
pathlib.Path(sys.argv[1]).write_text(str(code))
"""


class Job(Frozen):
    """A job that was started. `arguments` are those of `python`: ("-m", "ingest", "--json")."""

    id: str
    kind: Kind
    arguments: tuple[str, ...]
    by: str  # the user's name; empty without sign-in
    started: datetime.datetime
    process: int
    folder: Path

    @property
    def state(self) -> State:
        if (self.folder / "ended").is_file():
            return "done" if self.exit_code == 0 else "failed"
        data_dir = self.folder.parents[2]
        with _lock(data_dir / "jobs", self.kind) as free:
            if free is None and latest(data_dir, self.kind) == self:
                return "running"
        return "done" if self.exit_code == 0 else "stopped"  # it may have ended just now

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and when it was stopped."""
        try:
            return int((self.folder / "ended").read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def events(self) -> list[dict[str, Any]]:
        """What the command has printed so far; a line that is still being written is left out."""
        return _events(_read(self.folder / "events.jsonl"))

    def recent(self) -> list[dict[str, Any]]:
        """As `events`, but only the last of them: enough to see how far it is, however long it
        runs."""
        return _events(_read(self.folder / "events.jsonl", last=_RECENT))

    @property
    def heard(self) -> datetime.datetime:
        """When the command last said something."""
        files = (self.folder / "events.jsonl", self.folder / "errors.txt")
        last = max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)
        return datetime.datetime.fromtimestamp(last, datetime.UTC)

    def errors(self) -> str:
        """What the command has said beside its events."""
        return _read(self.folder / "errors.txt")


def start(data_dir: Path, kind: Kind, arguments: Sequence[str], by: str) -> Job:
    """Starts a job; it goes on when this process ends.

    Raises:
        LockedError: one of this kind is running; the message says whose.
        StoreError: nothing can be written in the data folder.
    """
    jobs = data_dir / "jobs"
    try:
        jobs.mkdir(parents=True, exist_ok=True)
        with _lock(jobs, kind, patience=1.0) as free:
            if free is None:
                raise LockedError(_busy(latest(data_dir, kind)))
            now = datetime.datetime.now(datetime.UTC)  # names are in the order of the jobs
            folder = jobs / kind / f"{now:%Y%m%dT%H%M%S.%f}"
            folder.mkdir(parents=True)
            command = [sys.executable, "-c", _RUN_AND_KEEP, str(folder / "ended")]
            with open(folder / "events.jsonl", "w") as out, open(folder / "errors.txt", "w") as err:
                process = subprocess.Popen(  # noqa: S603 - the command is ours, no shell reads it
                    [*command, sys.executable, *arguments],
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,  # Ctrl-C in the app's terminal does not end it
                    pass_fds=(free.fileno(),),
                )
            job = Job(
                id=folder.name,
                kind=kind,
                arguments=tuple(arguments),
                by=by,
                started=now,
                process=process.pid,
                folder=folder,
            )
            (folder / "job.json").write_text(job.model_dump_json(exclude={"folder"}), "utf-8")
    except OSError as error:
        raise StoreError(
            f"Nothing can be written in {jobs}: {error}. Check that this program may write there "
            "and that the disk has room."
        ) from error
    return job


def listed(data_dir: Path, kind: Kind) -> tuple[Job, ...]:
    """All jobs of a kind that are on record, oldest first."""
    return tuple(newest_first(data_dir, kind))[::-1]


def newest_first(data_dir: Path, kind: Kind) -> Iterator[Job]:
    """The jobs of a kind that are on record; each is read when it is asked for."""
    for file in sorted((data_dir / "jobs" / kind).glob("*/job.json"), reverse=True):
        if text := _read(file):
            yield Job.model_validate({**json.loads(text), "folder": file.parent})


def latest(data_dir: Path, kind: Kind) -> Job | None:
    return next(newest_first(data_dir, kind), None)


def stop(job: Job) -> None:
    """Ends a job that runs, with all its processes; nothing happens to one that has ended."""
    if job.state == "running":
        os.killpg(job.process, signal.SIGKILL)


@contextmanager
def _lock(jobs: Path, kind: Kind, patience: float = 0.0) -> Iterator[IO[str] | None]:
    """The open file that holds the lock of a kind of job; None when a job holds it.

    Who only looks whether a job runs holds it for an instant: `patience` (seconds) outlasts that.
    """
    with (jobs / f"{kind}.lock").open("a") as file:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < until:
                    time.sleep(0.05)
                    continue
                yield None
            else:
                yield file
            return


def _busy(job: Job | None) -> str:
    who = f" by {job.by}" if job and job.by else ""
    since = f" since {job.started:%Y-%m-%d %H:%M} (UTC)" if job else ""
    return f"This is being done already{who}{since}. Wait until it is done, or stop it."


def _events(text: str) -> list[dict[str, Any]]:
    """The whole lines that are JSON objects; what else a command prints is left out."""
    found = []
    for line in text.split("\n")[:-1]:
        with suppress(ValueError):
            found.append(json.loads(line))
    return [event for event in found if isinstance(event, dict)]


def _read(file: Path, last: int | None = None) -> str:
    """The text of a file, or of its last so many bytes; empty when it cannot be read."""
    try:
        with file.open("rb") as opened:
            if last is not None:
                opened.seek(max(0, file.stat().st_size - last))
            return opened.read().decode("utf-8", "replace")
    except OSError:
        return ""
