"""What version 0.1.0 kept is taken over whole and once, its files are put away, and what is erased
or old goes from these too. The files were written by its own code."""

import datetime
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table
from typer.testing import CliRunner

from command.__main__ import app as command
from command.doctor import CHECKS, examined
from core.answer import Answer
from core.errors import StrategiewijzerError
from core.settings import Settings
from tests.support.databases import address_of, dumped
from tests.support.earlier_version import FILES, put_files
from userdata import earlier_version, feedback, personal_data
from userdata.conversations import Conversations
from userdata.database import Database, database

LOCAL, ELS = "local", "https://idp.example els"
MARKET = "Hoeveel is de drugsmarkt van de EU waard?"
TRAIN = "Wat kost een treinkaartje naar Parijs?"


@pytest.fixture
def folder(kept_in: Database) -> Path:
    """The data folder of a database that nobody has used yet, with the files of version 0.1.0."""
    assert kept_in.folder
    kept_in.folder.mkdir(parents=True, exist_ok=True)
    put_files(kept_in.folder)
    return kept_in.folder


@pytest.fixture
def settings(folder: Path, kept_in: Database) -> Settings:
    """Those of this database, which keep what the files have."""
    url = "" if kept_in.file else address_of(kept_in.engine.url)
    return Settings(data_dir=folder, database_url=url, keep_conversations=3650, keep_feedback=3650)


def of(user: str, kept_in: Database) -> Conversations:
    return Conversations(user, kept_in, days=3650)


