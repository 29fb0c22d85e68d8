"""The database of what is kept of people: its versions, the files before it, servers that stop."""

import datetime
import sqlite3
import ssl
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import event
from typer.testing import CliRunner

from command.__main__ import app as command
from command.doctor import CHECKS, examined
from core.errors import SettingsError, StrategiewijzerError
from core.settings import ROOT, Settings
from tests.support.apart import at_once
from tests.support.browser import free_port
from tests.support.databases import PASSWORD, Postgresql, address_of, dumped
from tests.support.people import NOON, answer, note, talk, verdict
from userdata import asked_questions, feedback
from userdata.api_keys import found, hash_of, make
from userdata.audit import keep
from userdata.audit_check import verify_store
from userdata.conversation import Conversation, Exchange, now
from userdata.conversations import CONVERSATIONS, Conversations
from userdata.database import FILE, Database, database
from userdata.earlier_files import OldFile
from userdata.tables import VERSION_TABLE, alembic_config, known_tables, version_of, versions

# The tables of version 0.1.0, by the number of each of its changes.
OLD_TABLES = (
    """
CREATE TABLE conversations (
    user TEXT, id TEXT, name TEXT NOT NULL, changed REAL NOT NULL, PRIMARY KEY (user, id)
);
CREATE TABLE exchanges (
    user TEXT, conversation TEXT, id TEXT, asked REAL NOT NULL,
    question TEXT NOT NULL, words TEXT NOT NULL, exchange TEXT NOT NULL,
    PRIMARY KEY (user, conversation, id),
    FOREIGN KEY (user, conversation) REFERENCES conversations ON DELETE CASCADE
);""",
    """
CREATE TABLE shares (
    user TEXT, conversation TEXT, token TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (user, conversation),
    FOREIGN KEY (user, conversation) REFERENCES conversations ON DELETE CASCADE
);""",
    """
CREATE TABLE notes (
    user TEXT, id TEXT, changed REAL NOT NULL, note TEXT NOT NULL, PRIMARY KEY (user, id)
);""",
)
ASKED = talk("Wat is EMPACT?", "En de Tulpenlijst\0?", name="Criminéle netwerken")
REFUSED = Conversation(
    exchanges=(
        Exchange(question="hallo", answer=answer().model_copy(update={"answered": False})),
        Exchange(question="Wat is SEESAC?", answer=answer()),
        Exchange(question="En nu?"),
    )
)


def old_conversations(folder: Path, version: int = 3) -> Path:
    """A file as version 0.1.0 or one before it kept it."""
    folder.mkdir(exist_ok=True)
    path, kept = folder / "conversations.sqlite", note()
    ends = (now() + datetime.timedelta(days=1)).timestamp()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("".join(OLD_TABLES[:version]))
        connection.execute(f"PRAGMA user_version = {version}")
        rows: list[tuple[object, ...]] = []
        for talked in (ASKED, REFUSED):
            key = ("an", talked.id)
            rows.append(("conversations", *key, talked.name, talked.changed.timestamp()))
            for one in talked.exchanges:
                told = (one.question, one.question.lower(), one.model_dump_json(round_trip=True))
                rows.append(("exchanges", *key, one.id, one.asked.timestamp(), *told))
        if version > 1:
            rows.append(("shares", "an", ASKED.id, "hash", ends))
        if version > 2:
            told = (kept.id, kept.changed.timestamp(), kept.model_dump_json())
            rows.append(("notes", "an", *told))
        for table, *row in rows:
            places = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608 - ours
        connection.commit()
    return path


def old_feedback(folder: Path, version: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "feedback.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE feedback (id TEXT PRIMARY KEY, feedback TEXT NOT NULL)")
        connection.execute(f"PRAGMA user_version = {version}")
        given = verdict(1, handled=NOON, by="Maud")
        row = (given.id, given.model_dump_json())
        connection.execute("INSERT INTO feedback VALUES (?, ?)", row)
        connection.commit()
    return path


def folder_of(kept_in: Database) -> Path:
    assert kept_in.folder
    return kept_in.folder


def an(kept_in: Database) -> Conversations:
    return Conversations("an", kept_in, days=90)


