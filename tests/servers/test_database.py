"""The database of what is kept of people: its versions, servers that stop."""

import datetime
import sqlite3
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import alembic.command
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
from core.settings import Settings
from tests.support.databases import PASSWORD, Postgresql, address_of, dumped
from tests.support.people import answer, note, talk, verdict
from userdata import asked_questions, feedback
from userdata.api_keys import found, hash_of, make
from userdata.audit import keep, verify_store
from userdata.conversations import CONVERSATIONS, Conversations
from userdata.database import (
    VERSION_TABLE,
    Database,
    alembic_config,
    database,
    known_tables,
    versions,
)


def an(kept_in: Database) -> Conversations:
    return Conversations("an", kept_in, days=90)


def test_tables_and_migrations_agree(kept_in: Database) -> None:
    """Where this fails it prints the migration that is to be written (CONTRIBUTING.md)."""
    an(kept_in).listed()
    with kept_in.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        lacking = compare_metadata(context, known_tables())
        operations = produce_migrations(context, known_tables()).upgrade_ops
        code = render_python_code(operations, render_as_batch=True)
        assert lacking == [], f"The next file of userdata/migrations/versions/ is to do:\n{code}"


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
    assert dumped(kept_in) == before


def test_a_failed_upgrade_changes_nothing(
    kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = alembic.command.upgrade

    def fails(*given: object) -> None:
        upgrade(*given)  # type: ignore[arg-type]
        raise sqlalchemy.exc.OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr(alembic.command, "upgrade", fails)
    with pytest.raises(StrategiewijzerError, match="disk I/O error"):
        an(kept_in).listed()
    assert kept_in.version() is None
    monkeypatch.undo()
    assert an(kept_in).listed() == ()


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
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(kept_in.folder))
    if not kept_in.file:
        address = address_of(kept_in.engine.url)
        monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", address)
    result = CliRunner().invoke(command, ["database", "upgrade"])
    assert result.output.endswith(f": tables {versions()[-1]}\n")
    assert PASSWORD not in result.output
    database(Settings()).engine.dispose()


# PostgreSQL alone


@pytest.fixture
def served(postgresql: Postgresql, tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "data", postgresql.new_database())
    yield found
    found.engine.dispose()


def copied(*, fails: bool = False) -> str:
    """What `database copy` prints, of errors if it is to fail."""
    result = CliRunner().invoke(command, ["database", "copy"])
    assert result.exit_code == fails, result.stderr
    return result.stderr if fails else result.stdout


def test_what_one_machine_kept_goes_to_a_server_whole(
    tmp_path: Path, postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Settings(data_dir=tmp_path / "data", audit=True)
    file, talked = database(here), talk("Wat is EMPACT?", "En \0 Europol?")
    Conversations("an", file, 90).put(talked)
    Conversations("an", file, 90).put_note(note())
    Conversations("bo", file, 90).put(talk(*(f"Vraag {number}?" for number in range(450))))
    feedback.save(file, verdict(1))
    key, _ = make(here, "another program", ("ask",), datetime.timedelta(days=1))
    keep(here, answer(), "an")
    keep(here, answer(), "bo")
    asked_questions.note(here, answer(), "an")
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(here.data_dir))
    assert "Set STRATEGIEWIJZER_DATABASE_URL" in copied(fails=True)
    (check,) = (check for check in CHECKS if check.name == "database")
    assert (seen := examined(check, here)) is not None
    assert seen.level == "ok"

    url = postgresql.new_database()
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", url)
    assert "exchanges: 452\n" in copied()
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

    assert "keeps something already" in copied(fails=True)
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path / "elsewhere"))
    assert "nothing to copy" in copied(fails=True)
    server.engine.dispose()


def test_a_server_that_stops_and_comes_back_is_told_and_found_again(
    postgresql: Postgresql, served: Database
) -> None:
    mine, asked = an(served), talk("Wat is EMPACT?")
    mine.put(asked)
    postgresql.restart()
    mine.put(asked)  # between two uses that costs nobody anything
    assert mine.find(asked.id) == asked
    postgresql.stop()
    try:
        with pytest.raises(StrategiewijzerError, match=r"cannot be read: PostgreSQL.*doctor"):
            mine.listed()
        with pytest.raises(StrategiewijzerError, match=r"was not kept: PostgreSQL"):
            mine.put(talk("Wat is SEESAC?"))
    finally:
        postgresql.start()
    assert mine.find(asked.id) == asked
    mine.put(talk("Wat is SEESAC?"))
    assert len(mine.listed()) == 2


def restarted_at(server: Postgresql, database: Database, beginning: str) -> list[str]:
    """Restarts the server in the middle of the first query that begins so; returns it, once run."""
    seen: list[str] = []

    def restart(_connection: object, _cursor: object, query: str, *_: object) -> None:
        if query.startswith(beginning) and not seen:
            seen.append(query)
            server.restart()

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

    event.listen(served.engine, "commit", lambda _: postgresql.restart())
    with pytest.raises(StrategiewijzerError, match="may or may not have been kept"):
        an(served).put(talk("Wat is SEESAC?"))


def test_a_writer_that_hangs_is_waited_for_no_longer_than_is_set(
    served: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    an(served).listed()
    monkeypatch.setattr("userdata.database.PATIENCE", 1.0)
    with (
        served.transaction("Test"),
        pytest.raises(StrategiewijzerError, match=r"was not kept.*lock timeout"),
    ):
        an(served).put(talk("Wat is SEESAC?"))


@pytest.mark.parametrize(
    "change",
    [
        {"password": "s3cret-wrong"},
        {"port": 1},
        {"database": "elsewhere"},
        {"query": {"sslmode": "verify-full"}},
    ],
)
def test_a_password_is_in_no_error(
    served: Database, tmp_path: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
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
    ("address", "problem"),
    [
        ("mysql://u:t0p@h/db", "not one of PostgreSQL"),
        ("postgresql://u:t0p@ss@h/db", "%40"),
        ("postgresql://host:t0p/db", "DATABASE_URL"),
        ("postgresql://u:t0p@h/db?no_such_option=1", "DATABASE_URL"),
        ("postgresql://u:t0p@h/db?sslmode=prefer", "DATABASE_URL"),
        ("postgresql://u:t0p@h/db?sslmode=verify-full&sslrootcert=/no/such/file", "DATABASE_URL"),
    ],
)
def test_an_unusable_address_is_refused_and_not_repeated(address: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        database(Settings(database_url=SecretStr(address)))
    assert "t0p" not in str(caught.value)
    assert "t0p" not in repr(Settings(database_url=SecretStr("postgresql://u:t0p@h/db")))
