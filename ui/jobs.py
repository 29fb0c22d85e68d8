"""Long work that goes on when its page is closed: a command line of ours in a process of its own.

data_dir/jobs/
    ingest.lock            held while a job of this kind is being started
    ingest/                a kind of job, of which one runs at a time
        20261125T101500.123456/ one job, named for its start (UTC)
            job.json       who started what, and its process
            events.jsonl   what the command prints: a JSON object a line; locked while it runs
            errors.txt     its error output
            ended          its exit code; missing while it runs and when it was stopped

A job locks the file that it prints to, which all of its processes have open. The system frees it
when the last of them ends, however that happens; whoever looks shares the lock, so looking is never
taken for running. Files appear whole or not at all. The last `KEPT` jobs of a kind are kept.
"""

import datetime
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from core.errors import LockedError, StoreError
from core.files import make_private
from core.settings import ROOT, environment_of_jobs
from userdata.personal_data import StartedJob, is_running

JobKind = Literal["ingest", "eval"]
JobState = Literal["running", "done", "failed", "stopped"]

KEPT = 100  # jobs of a kind: months of work, and few enough to look through at every run
_PATIENCE = 5.0  # seconds for processes to end on a busy machine; meanwhile the page stands still

# Runs a command and keeps its exit code in the file that is named first.
_RUN_AND_KEEP = """
import pathlib, subprocess, sys
code = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
ended = pathlib.Path(sys.argv[1])
ended.with_suffix(".part").write_text(str(code))
ended.with_suffix(".part").replace(ended)
"""


class Job(StartedJob, frozen=True):
    """A job that was started. `arguments` are those of `python`: ("-m", "ingest", "--json"); `by`
    is empty without sign-in."""

    kind: JobKind
    process: int
    folder: Path

    @property
    def state(self) -> JobState:
        if _runs(self.folder):
            return "running"
        code = _read(self.folder / "ended")
        return "stopped" if not code else "done" if code == "0" else "failed"

    def events(self, last: int | None = None) -> list[dict[str, Any]]:
        """The events that the command has printed so far, or in its last so many bytes; a line that
        is still being written is left out, and what is no JSON object."""
        found = []
        for line in _read(self.folder / "events.jsonl", last).split("\n")[:-1]:
            with suppress(ValueError):
                found.append(json.loads(line))
        return [event for event in found if isinstance(event, dict)]

    def errors(self) -> str:
        """The command's error output."""
        return _read(self.folder / "errors.txt")


def start(data_dir: Path, kind: JobKind, arguments: Sequence[str], by: str) -> Job:
    """Starts a job; it goes on when this process ends.

    Raises:
        LockedError: one of this kind is running, which is the latest.
        SettingsError: a setting is wrong by now.
        StoreError: nothing can be written in the data folder.
    """
    jobs = data_dir / "jobs"
    try:
        make_private(jobs / kind)
        with (jobs / f"{kind}.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # nobody else starts a job meanwhile
            folders = sorted((jobs / kind).iterdir())
            if any(map(_runs, folders)):
                raise LockedError("This is being done already. Wait until it is done, or stop it.")
            for old in folders[: len(folders) + 1 - KEPT]:
                shutil.rmtree(old, ignore_errors=True)
            return _start(jobs / kind, kind, arguments, by)
    except OSError as error:
        raise StoreError(
            f"Nothing can be written in {jobs}: {error}. Check that this program may write there "
            "and that the disk has room."
        ) from error


def _start(jobs: Path, kind: JobKind, arguments: Sequence[str], by: str) -> Job:
    now = datetime.datetime.now(datetime.UTC)  # names are in the order of the jobs
    folder = jobs / f"{now:%Y%m%dT%H%M%S.%f}"
    folder.mkdir()
    command = [sys.executable, "-c", _RUN_AND_KEEP, str(folder / "ended")]
    with open(folder / "events.jsonl", "w") as out, open(folder / "errors.txt", "w") as err:
        fcntl.flock(out, fcntl.LOCK_EX)
        process = subprocess.Popen(  # noqa: S603 - the command is ours, no shell reads it
            [*command, sys.executable, *arguments],
            cwd=ROOT,
            env=environment_of_jobs(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,  # Ctrl-C in the app's terminal does not end it
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
    part = folder / "job.part"
    try:
        part.write_text(job.model_dump_json(exclude={"folder"}), "utf-8")
        part.replace(folder / "job.json")
    except OSError:  # nobody would see it run
        _kill(process.pid)
        raise
    return job


def newest_first(data_dir: Path, kind: JobKind) -> Iterator[Job]:
    """The jobs of a kind that are on record; each is read when it is asked for."""
    for file in sorted((data_dir / "jobs" / kind).glob("*/job.json"), reverse=True):
        if text := _read(file):  # empty where the job is no longer on record
            yield Job.model_validate({**json.loads(text), "folder": file.parent})


def latest(data_dir: Path, kind: JobKind) -> Job | None:
    return next(newest_first(data_dir, kind), None)


def stop(job: Job) -> None:
    """Ends a job that runs, with all its processes; nothing happens to one that has ended.

    On a busy machine they may take a moment to end, for which this waits.
    """
    if job.state == "running":
        _kill(job.process)
    until = time.monotonic() + _PATIENCE
    while _runs(job.folder) and time.monotonic() < until:
        time.sleep(0.01)


def _kill(process: int) -> None:
    """Ends a process and all that it began; one that has just ended is left in peace."""
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def _runs(folder: Path) -> bool:
    with suppress(OSError):
        return is_running(folder)
    return False


def _read(file: Path, last: int | None = None) -> str:
    """The text of a file, or of its last so many bytes; empty when it cannot be read."""
    try:
        with file.open("rb") as opened:
            if last is not None:
                opened.seek(max(0, file.stat().st_size - last))
            return opened.read().decode("utf-8", "replace")
    except OSError:
        return ""