def test_tables_and_migrations_agree(kept_in: Database) -> None:
    """Where this fails: python -m userdata.migrations WHAT (CONTRIBUTING.md)."""
    an(kept_in).listed()
    with kept_in.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        lacking = compare_metadata(context, known_tables())
        code = lacking and render_python_code(
            produce_migrations(context, known_tables()).upgrade_ops
        )
        assert lacking == [], f"python -m userdata.migrations WHAT would write:\n{code}"


def test_the_versions_are_one_row_and_the_files_named_by_them() -> None:
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    assert scripts.get_heads() == [versions()[-1]]
    assert [script.revision for script in scripts.walk_revisions()] == list(versions()[::-1])
    assert list(versions()) == [f"{number:04}" for number in range(1, len(versions()) + 1)]


def test_what_a_later_version_wrote_is_refused_and_left_alone(kept_in: Database) -> None:
    asked = talk("Wat is EMPACT?")
    an(kept_in).put(asked)
    with kept_in.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people_version SET version_num = '0999'")
    before = dumped(kept_in)
    for use in (an(kept_in).listed, lambda: an(kept_in).put(asked), an(kept_in).delete_all):
        with pytest.raises(StrategiewijzerError, match=r"later version.*0999.*Use that version"):
            use()
    old_conversations(folder_of(kept_in))
    with pytest.raises(StrategiewijzerError, match="later version"):
        an(kept_in).listed()
    assert dumped(kept_in) == before
    assert (folder_of(kept_in) / "conversations.sqlite").exists()


