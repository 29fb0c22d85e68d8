"""The audit record: what stands in it, that it is one chain, and that nothing is answered without
it."""

import datetime
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy
from typer.testing import CliRunner, Result

from chain import __main__ as chain_command
from chain.assistant import Assistant
from command.__main__ import app
from core.answer import Answer, Event, Finished, Stage
from core.errors import SettingsError, StrategiewijzerError
from core.settings import ROOT, Settings
from tests.support.answers import doubted, made
from tests.support.databases import address_of
from tests.support.people import NOON, REPLY
from userdata import audit, feedback
from userdata.audit import (
    FORMAT,
    START,
    AnswerDecision,
    AuditRecord,
    Link,
    asked_by,
    asker_hash,
    askers,
    canonical,
    chain,
    forget_asker,
    forget_old_records,
    keep,
    keep_decision,
    records,
    sha256,
    verify,
    verify_file,
    verify_store,
)
from userdata.conversations import Conversations
from userdata.database import Database, database
from userdata.personal_data import after_answers

DRUGS = "Hoeveel is de drugsmarkt in Europa waard?"
UNIT = "De haven heeft 31 kranen, waarvan 12 elektrische."
MADE = AnswerDecision(
    decision="approved", document="haven.nl", questions=("Hoeveel kranen?", "kranen \ud83d\x00"),
    units=(UNIT, "Twee."), organisation="Havenbedrijf",
)  # fmt: skip
Clock = Callable[[datetime.datetime], None]


@pytest.fixture
def on(kept_in: Database) -> Settings:
    """The audit is on, and says who asked."""
    address = "" if kept_in.file else address_of(kept_in.engine.url)
    return Settings(
        data_dir=kept_in.folder, database_url=address, audit=True, audit_users=True, keep_audit=30
    )


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the clock of the record."""
    return lambda moment: monkeypatch.setattr(audit, "now", lambda: moment)


def _all(settings: Settings) -> list[AuditRecord]:
    return list(records(settings))


def _execute(settings: Settings, statement: str, **values: object) -> None:
    """What somebody does who gets at the database."""
    with database(settings).transaction("Tampering") as connection:
        connection.execute(sqlalchemy.text(statement), values)


def test_a_record_says_what_was_answered_from_what_and_how_it_was_checked(
    on: Settings, settings: Settings, at: Clock
) -> None:
    at(NOON)
    answer = doubted(made(settings)["answer"], "Twijfel.", left_out=["In 2031."]).model_copy(
        update={"model": "m", "checker": "c", "generation": "g-1", "confidence": 0.87654}
    )
    keep(on, answer, "https://login.example an")
    (kept,) = _all(on)
    record = kept.record
    assert record["question"] == answer.question
    assert record["at"] == "2026-11-24T12:00:00.000000Z"
    assert (record["number"], record["before"], record["kind"]) == (1, START, "answer")
    assert (record["model"], record["generation"]) == ("m", "g-1")
    assert record["prompts"] == answer.prompt_version
    assert record["text"] == sha256(answer.text)
    assert record["passages"] == [
        {"id": passage.id, "text": sha256(passage.text)} for passage in answer.passages
    ]
    assert record["citations"][0]["quote"] == sha256(answer.citations[0].quote)
    assert len(record["citations"]) == len(answer.citations) > 1
    assert record["checks"]["unconfirmed"] == [sha256("Twijfel.")]
    assert record["checks"]["left_out"] == [sha256("In 2031.")]
    assert (record["checks"]["checker"], record["checks"]["unchecked"]) == ("c", False)
    assert record["checks"]["confidence"] == "0.8765"
    assert kept.hash == sha256(canonical(record)) == chain(on).head.hash
    assert answer.text not in canonical(record)
    assert record["by"] == asker_hash("https://login.example an", kept.salt)
    assert (kept.asker, len(kept.salt)) == ("https://login.example an", 64)


def test_who_asked_is_kept_only_where_that_is_set(on: Settings) -> None:
    keep(on.model_copy(update={"audit_users": False}), REPLY, "an")
    keep(on, REPLY, "")
    who = [(record.record["by"], record.asker, record.salt) for record in _all(on)]
    assert who == [("", "", "")] * 2
    assert askers(on) == {}


def test_records_are_one_chain_of_any_question_and_any_length(
    on: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        keep(on, REPLY, "an")
    monkeypatch.setattr(audit, "_AT_ONCE", 2)  # there are more than are read at once
    found = _all(on)
    assert [record.record["before"] for record in found] == [START, found[0].hash, found[1].hash]
    assert [record.record["number"] for record in found] == [1, 2, 3]
    assert found[0].record["question"] == "Dag ?\x00 “x”"
    report = verify_store(on)
    assert (report.records, report.broken) == (3, "")
    assert report.end == Link(number=3, hash=found[2].hash)
    assert verify(found[1:], noted=found[0].hash).noted == 1  # a file may follow what was noted


WRITER = """
import sys
from pathlib import Path
import userdata.database
from core.answer import Answer
from core.answer_blocks import own
from core.settings import Settings
from userdata.audit import keep
from userdata.conversations import Conversation, Exchange
from userdata.conversations import Conversations
from userdata.database import database
from userdata.feedback import Feedback, save
folder, address, name = sys.argv[1:]
userdata.database.PATIENCE = 100.0  # seconds: on a busy machine the others take long
settings = Settings(data_dir=Path(folder), database_url=address, audit=True, audit_users=True)
store, mine = database(settings), Conversations("an", database(settings), 90)
answer = Answer(
    question="?", blocks=(own("!"),), language="nl", answered=True, confidence=0, mode="extractive"
)
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    keep(settings, answer, name)
    mine.put(Conversation(exchanges=(Exchange(question="?"),)))
    for id in (f"{name}-{number}", "shared"):
        save(store, Feedback.on(answer, id=id, helpful=True))
