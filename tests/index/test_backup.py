"""Backup and restore: what is kept, while the app runs, and nothing but whole."""

import datetime
import json
import os
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chain.assistant import Assistant
from command.__main__ import app
from command.backup import Restored, back_up, kept_elsewhere, restore
from core.command_line import BUSY
from core.errors import ArchiveError, LockedError, StrategiewijzerError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.lock import exclusive
from ingest.publishing.verify import verify
from tests.support.apart import apart
from tests.support.archives import KEPT, rewrite
from tests.support.browser import free_port
from tests.support.small import LIGHTHOUSES, Small
from tests.support.waiting import until
from ui import guard
from userdata.api_keys import kept as kept_keys
from userdata.api_keys import make, revoke
from userdata.database import FILE, database
from userdata.feedback import read
from vectorstore.embeddings import LocalEmbedder
from vectorstore.generations import Generations

_YEAR = datetime.timedelta(days=365)
OTHER_EMBEDDER = {"embeddings_url": f"http://127.0.0.1:{free_port()}"}
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
        until(lambda: bool(written), "a pair is written")
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
    assert restore(there, file) == Restored(has_index=True, put_aside=())
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
    outside = {name for name in names if not name.startswith(("data/chroma/", "documents/"))}
    assert outside == {"format.json", "data/people.sqlite", "data/runs/20260101/results.json"}
    assert "data/chroma/chroma.sqlite3" in names
    assert not any(name.endswith(("-wal", "-shm", "-journal")) for name in names)