def test_a_failed_upgrade_changes_nothing(
    kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = old_conversations(folder_of(kept_in))
    content = old.read_bytes()

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(OldFile, "copy_to", fails)
    with pytest.raises(StrategiewijzerError, match="cannot be taken over: disk I/O error"):
        an(kept_in).listed()
    assert old.read_bytes() == content
    with kept_in.engine.connect() as connection:
        assert version_of(connection) is None
    monkeypatch.undo()
    assert len(an(kept_in).listed()) == 2


@pytest.mark.parametrize("version", [1, 2, 3])
def test_conversations_of_versions_before_are_taken_over(kept_in: Database, version: int) -> None:
    old = old_conversations(folder_of(kept_in), version)
    mine = an(kept_in)
    assert mine.find(ASKED.id) == ASKED
    assert mine.find(REFUSED.id) == REFUSED
    titles = {listed.id: listed.title for listed in mine.listed()}
    assert titles == {ASKED.id: "Criminéle netwerken", REFUSED.id: "Wat is SEESAC?"}
    assert [listed.id for listed in mine.listed("CRIMINELE tulpenlijst")] == [ASKED.id]
    assert [one.id for one in mine.notes()] == ([note().id] if version > 2 else [])
    assert not old.exists()
    mine.delete_all()
    assert mine.listed() == ()


@pytest.mark.parametrize(("version", "by"), [(0, ""), (1, "Maud")])
def test_feedback_of_the_version_before_is_kept(kept_in: Database, version: int, by: str) -> None:
    old = old_feedback(folder_of(kept_in), version)
    assert kept_in.is_there
    assert feedback.read(kept_in) == (verdict(1, handled=NOON, by=by),)
    assert not old.exists()


@pytest.mark.parametrize("path", ["conversations.sqlite", "feedback.sqlite"])
def test_an_old_file_that_cannot_be_read_is_left_alone(kept_in: Database, path: str) -> None:
    folder = folder_of(kept_in)
    folder.mkdir()
    (folder / path).write_text("geen database " * 100)
    with pytest.raises(StrategiewijzerError, match=rf"{path} cannot be taken over: file is not a"):
        an(kept_in).listed()
    (folder / path).unlink()
    with closing(sqlite3.connect(folder / path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StrategiewijzerError, match=rf"{path} was written by a later version"):
        an(kept_in).listed()
    assert (folder / path).exists()


def test_a_crash_after_the_commit_loses_nothing_and_brings_nothing_back(
    kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = old_conversations(folder_of(kept_in))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(OldFile, "erase", crash)
    with pytest.raises(KeyboardInterrupt):
        an(kept_in).listed()
    assert old.exists()
    monkeypatch.undo()
    an(kept_in).rename(ASKED.id, "Nieuw")  # the file is gone before anything else is done
    assert not old.exists()
    assert {listed.title for listed in an(kept_in).listed()} == {"Nieuw", "Wat is SEESAC?"}


def test_what_is_taken_over_is_erased_before_its_file_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = old_conversations(tmp_path)
    assert b"Tulpenlijst" in old.read_bytes()
    left: list[bytes] = []
    remove = Path.unlink

    def look(path: Path, missing_ok: bool = False) -> None:
        with path.open("rb") as file:
            left.append(file.read())
        remove(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", look)
    an(Database(tmp_path)).listed()
    assert len(left) == 1
    assert b"Tulpenlijst" not in left[0]
    assert {path.name for path in tmp_path.iterdir()} == {FILE}


def test_several_processes_that_start_at_once_upgrade_once(kept_in: Database) -> None:
    old_conversations(folder_of(kept_in))
    old_feedback(folder_of(kept_in))
    script = (
        "import sys; from pathlib import Path\n"
        "from userdata.conversation import Conversation, Exchange\n"
        "from userdata.conversations import Conversations\n"
        "from userdata.database import Database\n"
        "store = Conversations('an', Database(Path(sys.argv[1]), sys.argv[2]), 90)\n"
        "assert len(store.listed()) >= 2\n"
        "store.put(Conversation(exchanges=(Exchange(question='?'),)))\n"
    )
    address = address_of(kept_in.engine.url)
    given = [str(kept_in.folder), "" if kept_in.file else address]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, *given], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    told = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], told
    assert len(an(kept_in).listed()) == 6
    assert len(feedback.read(kept_in)) == 1


def test_threads_that_use_it_first_at_once_upgrade_once(kept_in: Database) -> None:
    at_once(lambda number: an(kept_in).put(talk(f"Vraag {number}")), range(8))
    assert len(an(kept_in).listed()) == 8


def test_a_write_may_rest_on_what_it_read(kept_in: Database) -> None:
    """As a chain of records does: one writer at a time, and each sees what the one before wrote."""
    an(kept_in).put(Conversation(id="c", name="0"))

    def count(_: int) -> None:
        for _ in range(10):
            with kept_in.transaction("Test") as connection:
                seen = connection.scalar(sqlalchemy.select(CONVERSATIONS.c.name))
                connection.execute(sqlalchemy.update(CONVERSATIONS).values(name=str(int(seen) + 1)))

    at_once(count, range(4))
    assert an(kept_in).listed()[0].title == "40"


def test_a_block_that_fails_leaves_all_as_it_was(kept_in: Database) -> None:
    asked = talk("Een", "Twee")
    an(kept_in).put(asked)
    before = dumped(kept_in)
    with pytest.raises(ZeroDivisionError), kept_in.transaction("Test") as connection:  # noqa: PT012
        connection.execute(sqlalchemy.delete(CONVERSATIONS))
        _ = 1 / 0
    assert dumped(kept_in) == before


def test_an_error_repeats_nothing_of_what_was_asked(kept_in: Database) -> None:
    an(kept_in).listed()
    row = {"user": "an", "id": "Tulpenlijst", "name": None, "plain_name": "", "changed": 0.0}
    with (
        pytest.raises(StrategiewijzerError) as caught,
        kept_in.transaction("Conversations") as connection,
    ):
        connection.execute(sqlalchemy.insert(CONVERSATIONS), row)
    assert "Conversations" in str(caught.value)
    assert "Tulpenlijst" not in "".join(traceback.format_exception(caught.value))


def test_the_command_brings_it_up_to_date(
    kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(code: int) -> str:
        result = CliRunner().invoke(command, ["database", "upgrade"])
        assert result.exit_code == code, result.output
        assert PASSWORD not in result.output
        return result.output

    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(kept_in.folder))
    if not kept_in.file:
        address = address_of(kept_in.engine.url)
        monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", address)
    old = old_feedback(folder_of(kept_in))
    assert told(0).endswith(f": tables {versions()[-1]}\n")
    assert not old.exists()
    with kept_in.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people_version SET version_num = '0999'")
    assert "later version" in told(1)
    database(Settings()).engine.dispose()


# PostgreSQL alone


@pytest.fixture
def served(postgresql: Postgresql, tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "data", postgresql.new_database())
    yield found
    found.engine.dispose()


def test_folders_share_a_server(postgresql: Postgresql, tmp_path: Path, served: Database) -> None:
    address = SecretStr(address_of(served.engine.url))
    hosts = [Settings(data_dir=tmp_path / name, database_url=address) for name in "ab"]
    asked = talk("Wat is EMPACT?")
    an(database(hosts[0])).put(asked)
    assert an(database(hosts[1])).find(asked.id) == asked
    assert not (tmp_path / "a").exists()
    for host in hosts:
        database(host).engine.dispose()


def test_what_one_machine_kept_goes_to_a_server_whole(
    tmp_path: Path, postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Settings(data_dir=tmp_path / "data", audit=True)
    file, talked = database(here), talk("Wat is EMPACT?", "En \0 Europol?")
    Conversations("an", file, 90).put(talked)
    Conversations("an", file, 90).put_note(note())
    Conversations("bo", file, 90).put(talk(*(f"Vraag {number}?" for number in range(450))))
    feedback.save(file, verdict(1))
    key, _ = make(here, "another program", ("ask",), "reader", datetime.timedelta(days=1))
    keep(here, answer(), "an")
    keep(here, answer(), "bo")
    asked_questions.note(here, answer(), "an")
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(here.data_dir))
    result = CliRunner().invoke(command, ["database", "copy"])
    assert result.exit_code == 1
    assert "Set STRATEGIEWIJZER_DATABASE_URL" in result.stderr
    (check,) = (one for one in CHECKS if one.name == "database")
    assert (seen := examined(check, here)) is not None
    assert seen.level == "ok"

    url = postgresql.new_database()
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", url)
    result = CliRunner().invoke(command, ["database", "copy"])
    assert result.exit_code == 0, result.stderr
    assert "exchanges: 452\n" in result.stdout
    there = Settings()
    server = database(there)
    assert Conversations("an", server, 90).find(talked.id) == Conversations("an", file, 90).find(
        talked.id
    )
    assert dumped(server) == dumped(file).replace("\\x00", "")
    assert found(there, hash_of(key)) is not None
    assert verify_store(there).broken == ""
    for settings, level, told in ((here, "warning", "copied to a server"), (there, "ok", "")):
        assert (seen := examined(check, settings)) is not None
        assert (seen.level, told in seen.found) == (level, True)

    again = CliRunner().invoke(command, ["database", "copy"])
    assert again.exit_code == 1
    assert "keeps something already" in again.stderr
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path / "elsewhere"))
    nothing = CliRunner().invoke(command, ["database", "copy"])
    assert nothing.exit_code == 1
    assert "nothing to copy" in nothing.stderr
    server.engine.dispose()


