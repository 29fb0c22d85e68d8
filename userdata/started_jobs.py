"""Who started jobs: the identifier in data_dir/jobs/KIND/JOB/job.json; ui/jobs.py has the rest.

What changes a file raises StoreError when it cannot.
"""

import datetime
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import AwareDatetime, BaseModel

from core.errors import StoreError
from core.files import is_locked
from userdata.conversation import now


class StartedJob(BaseModel, frozen=True):
    """The facts in a job's file: who started it, when, and to do what."""

    id: str
    kind: str
    arguments: tuple[str, ...]
    by: str
    started: AwareDatetime


def started_jobs(data_dir: Path) -> tuple[StartedJob, ...]:
    """The jobs on record, oldest first of each kind."""
    return tuple(job for _, job in _found(data_dir))


def forget_starter(data_dir: Path, user: str) -> None:
    """Takes the identifier of a user from the jobs that he or she started."""
    mine = [folder for folder, job in _found(data_dir) if job.by == user]
    try:
        for folder in mine:
            facts = json.loads((folder / "job.json").read_text("utf-8"))
            part = folder / "anonymous.part"
            part.write_text(json.dumps({**facts, "by": ""}), "utf-8")
            part.replace(folder / "job.json")
    except OSError as error:
        raise _not_written(data_dir, error) from error


def forget_old_jobs(data_dir: Path, days: int) -> int:
    """Removes what is kept of jobs that ended and were started longer ago; returns how many."""
    oldest = now() - datetime.timedelta(days=days)
    old = [folder for folder, job in _found(data_dir) if job.started < oldest]
    try:
        gone = [folder for folder in old if not is_running(folder)]
        for folder in gone:
            with suppress(FileNotFoundError):  # another process removes it as well
                shutil.rmtree(folder)
    except OSError as error:
        raise _not_written(data_dir, error) from error
    return len(gone)


def _found(data_dir: Path) -> Iterator[tuple[Path, StartedJob]]:
    """The jobs with their folders; one that is being removed or is not ours is left out."""
    for file in sorted((data_dir / "jobs").glob("*/*/job.json")):
        try:
            yield file.parent, StartedJob.model_validate_json(file.read_bytes())
        except (OSError, ValueError):
            continue


def is_running(job: Path) -> bool:
    """Whether the command of the job in this folder has not ended and a process of it is there."""
    try:
        return not (job / "ended").exists() and is_locked(job / "events.jsonl")
    except FileNotFoundError:
        return False


def _not_written(data_dir: Path, error: OSError) -> StoreError:
    return StoreError(
        f"What is kept of jobs in {data_dir / 'jobs'} cannot be changed: {error}. Check that this "
        "program may write there, then try again."
    )
