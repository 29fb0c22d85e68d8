"""Long work in a process of its own, which closing a page or the app does not end."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import LockedError, StoreError
from core.settings import ROOT
from ui import jobs
from ui.jobs import Job

PRINTS = (
    "-c",
    "import sys; print('{\"event\": \"one\"}\\nno event\\n{'); sys.stderr.write('a word'); "
    "sys.exit(3)",
)
WAITS = ("-c", 'import time; print(\'{"event": "one"}\', flush=True); time.sleep(60)')


def ended(job: Job) -> Job:
    for _ in range(200):
        if job.state != "running":
            return job
        time.sleep(0.05)
    pytest.fail("the job does not end")


def test_a_job_is_on_record_with_all_it_told(tmp_path: Path) -> None:
    job = ended(jobs.start(tmp_path, "ingest", PRINTS, "Els"))
    assert (job.state, job.exit_code, job.by) == ("failed", 3, "Els")
    assert job.events() == job.recent() == [{"event": "one"}]
    assert job.heard >= job.started.replace(microsecond=0)
    assert job.errors() == "a word"
    assert jobs.listed(tmp_path, "ingest") == (job,)


def test_jobs_are_listed_in_the_order_in_which_they_were_started(tmp_path: Path) -> None:
    """Also when several are started within a second."""
    started = [ended(jobs.start(tmp_path, "ingest", ("-c", ""), by="")).id for _ in range(5)]
    assert [job.id for job in jobs.listed(tmp_path, "ingest")] == started
    assert jobs.latest(tmp_path, "ingest").id == started[-1]


def test_a_second_one_is_told_who_was_first_and_leaves_no_trace(tmp_path: Path) -> None:
    first = jobs.start(tmp_path, "ingest", WAITS, "Els")
    with pytest.raises(LockedError, match="by Els since"):
        jobs.start(tmp_path, "ingest", WAITS, "Jan")
    other = jobs.start(tmp_path, "eval", PRINTS, "Jan")  # another kind does not wait
    assert first.state == "running"
    assert jobs.listed(tmp_path, "ingest") == (first,)
    jobs.stop(first)
    assert ended(first).state == "stopped"
    jobs.stop(first)  # nothing happens
    assert ended(jobs.start(tmp_path, "ingest", PRINTS, "Jan")).state == "failed"
    assert ended(other).state == "failed"


def test_it_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from ui import jobs; "
        f"jobs.start(pathlib.Path(sys.argv[1]), 'ingest', {WAITS!r}, '')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=True)
    job = jobs.latest(tmp_path, "ingest")
    assert job is not None
    assert job.state == "running"
    with pytest.raises(LockedError):
        jobs.start(tmp_path, "ingest", PRINTS, "")
    jobs.stop(job)
    assert ended(job).state == "stopped"


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Nothing can be written"):
        jobs.start(tmp_path / "file", "ingest", PRINTS, "")
