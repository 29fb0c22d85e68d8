"""Backup and restore: what is kept, while the app runs, and nothing but whole."""

import datetime
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chain.assistant import Assistant
from command.__main__ import app
from command.backup import FORMAT, Restored, back_up, kept_elsewhere, restore
from core.errors import ArchiveError, LockedError, StoreError, StrategiewijzerError
from core.settings import Settings
from ingest.publishing.lock import exclusive
from people.api_keys import kept as kept_keys
from people.api_keys import make, revoke
from people.database import FILE, database
from people.feedback import read
from tests.support.browser import free_port
from vectorstore.generations import Generations

_YEAR = datetime.timedelta(days=365)
QUESTION = "Hoeveel is de drugsmarkt in Europa waard?"


@pytest.fixture(scope="module")
def kept(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An index over the briefs, and what belongs and does not belong into a backup."""
    place = tmp_path_factory.mktemp("kept")
    documents, without = place / "documents", shutil.ignore_patterns(f"{FILE}*", "runs")
    data = Path(shutil.copytree(settings.data_dir, place / "data", ignore=without))
    for name, content in {
        "runs/20260101/results.json": "{}",
        "people.sqlite-journal": "not a part",
        ".env": "STRATEGIEWIJZER_OPENAI_API_KEY=sk-planted",
        "secrets.toml": 'cookie_secret = "sk-planted"',
        "ingest.owner": "this machine",
    }.items():
        file = data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    (documents / "official").mkdir(parents=True)
    (documents / "official" / "Verordening (EU) 2021⁄1.txt").write_text("Artikel 1", "utf-8")
    Path(os.fsdecode(os.fsencode(documents) + b"/old-\xe9.txt")).write_bytes(b"latin")
    (documents / "link.txt").symlink_to(data / ".env")
    with closing(sqlite3.connect(data / "people.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pairs (one INTEGER, other INTEGER)")
        connection.commit()
    return settings.model_copy(update={"data_dir": data, "documents_dir": documents})


@pytest.fixture(scope="module")
def backup(kept: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "backup.zip"
    back_up(kept, file)
    return file


def _elsewhere(settings: Settings, place: Path) -> Settings:
    return settings.model_copy(
        update={"data_dir": place / "data", "documents_dir": place / "documents"}
    )


@contextmanager
def _writing_pairs(database: Path) -> Iterator[list[int]]:
    """Somebody writes pairs, each in one transaction, as long as the block runs."""
    ends, written = threading.Event(), list[int]()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            for number in range(1_000_000):
                if ends.is_set():
                    return
                connection.execute("INSERT INTO pairs VALUES (?, 0)", (number,))
                connection.execute("UPDATE pairs SET other = one WHERE one = ?", (number,))
                connection.commit()
                written.append(number)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        ends.set()
        thread.join()


def test_a_backup_is_restored_as_it_was_while_somebody_wrote(
    kept: Settings, tmp_path: Path
) -> None:
    file, there = tmp_path / "backup.zip", _elsewhere(kept, tmp_path)
    with _writing_pairs(kept.data_dir / "people.sqlite") as written:
        made = back_up(kept, file)
    assert len(written) > 10
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert restore(there, file) == Restored(put_aside=())
    with closing(sqlite3.connect(there.data_dir / "people.sqlite")) as connection:
        pairs = connection.execute("SELECT one, other FROM pairs").fetchall()
    assert pairs == [(number, number) for number in range(len(pairs))]
    assert 0 < len(pairs) <= len(written)
    assert Assistant(there).ask(QUESTION).text == Assistant(kept).ask(QUESTION).text
    found = {path.relative_to(kept.documents_dir) for path in kept.documents_dir.rglob("*")}
    again = {path.relative_to(there.documents_dir) for path in there.documents_dir.rglob("*")}
    assert again == found - {Path("link.txt")}
    assert (there.data_dir / "runs/20260101/results.json").read_text("utf-8") == "{}"
    assert made.left_out == (
        str(kept.data_dir / "secrets.toml"),
        str(kept.documents_dir / "link.txt"),
    )
    for path in (there.data_dir, there.data_dir / "people.sqlite", there.documents_dir):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_no_secret_and_nothing_of_this_machine_is_in_it(backup: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        names = archive.namelist()
        assert not any(b"sk-planted" in archive.read(name) for name in names)
    assert sorted(name for name in names if name.startswith("data/")) == [
        "data/people.sqlite",
        "data/runs/20260101/results.json",
    ]
    assert "generation.zip" in names


def test_what_is_there_is_replaced_only_when_told_to_and_put_aside(
    backup: Path, kept: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _elsewhere(kept, tmp_path)
    there.data_dir.mkdir()
    (there.data_dir / "mine").write_text("before", "utf-8")
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(there.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_DOCUMENTS_DIR", str(there.documents_dir))
    refused = CliRunner().invoke(app, ["restore", str(backup)])
    assert refused.exit_code == 1
    assert f"restore {backup} --yes" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    done = CliRunner().invoke(app, ["restore", str(backup), "--yes"])
    assert done.exit_code == 0, done.output
    (aside,) = tmp_path.glob("data.before-*")
    assert str(aside) in done.output
    assert (aside / "mine").read_text("utf-8") == "before"
    assert not (there.data_dir / "mine").exists()


def test_a_key_that_was_revoked_since_the_backup_stays_revoked(tmp_path: Path) -> None:
    here = Settings(data_dir=tmp_path / "data", documents_dir=tmp_path / "documents")
    environment = {
        "STRATEGIEWIJZER_DATA_DIR": str(here.data_dir),
        "STRATEGIEWIJZER_DOCUMENTS_DIR": str(here.documents_dir),
    }

    def restored(file: Path) -> Result:
        return CliRunner(env=environment).invoke(app, ["restore", str(file), "--yes"])

    lost, used = (make(here, name, ("ask",), "reader", _YEAR)[1].id for name in ("lost", "used"))
    back_up(here, tmp_path / "backup.zip")
    assert revoke(here, lost)
    done = restored(tmp_path / "backup.zip")
    assert done.exit_code == 0, done.output
    assert f"stay so: {lost}\n" in done.stdout
    assert [key.id for key in kept_keys(here) if key.revoked] == [lost]
    assert {key.id for key in kept_keys(here)} == {lost, used}

    (here.data_dir / FILE).write_bytes(b"no database" * 100)
    done = restored(tmp_path / "backup.zip")
    assert done.exit_code == 0, done.output
    assert "are valid again" in done.stderr
    assert "keys list" in done.stderr
    assert [key.id for key in kept_keys(here) if key.revoked] == []


def _with(file: Path, to: Path, members: Mapping[str, bytes], *, without: str = "") -> Path:
    """A copy of an archive with other members and the right checksums."""
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    del contents["SHA256SUMS"]
    contents = {name: data for name, data in {**contents, **members}.items() if name != without}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {n}\n" for n, data in contents.items())
    with zipfile.ZipFile(to, "w") as archive:
        for name, data in {**contents, "SHA256SUMS": sums.encode()}.items():
            archive.writestr(name, data)
    return to


def _refused(file: Path, settings: Settings, place: Path, told: str) -> None:
    there = _elsewhere(settings, place)
    there.data_dir.mkdir()
    (there.data_dir / "mine").write_text("before", "utf-8")
    with pytest.raises(StrategiewijzerError, match=told):
        restore(there, file)
    names = {path.name for path in place.rglob("*")} - {"ingest.publishing.lock", "ingest.holder"}
    assert names - {file.name} == {"data", "mine"}


@pytest.mark.parametrize(
    "name",
    [
        "data/../../outside",
        "data/%2e%2e/%2E%2E/outside",
        "/data/outside",
        "data//outside",
        "outside",
        "data/",
        "data/a%00b",
        "generation.zip/../../outside",
        "..",
    ],
)
def test_a_path_that_leads_out_is_refused(
    backup: Path, kept: Settings, tmp_path: Path, name: str
) -> None:
    file = _with(backup, tmp_path / "evil.zip", {name: b"evil"})
    _refused(file, kept, tmp_path, "has the name")


@pytest.mark.parametrize(
    ("members", "without", "told"),
    [
        ({"format.json": json.dumps({**FORMAT, "version": 2}).encode()}, "", "later version"),
        ({"format.json": b"[1]"}, "", "its format is"),
        ({"format.json": b"{"}, "", "no backup"),
        ({}, "format.json", "right parts"),
        ({"generation.zip": b"PK no archive"}, "", "not an exported generation"),
        ({"data/people.sqlite": b"no database" * 100}, "", "people.sqlite is damaged"),
        ({"data/a": b"", "data/a/b": b""}, "", "cannot be read or unpacked"),
    ],
)
def test_a_backup_that_is_not_in_form_changes_nothing(
    backup: Path,
    kept: Settings,
    tmp_path: Path,
    members: Mapping[str, bytes],
    without: str,
    told: str,
) -> None:
    file = _with(backup, tmp_path / "other.zip", members, without=without)
    _refused(file, kept, tmp_path, told)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_backup_that_is_cut_off_changes_nothing(
    backup: Path, kept: Settings, tmp_path: Path, share: float
) -> None:
    whole = backup.read_bytes()
    file = tmp_path / "cut.zip"
    file.write_bytes(whole[: int(share * len(whole))])
    _refused(file, kept, tmp_path, "damaged, or no backup")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.97])
def test_a_backup_with_one_other_byte_changes_nothing(
    backup: Path, kept: Settings, tmp_path: Path, place: float
) -> None:
    content = bytearray(backup.read_bytes())
    content[int(place * len(content))] ^= 0xFF
    file = tmp_path / "flipped.zip"
    file.write_bytes(content)
    _refused(file, kept, tmp_path, "damaged, or no backup")


def test_a_member_that_its_checksums_do_not_name_is_refused(
    backup: Path, kept: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "more.zip"
    file.write_bytes(backup.read_bytes())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("data/more", b"more")
    _refused(file, kept, tmp_path, "does not fit its checksum")


def test_a_server_that_does_not_take_the_index_leaves_all_as_it_was(
    backup: Path, kept: Settings, tmp_path: Path
) -> None:
    unreachable = kept.model_copy(update={"chroma_url": f"http://127.0.0.1:{free_port()}"})
    _refused(backup, unreachable, tmp_path, "No Chroma server answers")


def test_an_index_of_another_embedder_leaves_all_as_it_was(
    backup: Path, kept: Settings, tmp_path: Path
) -> None:
    other = kept.model_copy(update={"embeddings_url": "http://127.0.0.1:9/v1"})
    _refused(backup, other, tmp_path, "cannot be searched")


def test_an_older_backup_stays_until_the_new_one_is_whole(kept: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    file.write_bytes(b"the one of yesterday")
    broken = kept.data_dir / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 100)
    try:
        with pytest.raises(ArchiveError, match="cannot be written"):
            back_up(kept, file)
    finally:
        broken.unlink()
    assert file.read_bytes() == b"the one of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["backup.zip"]
    with pytest.raises(ArchiveError, match="Name a file in a folder"):
        back_up(kept, tmp_path / "nowhere" / "backup.zip")


def test_no_backup_is_made_of_an_index_that_is_just_being_changed(
    kept: Settings, tmp_path: Path
) -> None:
    with exclusive(kept.data_dir), pytest.raises(LockedError):
        back_up(kept, tmp_path / "backup.zip")


def test_what_was_never_ingested_can_be_backed_up(tmp_path: Path) -> None:
    before = Settings(data_dir=tmp_path / "a/data", documents_dir=tmp_path / "a/documents")
    assert back_up(before, tmp_path / "empty.zip").generation == ""
    after = _elsewhere(before, tmp_path / "b")
    assert restore(after, tmp_path / "empty.zip") == Restored(put_aside=())
    assert read(database(after)) == ()
    assert not (after.data_dir / FILE).exists()
    with pytest.raises(StrategiewijzerError, match="no index"):
        Generations(after).current()


def test_folders_in_each_other_and_texts_elsewhere_are_told(tmp_path: Path) -> None:
    inside = Settings(data_dir=tmp_path, documents_dir=tmp_path / "documents")
    with pytest.raises(StrategiewijzerError, match="two folders apart"):
        back_up(inside, tmp_path / "backup.zip")
    other = Settings(corpus_dirs=(tmp_path / "texts",))
    assert kept_elsewhere(other) == [
        f"Not in it: the source texts in {tmp_path / 'texts'}. Copy them yourself."
    ]


def test_a_store_that_is_damaged_is_no_backup(kept: Settings, tmp_path: Path) -> None:
    empty = kept.model_copy(update={"data_dir": tmp_path / "data"})
    (tmp_path / "data" / "chroma").mkdir(parents=True)
    (tmp_path / "data" / "chroma" / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        back_up(empty, tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()