"""


def test_processes_that_write_at_once_make_one_chain(on: Settings, kept_in: Database) -> None:
    """Also the first record of all, which each of them tries to be."""
    address = on.database_url.get_secret_value()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(on.data_dir), address, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    assert [writer.stdout and writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()  # they begin
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 2
    report = verify_store(on)
    assert (report.records, report.broken) == (20, "")
    assert askers(on) == dict.fromkeys("ab", 10)
    assert len(Conversations("an", kept_in, days=90).listed()) == 20
    assert len(feedback.read(kept_in)) == 20 + 1


@pytest.mark.parametrize(
    ("done", "told", "fit"),
    [
        ("UPDATE audit_records SET record = replace(record, 'Dag', 'Weg') WHERE number = 2",
         "Record 2 was changed", 1),
        ("UPDATE audit_records SET record = 'x' WHERE number = 2", "Record 2 (the 2. here)", 1),
        ("DELETE FROM audit_records WHERE number = 2", "Record 3 does not follow record 1", 1),
        ("DELETE FROM audit_records WHERE number = 4", "records 4 to 4 were removed", 3),
        ("DELETE FROM audit_records", "records 1 to 4 were removed", 0),
        ("UPDATE audit_records SET asker = 'bo' WHERE number = 3", "somebody else asked", 2),
        ("UPDATE audit_chain SET hash = 'x'", "Record 4 is not the one that the store has", 3),
        ("DELETE FROM audit_chain", "its end is record 0, and record 4 is there", 4),
        ("UPDATE audit_records SET at = '2020' WHERE number = 3", "Record 3 (the 3. here)", 2),
        ("UPDATE audit_records SET number = 9 WHERE number = 4", "Record 4 (the 4. here)", 3),
        ("UPDATE audit_records SET record = replace(record, '{', '{ ') WHERE number = 2",
         "Record 2 (the 2. here)", 1),
    ],
)  # fmt: skip
def test_the_first_record_that_is_wrong_is_named(
    on: Settings, done: str, told: str, fit: int
) -> None:
    for _ in range(4):
        keep(on, REPLY, "an")
    _execute(on, done)
    report = verify_store(on)
    assert told in report.broken
    assert report.records == fit
    result = _command(on, "verify")
    assert result.exit_code == 1
    assert told in result.stderr


def _command(settings: Settings, *arguments: str) -> Result:
    """`strategiewijzer audit ...` with these settings."""
    environment = {
        "STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir),
        "STRATEGIEWIJZER_DATABASE_URL": settings.database_url.get_secret_value(),
        "STRATEGIEWIJZER_AUDIT": "true",
        "STRATEGIEWIJZER_CORPUS_DIRS": json.dumps([str(one) for one in settings.corpus_dirs]),
    }
    return CliRunner(env=environment).invoke(app, ["audit", *arguments])


def test_an_end_that_was_cut_off_shows_only_against_a_head_noted_elsewhere(on: Settings) -> None:
    for _ in range(3):
        keep(on, REPLY)
    head = _command(on, "head").stdout.split()
    assert head == ["3", chain(on).head.hash]
    keep(on, REPLY)
    assert "is record 3" in _command(on, "verify", "--head", head[1]).stdout
    before = _all(on)[1].hash
    _execute(on, "DELETE FROM audit_records WHERE number > 2")
    _execute(on, "UPDATE audit_chain SET number = 2, hash = :hash", hash=before)
    unnoticed = _command(on, "verify")
    assert unnoticed.exit_code == 0
    assert "shows only against a hash that was noted elsewhere" in unnoticed.stdout
    noticed = _command(on, "verify", "--head", head[1])
    assert noticed.exit_code == 1
    assert "the end was cut off" in noticed.stderr
    assert _command(on, "verify", "--head", "abc").exit_code == 2


def test_an_exported_file_is_verified_by_itself(on: Settings, tmp_path: Path, at: Clock) -> None:
    for day in range(3):
        at(NOON + datetime.timedelta(days=day))
        keep(on, REPLY, "an")
    file = tmp_path / "audit.jsonl"
    file.write_text(_command(on, "export").stdout, "utf-8")
    assert len(file.read_text("utf-8").splitlines()) == 3
    assert "3 records fit, from 1 to 3" in _command(on, "verify", str(file)).stdout
    later = _command(on, "export", "--since", "2026-11-25").stdout
    file.write_text(later, "utf-8")
    assert "2 records fit, from 2 to 3" in _command(on, "verify", str(file)).stdout
    file.write_text(later.replace("Dag", "Weg", 1), "utf-8")
    assert "Record 2 was changed" in _command(on, "verify", str(file)).stderr
    first, second = later.splitlines()
    for line in ("[[[", '{"record":{},"hash":""}', '{"record":{"number":"1"},"hash":"x"}', "null"):
        file.write_text(f"{first}\n{line}\n{second}\n", "utf-8")
        assert verify_file(file).broken.startswith("Record 3 (the 2. here) cannot be read")
    file.write_text("", "utf-8")
    assert "There are no records" in _command(on, "verify", str(file)).stdout
    file.write_bytes(b"\xff\xfe")
    for path in (file, tmp_path / "none"):
        result = _command(on, "verify", str(path))
        assert result.exit_code == 1
        assert "audit export" in result.stderr


def _nested(levels: int) -> Callable[[str], str]:
    return lambda record: record.replace("{", '{"x":' + "[" * levels + "]" * levels + ",", 1)


def _twice(key: str) -> Callable[[str], str]:
    return lambda record: record.replace(f'"{key}":', f'"{key}":7,"{key}":')


@pytest.mark.parametrize(
    "spoil", [_nested(20), _nested(100_000), _twice("question"), _twice("number")]
)
def test_a_record_that_is_deeply_nested_or_has_a_key_twice_is_told_also_when_exported(
    on: Settings, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    """Of a key that is there twice some readers take the first, and so another one than we do."""
    keep(on, REPLY)
    (kept,) = _all(on)
    spoilt = spoil(canonical(kept.record))
    _execute(on, "UPDATE audit_records SET record = :spoilt", spoilt=spoilt)
    assert "Record 1 (the 1. here)" in _command(on, "verify").stderr
    exported = _command(on, "export")
    assert exported.exit_code == 0
    for line in (exported.stdout, f'{{"record":{spoilt},"hash":"{kept.hash}"}}\n'):
        (tmp_path / "x").write_text(line, "utf-8")
        assert "Record 1 (the 1. here)" in verify_file(tmp_path / "x").broken


def test_old_records_go_and_the_chain_holds_from_its_anchor(on: Settings, at: Clock) -> None:
    for day in (0, 10, 40):
        at(NOON + datetime.timedelta(days=day))
        keep(on, REPLY)
    first, second, third = _all(on)
    assert forget_old_records(on) == 1  # the second is 30 days old
    assert _all(on) == [second, third]
    assert chain(on).anchor == Link(number=1, hash=first.hash)
    assert verify_store(on, first.hash).noted == 1
    assert forget_old_records(on) == 0
    at(NOON + datetime.timedelta(days=100))
    assert forget_old_records(on) == 2
    assert verify_store(on).broken == ""
    keep(on, REPLY)
    (kept,) = _all(on)
    assert (kept.record["number"], kept.record["before"]) == (4, third.hash)
    assert verify_store(on).broken == ""


def test_a_clock_that_went_back_cuts_nothing_out_of_the_middle(on: Settings, at: Clock) -> None:
    for day in (40, 0, 41):
        at(NOON + datetime.timedelta(days=day))
        keep(on, REPLY)
    assert forget_old_records(on) == 0
    assert verify_store(on).records == 3


def test_who_asked_is_erased_and_the_chain_holds(on: Settings) -> None:
    for user in ("an", "bo", "an"):
        keep(on, REPLY, user)
    assert [record.record["number"] for record in asked_by(on, "an")] == [1, 3]
    assert forget_asker(on, "an") == 2
    assert asked_by(on, "an") == ()
    assert askers(on) == {"bo": 1}
    assert verify_store(on).broken == ""
    assert [record.salt != "" for record in _all(on)] == [False, True, False]


# Decisions on prepared answers


def test_a_decision_is_on_record_with_who_made_it(on: Settings, at: Clock) -> None:
    at(NOON)
    keep_decision(on, MADE, "https://login.example an")
    (kept,) = _all(on)
    assert kept.record == {
        "format": FORMAT,
        "number": 1,
        "before": START,
        "at": "2026-11-24T12:00:00.000000Z",
        "by": asker_hash("https://login.example an", kept.salt),
        "decision": "approved",
        "document": "haven.nl",
        "questions": ["Hoeveel kranen?", "kranen ?\x00"],
        "units": [sha256(UNIT), sha256("Twee.")],
        "organisation": "Havenbedrijf",
    }
    assert kept.asker == "https://login.example an"
    assert kept.hash == sha256(canonical(kept.record)) == chain(on).head.hash
    assert UNIT not in canonical(kept.record)


def test_with_the_audit_off_as_it_is_by_default_no_decision_is_kept(on: Settings) -> None:
    assert after_answers(Settings()) is None
    assert not Settings().audit_users
    keep_decision(on.model_copy(update={"audit": False}), MADE, "an")
    assert _all(on) == []
    assert chain(on).head == Link(number=0, hash=START)
    nowhere = Settings(data_dir=Path("/dev/null/data"))
    keep_decision(nowhere, MADE, "an")  # asks nothing of a database


# With the assistant


def test_text_is_held_back_until_it_is_on_record(settings: Settings, tmp_path: Path) -> None:
    seen: list[str] = []
    audited = settings.model_copy(update={"audit": True})

    def after(answer: Answer, by: str) -> None:
        seen.append(f"{by}: {answer.question}")

    events = Assistant(audited, after=after).stream(DRUGS, by="an")
    for event in events:
        assert isinstance(event, Stage) or seen == [f"an: {DRUGS}"]
    assert isinstance(event, Finished)


def test_without_its_record_there_is_no_answer(settings: Settings) -> None:
    def after(_: Answer, __: str) -> None:
        raise StrategiewijzerError("full")

    audited = settings.model_copy(update={"audit": True})
    shown: list[Event] = []
    with pytest.raises(StrategiewijzerError, match="full"):
        shown.extend(Assistant(audited, after=after).stream(DRUGS))
    assert {type(event) for event in shown} == {Stage}


def test_the_audit_cannot_be_passed_by(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError, match="audit record is on"):
        Assistant(settings.model_copy(update={"audit": True}))
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    assert chain_command.main([DRUGS]) == 1
    assert "./strategiewijzer ask" in capsys.readouterr().err


def test_answers_of_a_command_are_recorded(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    before = chain(settings).head.number
    assert CliRunner().invoke(app, ["ask", DRUGS]).exit_code == 0
    assert chain(settings).head.number == before  # off by default
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    result = CliRunner().invoke(app, ["ask", DRUGS])
    assert "30 miljard" in result.stdout
    assert chain(settings).head.number == before + 1
    assert _all(settings)[-1].record["question"] == DRUGS


def test_a_record_that_cannot_be_written_is_told_without_the_question(on: Settings) -> None:
    keep(on, REPLY)
    _execute(on, "DROP TABLE audit_records")
    with pytest.raises(StrategiewijzerError, match="There is no answer") as caught:
        keep(on, REPLY)
    assert re.search("no such table|does not exist", str(caught.value))
    assert "INSERT" not in str(caught.value)
    assert "Dag" not in str(caught.value)
    with pytest.raises(StrategiewijzerError, match="The audit record") as caught:
        keep_decision(on, MADE, "an")
    assert "kranen" not in str(caught.value)
    blocked = Settings(data_dir=Path("/dev/null/data"))
    result = _command(blocked, "head")
    assert result.exit_code == 1
    assert "cannot be kept" in result.stderr
