"""What is kept of a person: exported whole, erased whole, and forgotten in time."""

import datetime
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from command.__main__ import app
from core.settings import Settings
from tests.support.people import REPLY, answer, note, verdict
from tests.support.waiting import RUNS_ON, until
from ui import jobs
from userdata import asked_questions, audit, feedback, personal_data
from userdata.audit import keep, records, verify_store
from userdata.conversations import Conversation, Conversations, Exchange
from userdata.database import FILE, database
from userdata.personal_data import (
    PersonalData,
    collect,
    conversations_of,
    erase,
    forget,
    people,
    shares_of,
)

AN, BO = "https://login.example an", "https://login.example bo"
MARKS = ("vraag", "opmerking", "oordeel")


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """Everything that can be kept of two people."""
    settings = Settings(data_dir=tmp_path / "data", audit=True, audit_users=True)
    for user, name in ((AN, "an"), (BO, "bo")):
        store = conversations_of(settings, user)
        exchanges = [Exchange(question=f"vraag van {name} ({number})") for number in range(2)]
        for exchange in exchanges:
            exchange = exchange.model_copy(update={"answer": answer()})
            store.put(Conversation(name=f"gesprek van {name}", exchanges=(exchange,)))
        shares_of(settings, user).share(store.listed()[0].id, 7)
        store.put_note(note().remarked(f"opmerking van {name}"))
        own = verdict(id=exchanges[0].id, comment=f"oordeel van {name}", date=_now())
        feedback.save(database(settings), own)
        other = verdict(id=f"anonymous-{name}", comment="van iemand", date=_now())
        feedback.save(database(settings), other)
        feedback.handle(database(settings), other, user)
        _job(settings, user)
        keep(settings, REPLY.model_copy(update={"question": f"vraag aan {name}"}), user)
    return settings


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _job(settings: Settings, user: str) -> jobs.Job:
    """A real job of theirs that has ended."""
    job = jobs.start(settings.data_dir, "eval", ("-c", "print('{}')"), user)
    until(lambda: job.state != "running", "the job has ended")
    return job