def test_an_index_is_moved_to_another_machine_where_nothing_is_embedded(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = small({"lighthouses.en.md": LIGHTHOUSES})
    first = ingest(here).generation
    small({"lighthouses.en.md": LIGHTHOUSES.replace("31 lighthouses", "32 lighthouses")})
    ingest(here)
    back_up(here, tmp_path / "backup.zip")
    there = _elsewhere(here, tmp_path / "there")
    there = there.model_copy(update={"corpus_dirs": (there.documents_dir / "texts",)})

    with monkeypatch.context() as patch:
        patch.setattr(LocalEmbedder, "passages", None)  # a call would fail
        assert restore(there, tmp_path / "backup.zip").has_index
        shutil.copytree(here.corpus_dirs[0], there.corpus_dirs[0])
        report = ingest(there)

    assert (report.embedded, report.plan.added, report.plan.removed) == (0, (), ())
    asked = "How many lighthouses does the northern coast have?"
    assert "32 lighthouses" in Assistant(there).ask(asked).text
    assert verify(there).problems == ()
    assert Generations(there).rollback(first) == first  # earlier generations are moved too
    assert "31 lighthouses" in Assistant(there).ask(asked).text


@pytest.mark.parametrize("update", [{"chroma_url": "http://127.0.0.1:9"}, OTHER_EMBEDDER])
def test_without_an_index_that_can_be_used_the_rest_is_restored(
    backup: Path, kept: Settings, tmp_path: Path, update: Mapping[str, str]
) -> None:
    there = _elsewhere(kept, tmp_path).model_copy(update=update)
    assert restore(there, backup) == Restored(has_index=False, put_aside=())
    assert (there.documents_dir / "official").is_dir()
    assert (there.data_dir / "chroma").exists() == ("chroma_url" not in update)


def test_what_a_chroma_server_has_is_not_in_it(kept: Settings, tmp_path: Path) -> None:
    served = kept.model_copy(update={"chroma_url": "http://127.0.0.1:9"})
    assert back_up(served, tmp_path / "backup.zip").generation == ""
    (line,) = kept_elsewhere(served)
    assert "make it anew from the documents with: ./strategiewijzer ingest" in line
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        assert not any("chroma" in name for name in archive.namelist())


def test_what_is_there_is_replaced_only_when_told_to_and_put_aside(
    backup: Path, kept: Settings, tmp_path: Path, use: Callable[[Settings], None]
) -> None:
    there = _elsewhere(kept, tmp_path)
    there.data_dir.mkdir()
    (there.data_dir / "mine").write_text("before", "utf-8")
    use(there)
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


def test_nothing_is_restored_while_an_app_runs(
    backup: Path, kept: Settings, tmp_path: Path, use: Callable[[Settings], None]
) -> None:
    there = _elsewhere(kept, tmp_path)
    there.data_dir.mkdir()
    use(there)

    async def restored_while_two_run() -> Result:
        async with guard.lifespan(None):
            async with guard.lifespan(None):
                pass
            return CliRunner().invoke(app, ["restore", str(backup), "--yes"])

    refused = apart(restored_while_two_run())
    assert refused.exit_code == BUSY
    assert "The app is running" in refused.output
    assert "systemctl stop strategiewijzer" in refused.output
    assert not list(tmp_path.glob("data.before-*"))
    assert CliRunner().invoke(app, ["restore", str(backup), "--yes"]).exit_code == 0


def test_a_key_that_was_revoked_since_the_backup_stays_revoked(
    tmp_path: Path, use: Callable[[Settings], None]
) -> None:
    here = Settings(data_dir=tmp_path / "data", documents_dir=tmp_path / "documents")
    use(here)

    def restored(file: Path) -> Result:
        return CliRunner().invoke(app, ["restore", str(file), "--yes"])

    lost, used = (make(here, name, ("ask",), _YEAR)[1].id for name in ("lost", "used"))
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


def _refused(file: Path, settings: Settings, place: Path, told: str) -> None:
    there = _elsewhere(settings, place)
    there.data_dir.mkdir()
    (there.data_dir / "mine").write_text("before", "utf-8")
    with pytest.raises(StrategiewijzerError, match=told):
        restore(there, file)
    names = {path.name for path in place.rglob("*")} - {"ingest.lock", "ingest.publishing.lock"}
    assert names - {file.name, "ingest.holder"} == {"data", "mine"}


def test_a_backup_of_the_format_before_is_restored(settings: Settings, tmp_path: Path) -> None:
    there = _elsewhere(settings, tmp_path)
    assert restore(there, KEPT) == Restored(has_index=False, put_aside=())
    assert [(key.name, bool(key.revoked)) for key in kept_keys(there)] == [("lost", True)]
    assert (there.documents_dir / "Verordening 1.txt").read_text("utf-8") == "Artikel 1"


_OUT = "has the name"
_NEXT = json.dumps({"format": "strategiewijzer-backup", "version": 4}).encode()
NOT_IN_FORM: list[tuple[Mapping[str, bytes | None], str]] = [
    *(
        ({name: b"evil"}, _OUT)
        for name in (
            "data/../../outside",
            "data/%2e%2e/%2E%2E/outside",
            "/data/outside",
            "data//outside",
            "outside",
            "data/",
            "data/a%00b",
            "generation.zip/../../outside",
            "..",
        )
    ),
    ({"format.json": _NEXT}, "later version"),
    ({"format.json": b"[1]"}, "its format is"),
    ({"format.json": b"{"}, "no backup"),
    ({"format.json": b" " * 20_000}, "larger than"),
    ({"format.json": None}, "it has no format.json"),
    ({"data/chroma/chroma.sqlite3": b"no database" * 100}, "chroma.sqlite3 is damaged"),
    ({"data/people.sqlite": b"no database" * 100}, "people.sqlite is damaged"),
    ({"data/a": b"", "data/a/b": b""}, "cannot be read or unpacked"),
]


@pytest.mark.parametrize(("members", "told"), NOT_IN_FORM)
def test_a_backup_that_is_not_in_form_changes_nothing(
    kept: Settings, tmp_path: Path, members: Mapping[str, bytes | None], told: str
) -> None:
    file = tmp_path / "evil.zip"
    rewrite(file, members)
    _refused(file, kept, tmp_path, told)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_backup_that_may_unpack_to_anything_is_refused_unread(
    kept: Settings, tmp_path: Path, packing: int
) -> None:
    file = tmp_path / "bomb.zip"
    rewrite(file, {"data/zeros": bytes(10_000_000)}, packing=packing)
    _refused(file, kept, tmp_path, "packed in another way")


def _cut(whole: bytes, share: float) -> bytes:
    return whole[: int(share * len(whole))]


def _flipped(whole: bytes, share: float) -> bytes:
    place = int(share * len(whole))
    return whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]


@pytest.mark.parametrize(
    ("damage", "share"), [(_cut, 0.0), (_cut, 0.3), (_cut, 0.99), (_flipped, 0.1), (_flipped, 0.5)]
)
def test_a_damaged_backup_changes_nothing(
    kept: Settings, tmp_path: Path, damage: Callable[[bytes, float], bytes], share: float
) -> None:
    file = tmp_path / "damaged.zip"
    file.write_bytes(damage(KEPT.read_bytes(), share))
    _refused(file, kept, tmp_path, "damaged, or no backup")


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


def test_a_backup_replaces_nothing_but_a_file_and_waits_for_no_ingest(
    kept: Settings, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with exclusive(kept.data_dir):
        with pytest.raises(LockedError):
            back_up(kept, tmp_path / "backup.zip")
        for name in ("folder", "pipe", "link"):
            with pytest.raises(ArchiveError, match=r"is a (folder|device or a pipe), not a file\."):
                back_up(kept, tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "pipe", "link"}
    assert (tmp_path / "pipe").is_fifo()


def test_what_was_never_ingested_can_be_backed_up(tmp_path: Path) -> None:
    before = Settings(data_dir=tmp_path / "a/data", documents_dir=tmp_path / "a/documents")
    assert back_up(before, tmp_path / "empty.zip").generation == ""
    after = _elsewhere(before, tmp_path / "b")
    assert restore(after, tmp_path / "empty.zip") == Restored(has_index=False, put_aside=())
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
