"""What was asked: counted by people, without who they are, for as long as is set."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command as alembic
from typer.testing import CliRunner

from chain.assistant import Assistant
from command.__main__ import app
from core.answer import Answer
from core.settings import Settings
from tests.support.databases import address_of, dumped, is_kept
from tests.support.passages import answer_of
from tests.support.people import HOSTILE
from userdata import asked_questions
from userdata.asked_questions import CountedQuestion, dismiss, forget_old, note, read, remove
from userdata.audit import records
from userdata.database import METADATA, Database, alembic_config, database, transaction
from userdata.personal_data import after_answers

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
DRUGS = "Hoeveel is de drugsmarkt in Europa waard?"
EMPACT = "Wat is EMPACT?"
At = Callable[[int], None]


@pytest.fixture
def on(kept_in: Database) -> Settings:
    address = "" if kept_in.file else address_of(kept_in.engine.url)
    return Settings(data_dir=kept_in.folder, database_url=address, keep_questions=30)


@pytest.fixture(autouse=True)
def _a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    begin(monkeypatch)


def begin(monkeypatch: pytest.MonkeyPatch, most: int = 1000) -> None:
    """As if the process had just begun: it remembers nobody."""
    monkeypatch.setattr(asked_questions, "_remembered", asked_questions._Remembered(most))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Sets the clock to so many days past noon of the first."""

    def move(days: int) -> None:
        moment = NOON + datetime.timedelta(days=days)
        monkeypatch.setattr(asked_questions, "now", lambda: moment)

    move(0)
    return move


def told(question: str, **given: object) -> Answer:
    """A refusal, unless it is answered."""
    return answer_of("Zo is het.", question=question, **given)


def day(number: int) -> datetime.date:
    return (NOON + datetime.timedelta(days=number)).date()


def counted(settings: Settings) -> dict[str, int]:
    return {row.question: row.times for row in read(settings)}


def test_a_question_is_one_row_with_what_became_of_it_last(on: Settings, at: At) -> None:
    note(on, told(EMPACT), "an")
    at(3)
    note(on, told("  wat is  empact ", found=True), "bo")
    note(on, told(EMPACT, language="en"), "an")
    assert read(on) == (
        CountedQuestion(
            question=EMPACT, language="nl", outcome="results", times=2, first=day(0), last=day(3)
        ),
        CountedQuestion(
            question=EMPACT, language="en", outcome="refused", times=1, first=day(3), last=day(3)
        ),
    )
    note(on, told("WAT IS EMPACT", answered=True), "an")
    assert [row.outcome for row in read(on)] == ["answer", "refused"]
    note(on, told(EMPACT, answered=True, missing=("2031",)), "an")
    assert [row.outcome for row in read(on)] == ["answer", "refused"]