def test_a_server_that_stops_and_comes_back_is_told_and_found_again(
    postgresql: Postgresql, served: Database
) -> None:
    mine, asked = an(served), talk("Wat is EMPACT?")
    mine.put(asked)
    postgresql.stop()
    postgresql.start()
    mine.put(asked)  # between two uses that costs nobody anything
    assert mine.find(asked.id) == asked
    postgresql.stop()
    try:
        with pytest.raises(StrategiewijzerError, match=r"cannot be read: PostgreSQL.*database che"):
            mine.listed()
        with pytest.raises(StrategiewijzerError, match=r"was not kept: PostgreSQL"):
            mine.put(talk("Wat is SEESAC?"))
    finally:
        postgresql.start()
    assert mine.find(asked.id) == asked
    mine.put(talk("Wat is SEESAC?"))
    assert len(mine.listed()) == 2


def restarted_at(server: Postgresql, database: Database, query: str) -> list[str]:
    """Restarts the server in the middle of the first query that begins so, which is then here."""
    seen: list[str] = []

    def restart(_connection: object, _cursor: object, told: str, *_: object) -> None:
        if told.startswith(query) and not seen:
            seen.append(told)
            server.stop()
            server.start()

    event.listen(database.engine, "before_cursor_execute", restart)
    return seen


