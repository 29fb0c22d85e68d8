"""Long work in a process of its own, which closing a page or the app does not end."""

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import LockedError, StoreError
from core.settings import ROOT, Settings, current
from tests.support.waiting import RUNS_ON, until
from ui import jobs
from ui.jobs import Job

PRINTS = (
    "-c",
    "import sys; print('{\"event\": \"one\"}\\nno event\\n{'); sys.stderr.write('a word'); "
    "sys.exit(3)",
)
WAITS = ("-c", f'print(\'{{"event": "one"}}\', flush=True); {RUNS_ON}')


def ended(job: Job) -> Job:
    until(lambda: job.state != "running", "the job has ended", told=job.errors)
    return job


def reap(job: Job) -> None:
    """Waits until the process of a job is gone; subprocess may have taken note of that already."""
    with suppress(ChildProcessError):
        os.waitpid(job.process, 0)


def test_a_job_is_on_record_with_all_it_told(tmp_path: Path) -> None:
    job = ended(jobs.start(tmp_path, "ingest", PRINTS, "Els"))
    assert (job.state, job.by) == ("failed", "Els")
    assert job.events() == job.events(last=1000) == [{"event": "one"}]
    assert job.errors() == "a word"
    assert [*jobs.newest_first(tmp_path, "ingest")] == [job]
    assert stat.S_IMODE((tmp_path / "jobs").stat().st_mode) == 0o700  # for its owner alone


def test_a_second_one_is_told_that_another_was_first_and_leaves_no_trace(tmp_path: Path) -> None:
    first = jobs.start(tmp_path, "ingest", WAITS, "Els")
    with pytest.raises(LockedError, match="already"):
        jobs.start(tmp_path, "ingest", WAITS, "Jan")
    other = jobs.start(tmp_path, "eval", PRINTS, "Jan")  # another kind does not wait
    assert first.state == "running"
    assert [*jobs.newest_first(tmp_path, "ingest")] == [first]
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
    assert job.state == "running"
    with pytest.raises(LockedError):
        jobs.start(tmp_path, "ingest", PRINTS, "")
    jobs.stop(job)
    assert ended(job).state == "stopped"


def test_a_command_that_lost_its_wrapper_still_runs_and_can_be_stopped(tmp_path: Path) -> None:
    job = jobs.start(tmp_path, "ingest", WAITS, "")
    until(job.events, "the command itself has begun")
    os.kill(job.process, signal.SIGKILL)
    reap(job)
    assert job.state == "running"
    with pytest.raises(LockedError):
        jobs.start(tmp_path, "ingest", PRINTS, "")
    jobs.stop(job)
    assert ended(job).state == "stopped"
    assert ended(jobs.start(tmp_path, "ingest", PRINTS, "")).state == "failed"


def test_any_number_of_watchers_see_the_same(tmp_path: Path) -> None:
    job = jobs.start(tmp_path, "ingest", WAITS, "")
    jobs.stop(job)
    ended(job)
    seen: list[str] = []

    def watch() -> None:
        seen.extend(job.state for _ in range(2000))

    watchers = [threading.Thread(target=watch) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    ended(jobs.start(tmp_path, "ingest", PRINTS, ""))  # nor do they keep anybody from starting
    for watcher in watchers:
        watcher.join()
    assert set(seen) == {"stopped"}


def test_an_exit_code_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go on")
    job = jobs.start(tmp_path, "ingest", ("-c", f"open({str(tmp_path / 'go on')!r}).read()"), "")
    resource.prlimit(job.process, resource.RLIMIT_FSIZE, (0, 0))  # as on a full disk
    (tmp_path / "go on").write_text("")
    assert ended(job).state == "stopped"
    assert not (job.folder / "ended").exists()


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "KEPT", 3)
    folder = tmp_path / "jobs" / "ingest"
    (folder / "19990101T000000.0").mkdir(parents=True)  # nothing is told of it
    other = ended(jobs.start(tmp_path, "eval", PRINTS, ""))
    started = [ended(jobs.start(tmp_path, "ingest", PRINTS, "")) for _ in range(5)]
    assert [*jobs.newest_first(tmp_path, "ingest")] == started[:-4:-1]  # also within a second
    assert {place.name for place in folder.iterdir()} == {job.id for job in started[-3:]}
    assert [*jobs.newest_first(tmp_path, "eval")] == [other]


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Nothing can be written"):
        jobs.start(tmp_path / "file", "ingest", PRINTS, "")


def test_a_job_works_where_the_app_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the next run of it goes by is new."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", "postgresql://an:hush@people.example.org/a")
    before = current().database_url
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", "")
    monkeypatch.setenv("STRATEGIEWIJZER_KEEP_GENERATIONS", "9")
    tells = (
        "import json; from core.settings import Settings; s = Settings(); "
        "places = [str(s.data_dir), s.database_url.get_secret_value()]; "
        "print(json.dumps({'in': places, 'keeps': s.keep_generations}))"
    )
    (said,) = ended(jobs.start(tmp_path, "ingest", ("-c", tells), "")).events()
    assert said == {"in": [str(tmp_path), before.get_secret_value()], "keeps": 9}


def test_no_secret_is_put_into_the_environment_of_a_job_that_finds_it_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Settings.model_config, "secrets_dir", tmp_path)
    (tmp_path / "strategiewijzer_chroma_token").write_text("hush", "utf-8")
    assert current().chroma_token.get_secret_value() == "hush"
    told = ("-c", "import json, os; print(json.dumps(dict(os.environ)))")
    (environment,) = ended(jobs.start(tmp_path, "ingest", told, "")).events()
    assert "hush" not in environment.values()