def test_the_same_person_counts_once_as_long_as_the_process_runs(
    on: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for by in ("an", "an", "bo", "key 1a2b3c4d", "bo", "visitor x", "", ""):
        note(on, told(EMPACT), by)
    assert counted(on) == {EMPACT: 5}
    note(on, told("Wat is SEESAC?"), "an")
    known = asked_questions._remembered._hashes.keys()
    begin(monkeypatch, most=1)
    note(on, told(EMPACT), "an")
    note(on, told(EMPACT), "an")
    assert counted(on) == {EMPACT: 6, "Wat is SEESAC?": 1}
    assert known.isdisjoint(asked_questions._remembered._hashes)  # nobody can try them elsewhere
    note(on, told(EMPACT), "bo")  # of one that is remembered, the one before is forgotten
    note(on, told(EMPACT), "an")
    assert counted(on)[EMPACT] == 8


def test_nothing_of_who_asked_is_kept(on: Settings, at: At) -> None:
    at(0)
    note(on, told(DRUGS, generation="g-1", model="m"), "https://login.example an")
    row = f"'{DRUGS}', 'nl', 'refused', 1, datetime.date(2026, 11, 24), datetime.date(2026, 11, 24)"
    (line,) = dumped(database(on)).splitlines()
    assert line.partition(", ")[2] == f"{row}, None)"
    assert not is_kept("login.example", database(on))
    columns = [column.name for column in METADATA.tables["asked_questions"].columns]
    assert columns == [
        *("id", "question", "language", "outcome", "times", "first", "last", "dismissed")
    ]


def test_what_is_dealt_with_stays_out_until_asked_later(on: Settings, at: At) -> None:
    for by in ("an", "bo"):
        note(on, told(EMPACT), by)
    dismiss(on, "wat is empact", "en")  # another question
    assert counted(on) == {EMPACT: 2}
    dismiss(on, "wat is empact", "nl")
    note(on, told(EMPACT), "cas")
    assert read(on) == ()
    at(1)
    note(on, told(EMPACT), "an")  # counts again
    assert [(row.times, row.first) for row in read(on)] == [(1, day(1))]
    note(on, told(EMPACT), "bo")
    assert counted(on) == {EMPACT: 2}


def test_a_question_that_names_somebody_is_deleted_also_by_a_command(
    on: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = "Krijgt mevrouw Tulpenlijst een wapenvergunning?"
    note(on, told(named), "an")
    note(on, told(EMPACT), "an")
    assert not remove(on, named, "en")
    assert remove(on, named, "nl")
    assert not remove(on, named, "nl")
    assert counted(on) == {EMPACT: 1}
    assert not is_kept("Tulpenlijst", database(on))
    note(on, told(named), "an")  # counts once, though the process remembers it
    assert counted(on) == {EMPACT: 1, named: 1}

    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(on.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", on.database_url.get_secret_value())
    dismiss(on, EMPACT, "nl")  # what is not shown any more is deleted too
    for question in ("wat is empact", named.upper()):
        removed = CliRunner().invoke(app, ["people", "remove-question", "nl", question])
        assert removed.exit_code == 0
    assert dumped(database(on)) == ""
    again = CliRunner().invoke(app, ["people", "remove-question", "nl", EMPACT])
    assert again.exit_code == 1
    assert "Give the whole question" in again.stderr
    assert EMPACT not in again.stderr


def test_what_nobody_asks_any_more_is_forgotten(on: Settings, at: At) -> None:
    note(on, told(EMPACT), "an")
    note(on, told("Wat is SEESAC?"), "an")
    at(20)
    note(on, told(EMPACT), "bo")
    at(30)
    assert forget_old(on) == 0
    at(31)
    assert counted(on) == {EMPACT: 2}  # too old is not read, removed or not
    note(on, told("Wat is SEESAC?"), "bo")  # and begins anew
    assert counted(on) == {EMPACT: 2, "Wat is SEESAC?": 1}
    at(61)
    assert forget_old(on) == 1
    assert counted(on) == {"Wat is SEESAC?": 1}
    off = on.model_copy(update={"keep_questions": 0})
    assert read(off) == ()
    assert forget_old(off) == 1
    assert dumped(database(on)) == ""


def test_there_is_room_for_so_many(on: Settings, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked_questions, "_MOST", 3)
    for number in range(3):
        at(number)
        note(on, told(f"Wat is maatregel {number}?"), "an")
    note(on, told("Wat is maatregel 0?"), "an")  # the oldest is now the second
    note(on, told("Wat is maatregel 3?"), "an")
    assert set(counted(on)) == {f"Wat is maatregel {number}?" for number in (0, 2, 3)}


def test_a_hostile_question_is_kept_as_text_or_not_at_all(on: Settings) -> None:
    hostile = f"{HOSTILE} ' OR 1=1; DROP TABLE asked_questions; -- \ud83d {chr(0xFDFA) * 100}"
    note(on, told(hostile), HOSTILE)
    note(on, told("Wat doet Europol? " * 10_000), "an")
    (kept,) = read(on)
    assert "DROP TABLE" in kept.question
    assert "\0" not in kept.question
    assert "\n" not in kept.question
    dismiss(on, hostile, "nl")
    assert read(on) == ()
    dismiss(on, "\ud83d", "\0")
    remove(on, "\ud83d", "\0")


def test_a_database_of_an_earlier_version_gets_new_tables_and_loses_old_ones(on: Settings) -> None:
    kept_in = database(on)
    on.data_dir.mkdir(exist_ok=True)
    with transaction(kept_in.engine, writes=True, rebuilds=True) as connection:
        alembic.upgrade(alembic_config(connection), "0003")
        connection.exec_driver_sql("CREATE TABLE shares (token TEXT)")
        connection.exec_driver_sql("INSERT INTO feedback VALUES ('x', '{}')")
    note(on, told(DRUGS), "an")
    assert counted(on) == {DRUGS: 1}
    assert "('x', '{}')" in dumped(kept_in)
    # The links of 0.1, which stored the token itself, made way for those of now.
    columns = {
        column["name"] for column in sqlalchemy.inspect(kept_in.engine).get_columns("shares")
    }
    assert "token" not in columns
    assert {"conversation", "expires"} <= columns


# With the assistant


def test_off_is_the_default_and_does_not_turn_off_the_audit(on: Settings) -> None:
    assert Settings().keep_questions == 0
    off = on.model_copy(update={"keep_questions": 0})
    assert after_answers(off) is None
    for settings, count in ((off, {}), (on, {EMPACT: 1})):
        after = after_answers(settings.model_copy(update={"audit": True}))
        assert after is not None
        after(told(EMPACT), "an")
        assert counted(on) == count
    assert len(list(records(on))) == 2


def test_a_question_that_cannot_be_counted_costs_nobody_the_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing can be written, or by an error of ours."""

    def fails(*_: object) -> None:
        raise ValueError(DRUGS)

    counting = settings.model_copy(update={"keep_questions": 30})
    blocked = counting.model_copy(update={"data_dir": Path("/dev/null/data")})
    assert "30 miljard" in Assistant(counting, after=after_answers(blocked)).ask(DRUGS).text
    monkeypatch.setattr("userdata.personal_data.note", fails)
    assert "30 miljard" in Assistant(counting, after=after_answers(counting)).ask(DRUGS).text
    told_in_log = [line for line in caplog.records if line.name == "userdata.personal_data"]
    assert ["is not counted" in line.getMessage() for line in told_in_log] == [True, True]
    assert "cannot be kept in /dev/null/data" in caplog.text
    assert DRUGS not in caplog.text