def test_a_connection_lost_in_reading_is_renewed(postgresql: Postgresql, served: Database) -> None:
    mine, asked = an(served), talk("Wat is EMPACT?")
    mine.put(asked)
    restarts = restarted_at(postgresql, served, "SELECT conversations")
    assert mine.find(asked.id) == asked
    assert len(restarts) == 1


def test_a_connection_lost_while_writing_keeps_nothing_and_says_so(
    postgresql: Postgresql, served: Database
) -> None:
    mine = an(served)
    mine.put(talk("Wat is EMPACT?"))
    restarted_at(postgresql, served, "INSERT INTO exchanges")
    with pytest.raises(StrategiewijzerError, match="Conversations was not kept"):
        mine.put(talk("Wat is SEESAC?"))
    assert [listed.title for listed in mine.listed()] == ["Wat is EMPACT?"]


def test_a_commit_without_a_reply_is_in_doubt(postgresql: Postgresql, served: Database) -> None:
    an(served).listed()

    def restart(_: object) -> None:
        postgresql.stop()
        postgresql.start()

    event.listen(served.engine, "commit", restart)
    with pytest.raises(StrategiewijzerError, match="may or may not have been kept"):
        an(served).put(talk("Wat is SEESAC?"))


def test_a_writer_that_hangs_is_waited_for_no_longer_than_is_set(
    served: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from userdata import engines

    an(served).listed()
    monkeypatch.setattr(engines, "PATIENCE", 1.0)
    with (
        served.transaction("Test"),
        pytest.raises(StrategiewijzerError, match=r"was not kept.*lock timeout"),
    ):
        an(served).put(talk("Wat is SEESAC?"))


@pytest.mark.parametrize(
    "change",
    [
        {"password": "s3cret-wrong"},
        {"port": -1},
        {"database": "elsewhere"},
        {"query": {"sslmode": "verify-full"}},
    ],
)
def test_a_password_is_in_no_error(
    served: Database, tmp_path: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    change = {"port": free_port()} if change == {"port": -1} else change
    address = served.engine.url.set(**change)
    kept_in = Database(tmp_path, address.render_as_string(hide_password=False))
    with pytest.raises(StrategiewijzerError, match="PostgreSQL") as caught:
        an(kept_in).listed()
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret-wrong" not in told
    assert PASSWORD not in told
    assert PASSWORD not in caplog.text + repr(kept_in.engine) + kept_in.place


def _is_encrypted(address: str) -> bool:
    query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    engine = Database(None, address).engine
    with engine.connect() as connection:
        encrypted = bool(connection.exec_driver_sql(query).scalar())
    engine.dispose()
    return encrypted


def test_tls_is_checked_unless_the_address_says_otherwise(postgresql: Postgresql) -> None:
    here = postgresql.new_database().partition("?")[0]
    named = here.replace("127.0.0.1", "localhost")
    trusted = f"sslmode=verify-full&sslrootcert={postgresql.certificate}"
    assert _is_encrypted(f"{named}?{trusted}")
    assert _is_encrypted(f"{here}?sslmode=require")
    assert not _is_encrypted(here)  # on this machine nothing lies between
    for refused in (f"{named}?sslmode=verify-full", f"{here}?{trusted}"):  # unknown; another name
        with pytest.raises(ssl.SSLCertVerificationError):
            _is_encrypted(refused)


@pytest.mark.parametrize(
    ("address", "told"),
    [("mysql://u:t0p@h/db", "not one of PostgreSQL"), ("postgresql://u:t0p@ss@h/db", "%40")],
)
def test_an_address_that_is_none_is_refused_without_being_repeated(address: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        Settings(database_url=SecretStr(address))
    assert "t0p" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://host:t0p/db",
        "postgresql://u:t0p@h/db?no_such_option=1",
        "postgresql://u:t0p@h/db?sslmode=prefer",
        "postgresql://u:t0p@h/db?sslmode=verify-full&sslrootcert=/no/such/file",
    ],
)
def test_an_unusable_address_is_refused_and_not_repeated(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL") as caught:
        Database(tmp_path, address)
    assert "t0p" not in str(caught.value)
    assert "t0p" not in repr(Settings(database_url=SecretStr("postgresql://u:t0p@h/db")))