def _command(settings: Settings, *arguments: str, typed: str = "", **more: str) -> Result:
    environment = {"STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir), **more}
    return CliRunner(env=environment).invoke(app, ["people", *arguments], input=typed)


def _everything(settings: Settings) -> str:
    """All bytes below the data folder, and the records."""
    files = (path for path in settings.data_dir.rglob("*") if path.is_file())
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def test_an_export_has_all_of_a_person_and_nothing_of_another(kept: Settings) -> None:
    data = collect(kept, conversations_of(kept, AN))
    parts = set(PersonalData.model_fields) - {"format", "made"}
    counts = {name: len(getattr(data, name)) for name in parts}
    assert counts == {
        "user": len(AN), "conversations": 2, "shares": 1, "notes": 1, "feedback": 1, "jobs": 1,
        "handled": 1, "audit": 1,
    }  # fmt: skip
    text = data.as_json()
    assert PersonalData.model_validate_json(text) == data
    assert all(f"{mark} van an" in text for mark in MARKS)
    assert "vraag aan an" in text
    assert "van bo" not in text
    assert "aan bo" not in text
    assert BO not in text
    assert json.loads(text)["format"] == 1


def test_erasing_tells_what_there_was_and_leaves_others_and_the_chain(kept: Settings) -> None:
    """The identifier and the words then stand nowhere below the data folder."""
    assert AN in _everything(kept)
    theirs = collect(kept, conversations_of(kept, BO))
    counts = erase(kept, conversations_of(kept, AN))
    assert counts.model_dump() == {
        "conversations": 2, "shares": 1, "notes": 1, "feedback": 1, "jobs": 1, "handled": 1,
        "audit": 1,
    }  # fmt: skip
    for user, expected in ((AN, PersonalData(user=AN)), (BO, theirs)):
        left = collect(kept, conversations_of(kept, user))
        assert left.model_copy(update={"made": expected.made}) == expected
    assert verify_store(kept).broken == ""
    questions = [record.record["question"] for record in records(kept)]
    assert questions == ["vraag aan an", "vraag aan bo"]
    verdict = feedback.find(database(kept), "anonymous-an")
    assert verdict.handled is not None
    assert verdict.by == ""
    assert [job.by for job in jobs.newest_first(kept.data_dir, "eval")] == [BO, ""]
    left = _everything(kept)
    assert AN not in left
    assert not any(f"{mark} van an" in left for mark in (*MARKS, "gesprek"))
    assert all(f"{mark} van bo" in left for mark in MARKS)


def test_only_who_has_an_identifier_is_a_person(kept: Settings) -> None:
    """What stands without it in jobs and verdicts is nobody's, and a visitor has what the session
    holds."""
    _job(kept, "")
    assert collect(kept, conversations_of(kept, "")).jobs == ()
    assert set(people(kept)) == {AN, BO}
    erase(kept, conversations_of(kept, ""))
    store = Conversations("visitor x", None, 0)
    store.put(Conversation(exchanges=(Exchange(question="Van een bezoeker"),)))
    keep(kept, REPLY, "visitor x")
    data = collect(kept, store)
    assert (len(data.conversations), len(data.audit)) == (1, 1)
    erase(kept, store)
    assert store.listed() == ()
    assert set(people(kept)) == {AN, BO}


def test_the_commands_list_export_and_erase(kept: Settings, tmp_path: Path) -> None:
    spoilt = kept.data_dir / "jobs/eval/x/job.json"  # is passed over
    spoilt.parent.mkdir()
    spoilt.write_text("[", "utf-8")
    listed = _command(kept, "list")
    assert listed.stdout.splitlines() == [
        f"{user}: conversations 2, shares 1, notes 1, feedback 1, jobs 1, handled 1, audit 1"
        for user in (AN, BO)
    ]
    printed = json.loads(_command(kept, "export", AN).stdout)
    file = tmp_path / "an.json"
    assert _command(kept, "export", AN, "--to", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    saved = json.loads(file.read_text("utf-8"))
    assert {**saved, "made": ""} == {**printed, "made": ""}
    assert PersonalData.model_validate(saved).user == AN
    again = _command(kept, "export", AN, "--to", str(file))
    assert again.exit_code == 1
    assert "Name another file" in again.stderr
    assert _command(kept, "erase", AN, typed="n\n").exit_code == 1
    assert set(people(kept)) == {AN, BO}
    erased = _command(kept, "erase", AN, "--yes")
    assert "Deleted: 2 conversations, 1 links to them, 1 notes, 1 verdicts" in erased.stdout
    assert "Kept without the identifier: 1 jobs, 1 handled verdicts, 1 audit" in erased.stdout
    assert "backups" in erased.stdout
    assert _command(kept, "list").stdout.splitlines()[0].startswith(BO)


def test_a_file_that_cannot_be_read_ends_a_command_without_a_traceback(kept: Settings) -> None:
    (kept.data_dir / FILE).write_bytes(b"no database")
    for command in (["list"], ["export", AN], ["erase", AN, "--yes"], ["forget"]):
        result = _command(kept, *command)
        assert result.exit_code == 1
        assert f"{FILE} is damaged" in result.stderr
        assert "./strategiewijzer restore FILE" in result.stderr


@pytest.mark.parametrize("command", [["export"], ["erase", "--yes"]])
def test_somebody_of_whom_nothing_is_kept_is_an_error_that_says_where_was_looked(
    kept: Settings, command: list[str]
) -> None:
    before = people(kept)
    result = _command(kept, *command, "https://login.example ann")
    assert (result.exit_code, result.stdout) == (1, "")
    told = f"Nothing is kept of 'https://login.example ann' in {kept.data_dir / FILE}"
    assert told in result.stderr
    assert "./strategiewijzer people list" in result.stderr
    assert people(kept) == before


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the clocks of what forgets so many days on."""

    def move(days: int) -> None:
        moment = _now() + datetime.timedelta(days=days)
        for module in (personal_data, audit, asked_questions):
            monkeypatch.setattr(module, "now", lambda: moment)

    return move


def test_each_thing_goes_after_its_own_time(kept: Settings, later: Callable[[int], None]) -> None:
    times = {"keep_feedback": 10, "keep_questions": 15, "keep_jobs": 20, "keep_audit": 30}
    settings = kept.model_copy(update=times)
    none = {"feedback": 0, "questions": 0, "jobs": 0, "audit": 0}
    asked_questions.note(settings, answer().model_copy(update={"question": "Wat is EMPACT?"}), AN)
    later(9)
    assert forget(settings).model_dump() == none
    later(11)
    assert forget(settings).model_dump() == none | {"feedback": 4}
    later(16)
    assert forget(settings).model_dump() == none | {"questions": 1}
    later(21)
    assert forget(settings).model_dump() == none | {"jobs": 2}
    assert jobs.latest(kept.data_dir, "eval") is None
    later(31)
    assert forget(settings).model_dump() == none | {"audit": 2}
    assert verify_store(settings).broken == ""
    assert len(conversations_of(settings, AN).listed()) == 2  # its clock stands still here


def test_a_job_is_never_too_old_until_its_command_has_ended(
    kept: Settings, later: Callable[[int], None]
) -> None:
    job = jobs.start(kept.data_dir, "ingest", ("-c", RUNS_ON), AN)
    try:
        later(4000)
        assert forget(kept).jobs == 2
        assert job.state == "running"
        assert jobs.latest(kept.data_dir, "ingest") == job
        (job.folder / "ended").write_text("0")  # its process takes a moment to end
        assert forget(kept).jobs == 1
    finally:
        os.killpg(job.process, signal.SIGKILL)


def test_conversations_are_forgotten_by_the_same_command(kept: Settings) -> None:
    result = _command(kept, "forget", STRATEGIEWIJZER_KEEP_CONVERSATIONS="0")
    assert result.exit_code == 0
    assert "0 verdicts, 0 questions, 0 jobs and 0 audit records" in result.stdout
    assert conversations_of(kept, AN).listed() == ()


def test_two_processes_forget_at_once(kept: Settings) -> None:
    """As when two replicas start."""
    code = (
        "import sys; from pathlib import Path; from core.settings import Settings; "
        "from userdata import audit, personal_data; import datetime; "
        "later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=4000)\n"
        "for one in (audit, personal_data): one.now = lambda: later\n"
        "personal_data.forget(Settings(data_dir=Path(sys.argv[1])))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(kept.data_dir)]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert list(records(kept)) == []
    assert verify_store(kept).broken == ""