def changed(path: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_what_it_kept_is_there_for_the_same_people(folder: Path, kept_in: Database) -> None:
    store = of(LOCAL, kept_in)
    titles = [listed.title for listed in store.listed()]
    assert sorted(titles) == ["Drugsagenda", "What is EMPACT?"]
    (named,) = store.listed("heroïne")
    conversation = store.find(named.id)
    assert conversation
    first, second = conversation.exchanges
    assert first.question == MARKET
    assert [note.remark for note in store.notes()] == ["Voor de notitie"]
    assert store.notes()[0].citation in first.answer.citations if first.answer else False
    assert second.asked > first.asked
    (refused,) = of(ELS, kept_in).listed()
    assert refused.title == TRAIN
    verdicts = {verdict.question: verdict for verdict in feedback.read(kept_in)}
    assert (verdicts[MARKET].helpful, verdicts[MARKET].comment) == (True, "Precies wat ik zocht.")
    assert verdicts[TRAIN].helpful is False
    assert verdicts[MARKET].id == first.id


def test_an_answer_says_and_cites_what_it_did(folder: Path, kept_in: Database) -> None:
    with closing(sqlite3.connect(folder / FILES[0])) as connection:
        kept = [json.loads(row) for (row,) in connection.execute("SELECT exchange FROM exchanges")]
    before = {exchange["id"]: exchange["answer"] for exchange in kept}
    found = {
        exchange.id: exchange.answer
        for user in (LOCAL, ELS)
        for listed in of(user, kept_in).listed()
        if (conversation := of(user, kept_in).find(listed.id))
        for exchange in conversation.exchanges
    }
    assert found.keys() == before.keys()
    for id, answer in found.items():
        assert answer
        assert answer.text == before[id]["text"]
        assert list(answer.more) == before[id]["more"]
        places = [[marker.model_dump() for marker in text] for text in answer.markers]
        assert places == before[id]["markers"]
        assert [one.quote for one in answer.citations] == [
            one["quote"] for one in before[id]["citations"]
        ]
        assert answer.kind == before[id].get("kind", "answer" if answer.answered else "refusal")


def test_the_files_are_put_away_and_not_taken_over_again(folder: Path, kept_in: Database) -> None:
    store = of(LOCAL, kept_in)
    for listed in store.listed():
        store.delete(listed.id)
    day = datetime.datetime.now(datetime.UTC).date()
    for name in FILES:
        assert not (folder / name).exists()
        assert (folder / f"{name}.taken-over-{day}").stat().st_size
    put_files(folder)  # as where they could not be renamed
    assert store.listed() == ()
    assert not kept_in.earlier_files()
    assert len(earlier_version.copies(folder)) == 4


def test_a_crash_halfway_leaves_nothing_half_done(
    folder: Path, kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = earlier_version.add
    added: list[Table] = []

    def dies(connection: Connection, table: Table, row: dict[str, Any]) -> None:
        added.append(table)
        if len(added) > 3:
            raise KeyboardInterrupt
        add(connection, table, row)

    monkeypatch.setattr(earlier_version, "add", dies)
    with pytest.raises(KeyboardInterrupt):
        of(LOCAL, kept_in).users()
    assert kept_in.version() is None
    assert len(kept_in.earlier_files()) == 2
    monkeypatch.undo()

    monkeypatch.setattr(Path, "rename", _refuses)  # as after a crash before it is renamed
    with pytest.raises(StrategiewijzerError, match="taken over, but the file cannot be renamed"):
        of(LOCAL, kept_in).users()
    before = dumped(kept_in)
    monkeypatch.undo()
    assert of(LOCAL, kept_in).users() == (ELS, LOCAL)
    assert dumped(kept_in) == before
    assert not kept_in.earlier_files()


def test_who_comes_second_finds_all_of_it_once(folder: Path, kept_in: Database) -> None:
    address = "" if kept_in.file else address_of(kept_in.engine.url)
    both = [Database(folder, address) for _ in range(2)]
    with ThreadPoolExecutor(max_workers=2) as threads:
        found = list(threads.map(lambda one: of(LOCAL, one).users(), both))
    assert found == [(ELS, LOCAL)] * 2
    assert len(earlier_version.copies(folder)) == 2
    assert len(feedback.read(kept_in)) == 2
    for one in both:
        one.engine.dispose()


def _refuses(_: Path, __: Path) -> None:
    raise PermissionError(13, "Permission denied")


def test_what_cannot_be_read_is_counted_told_and_stays_in_the_copy(
    folder: Path, kept_in: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    unreadable = "UPDATE exchanges SET exchange = '{\"id\": 1}' WHERE question = ?"
    changed(folder / FILES[0], unreadable, TRAIN)
    changed(folder / FILES[0], "UPDATE notes SET note = 'no JSON'")
    changed(folder / FILES[1], "UPDATE feedback SET feedback = '[]' WHERE rowid = 1")
    (check,) = (check for check in CHECKS if check.name == "database")
    finding = examined(check, settings)
    assert finding
    assert finding.level == "warning"
    assert f"not taken over yet: {folder / FILES[0]}, {folder / FILES[1]}" in finding.found
    assert of(LOCAL, kept_in).users() == (LOCAL,)
    assert "conversations.sqlite of version 0.1.0 is taken over: 3 answers" in caplog.text
    assert "; 2 that cannot be read are only in its copy" in caplog.text
    assert TRAIN not in caplog.text
    (copy,) = earlier_version.copies(folder, FILES[0])
    assert b"no JSON" in copy.read_bytes()

    finding = examined(check, settings)
    assert finding
    assert finding.level == "warning"
    assert f"{copy} (3 taken over, 2 unreadable; kept until " in finding.found
    assert "(1 taken over, 1 unreadable" in finding.found
    assert "remove these copies" in finding.remedy
    for copy in earlier_version.copies(folder):
        copy.unlink()
    finding = examined(check, settings)
    assert finding
    assert finding.level == "ok"


def test_verdicts_of_the_first_kind_are_read_and_name_no_maintainer(
    folder: Path, kept_in: Database
) -> None:
    changed(
        folder / FILES[1],
        "UPDATE feedback SET feedback = json_set(json_remove(feedback, '$.scope'), "
        "'$.areas', json('[\"drugs\"]'), '$.by', 'Mevrouw Jansen')",
    )
    changed(folder / FILES[1], "PRAGMA user_version = 0")
    verdicts = feedback.read(kept_in)
    assert [verdict.scope.areas for verdict in verdicts] == [("drugs",)] * 2
    assert "Jansen" not in dumped(kept_in)


def first_answer(kept_in: Database) -> Answer:
    """The first answer of the conversation on heroin."""
    store = of(LOCAL, kept_in)
    (listed,) = store.listed("heroïne")
    conversation = store.find(listed.id)
    assert conversation
    answer = conversation.exchanges[0].answer
    assert answer
    return answer


def test_answers_of_before_places_of_markers_are_read(folder: Path, kept_in: Database) -> None:
    changed(
        folder / FILES[0],
        "UPDATE exchanges SET exchange = json_remove(exchange, '$.answer.markers')",
    )
    answer = first_answer(kept_in)
    assert [marker.number for marker in answer.markers[0]] == [1, 1, 1]


def test_what_a_model_wrote_is_checked_or_stands_apart(folder: Path, kept_in: Database) -> None:
    changed(
        folder / FILES[0],
        "UPDATE exchanges SET exchange = json_set(exchange, '$.answer.mode', 'generative', "
        "'$.answer.withheld', json('[\"Misschien.\"]'), '$.answer.contradicted', json('[\"1\"]'))",
    )
    answer = first_answer(kept_in)
    assert answer.blocks[0].sentences[0].status == "confirmed"
    assert answer.unconfirmed == ("Misschien.",)
    assert [left_out.text for left_out in answer.left_out] == ["1"]


def test_of_files_without_some_tables_the_others_are_taken_over(
    folder: Path, kept_in: Database, settings: Settings
) -> None:
    for table in ("shares", "notes"):  # which the first files have not
        changed(folder / FILES[0], f"DROP TABLE {table}")
    (folder / FILES[1]).write_bytes(b"")
    assert feedback.read(kept_in) == ()
    assert of(LOCAL, kept_in).users() == (ELS, LOCAL)
    assert not kept_in.earlier_files()
    personal_data.forget(settings)
    assert set(personal_data.people(settings)) == {ELS, LOCAL}
    personal_data.erase(settings, personal_data.conversations_of(settings, ELS))
    assert set(personal_data.people(settings)) == {LOCAL}
    assert TRAIN.encode() not in earlier_version.copies(folder)[0].read_bytes()


def test_a_damaged_file_is_refused_with_what_to_do(folder: Path, kept_in: Database) -> None:
    (folder / FILES[1]).write_bytes(b"no database at all")
    with pytest.raises(StrategiewijzerError, match=r"cannot be taken over.*put it elsewhere"):
        feedback.read(kept_in)
    (folder / FILES[1]).rename(folder / "elsewhere")
    assert of(LOCAL, kept_in).users() == (ELS, LOCAL)


def test_a_file_that_is_in_use_is_refused(
    folder: Path, kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_version, "PATIENCE", 0.0)
    with closing(sqlite3.connect(folder / FILES[0])) as in_use:
        in_use.execute("BEGIN IMMEDIATE")
        with pytest.raises(StrategiewijzerError, match="Stop the app of that version"):
            of(LOCAL, kept_in).users()
        assert (folder / FILES[0]).exists()


def test_erasing_a_person_reaches_the_copies(
    folder: Path, kept_in: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = personal_data.conversations_of(settings, ELS)
    for conversation in store.listed():
        store.delete(conversation.id)  # what is in the copies alone can be erased too
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(folder))
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", settings.database_url.get_secret_value())
    listed = CliRunner().invoke(command, ["people", "list"]).output
    assert f"{ELS}: only in a copy of what version 0.1.0 kept\n" in listed
    erasing = ("people", "erase", ELS, "--yes")
    assert CliRunner().invoke(command, erasing).exit_code == 0
    told = CliRunner().invoke(command, erasing)
    assert told.exit_code == 1
    assert "Nothing is kept" in told.stderr
    content = b"".join(copy.read_bytes() for copy in earlier_version.copies(folder))
    assert TRAIN.encode() not in content
    assert b"idp.example" not in content
    assert b"Te kort." not in content
    assert MARKET.encode() in content
    assert b"Precies wat ik zocht." in content
    database(Settings()).engine.dispose()


def test_who_dealt_with_a_verdict_goes_from_the_copies(
    folder: Path, kept_in: Database, settings: Settings
) -> None:
    signed = "UPDATE feedback SET feedback = json_set(feedback, '$.by', ?)"
    changed(folder / FILES[1], signed, ELS)
    assert {verdict.by for verdict in feedback.read(kept_in)} == {ELS}
    personal_data.erase(settings, personal_data.conversations_of(settings, ELS))
    (copy,) = earlier_version.copies(folder, FILES[1])
    assert b"idp.example" not in copy.read_bytes()
    assert b"Precies wat ik zocht." in copy.read_bytes()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the clock of what forgets copies so many days on."""
    day = earlier_version.today()

    def move(days: int) -> None:
        monkeypatch.setattr(earlier_version, "today", lambda: day + datetime.timedelta(days=days))

    return move


def test_what_is_old_goes_from_the_copies_and_then_they_go(
    folder: Path, kept_in: Database, settings: Settings, later: Callable[[int], None]
) -> None:
    old = "UPDATE conversations SET changed = unixepoch('2026-01-01') WHERE name = 'Drugsagenda'"
    changed(folder / FILES[0], old)
    changed(folder / FILES[0], "UPDATE notes SET changed = unixepoch('2026-01-01')")
    changed(
        folder / FILES[1],
        "UPDATE feedback SET feedback = json_set(feedback, '$.date', '2026-01-01T09:00:00Z') "
        "WHERE feedback LIKE '%Precies%'",
    )
    assert of(LOCAL, kept_in).users() == (ELS, LOCAL)
    days = (datetime.datetime.now(datetime.UTC).date() - datetime.date(2026, 1, 1)).days - 1
    short = settings.model_copy(update={"keep_conversations": days, "keep_feedback": days + 1})
    personal_data.forget(settings)
    conversations, verdicts = (copy.read_bytes() for copy in earlier_version.copies(folder))
    assert MARKET.encode() in conversations
    personal_data.forget(short)
    conversations, verdicts = (copy.read_bytes() for copy in earlier_version.copies(folder))
    assert MARKET.encode() not in conversations
    assert b"Voor de notitie" not in conversations
    assert TRAIN.encode() in conversations
    assert b"Precies" in verdicts
    later(1)
    personal_data.forget(short)
    (_, verdicts) = (copy.read_bytes() for copy in earlier_version.copies(folder))
    assert b"Precies" not in verdicts
    assert b"Te kort." in verdicts
    later(days)
    personal_data.forget(short)
    (left,) = earlier_version.copies(folder)
    assert left.name.startswith(FILES[1])
    later(days + 1)
    personal_data.forget(short)
    assert earlier_version.copies(folder) == ()


def test_what_is_called_almost_like_a_copy_is_left_alone(
    folder: Path, kept_in: Database, settings: Settings
) -> None:
    names = (f"{FILES[0]}.taken-over-by-els", f"{FILES[0]}.taken-over-2026-13-01")
    for name in names:
        (folder / name).write_text("x")
    (folder / f"{FILES[0]}.taken-over-2020-01-01").symlink_to(folder / names[0])
    personal_data.forget(settings.model_copy(update={"keep_conversations": 0}))
    assert [name for name in names if (folder / name).exists()] == list(names)
    assert (folder / f"{FILES[0]}.taken-over-2020-01-01").is_symlink()
