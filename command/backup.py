"""Backs up what is kept in one file, and restores it."""

import datetime
import os
import shutil
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

import typer

from core.archive import (
    CHUNK,
    FORMAT,
    SUMS,
    Archive,
    ArchiveFormat,
    check_place,
    new_archive,
    not_written,
)
from core.disk import in_use, make_private, obstacle
from core.errors import ArchiveError, LockedError, NoIndexError, StrategiewijzerError, in_megabytes
from core.settings import ROOT, Settings
from core.source import Frozen
from ingest.publishing.lock import exclusive
from ingest.publishing.transfer import export_generation, import_generation
from language.escaping import visible
from userdata.api_keys import take_over_revocations
from userdata.database import FILE, Database
from vectorstore.store import open_index

BACKUP_FILE = ArchiveFormat(
    name="strategiewijzer-backup",
    version=1,
    mode=0o600,
    called="no backup",
    remedy="Take another backup.",
)
GENERATION = "generation.zip"


class BackupFile(Archive):
    """A backup to read: data/, documents/ and, where there was an index, generation.zip."""

    form = BACKUP_FILE

    def check_members(self, archive: zipfile.ZipFile, names: Collection[str]) -> None:
        """No name leads out of the folder that it is unpacked into."""
        self.has_generation = GENERATION in names
        for name in names:
            if name != GENERATION and not _is_inside(name):
                raise ValueError(f"a part of it has the name {name[:80]!r}")

    def extract(self, into: Path) -> None:
        """Writes what is in it into an empty folder, for the owner only."""
        with self.opened() as archive:
            members = [one for one in archive.infolist() if one.filename not in (FORMAT, SUMS)]
            size = sum(member.file_size for member in members)
            if size > shutil.disk_usage(into).free:
                raise ArchiveError(
                    f"{self.file} needs {in_megabytes(size)} in {into.parent}, and there is less. "
                    "Make room, then try again. Nothing was changed."
                )
            for part in ("data", "documents"):
                (into / part).mkdir(mode=0o700)
            for member in members:
                path = into / os.fsdecode(unquote_to_bytes(member.filename))
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(descriptor, "wb") as out, archive.open(member) as content:
                    shutil.copyfileobj(content, out, CHUNK)
                    out.flush()
                    os.fsync(out)


def _is_inside(name: str) -> bool:
    path = unquote_to_bytes(name)
    first, *rest = path.split(b"/")
    below = bool(rest) and not any(part in (b"", b".", b"..") for part in rest)
    return first in (b"data", b"documents") and below and b"\0" not in path


# `strategiewijzer restore FILE`: puts a backup in place of what is there, whole or not at all.


class Restored(Frozen):
    """The side effects of a restore: where the former data now are; which keys (ids) were revoked
    since the backup, and so stay; why that cannot be told, empty when it can."""

    put_aside: tuple[Path, ...]
    revoked: tuple[str, ...] = ()
    untold: str = ""


def occupied(settings: Settings) -> list[Path]:
    """The folders that a restore would put aside: those that hold something."""
    folders = (settings.data_dir, settings.documents_dir)
    return [folder for folder in folders if folder.is_dir() and any(folder.iterdir())]


def restore(settings: Settings, file: Path) -> Restored:
    """Restores a backup, while no app runs. A key that was revoked since stays so.

    Args:
        settings: which folders, and which Chroma server, take what is in it.
        file: what `back_up` wrote.

    Raises:
        ArchiveError: the file cannot be used, or the folders not be changed; all is as it was.
        IndexMismatchError: its index was made by another embedder than is configured.
        LockedError: an app uses the data folder, or an ingest run is busy.
        StoreError: the index did not pass its check; all is as it was.
    """
    with in_use(settings.data_dir, alone=True) as is_free:
        if not is_free:
            raise LockedError(
                f"The app is running with {settings.data_dir}, and would go on with what is put "
                "aside. Stop it: Ctrl-C where `make chat` or `./strategiewijzer serve` runs, "
                "`systemctl stop strategiewijzer` for the service, and each program that started "
                "`./strategiewijzer mcp`. Then run this again. Nothing was changed."
            )
        return _restore(settings, file)


def _restore(settings: Settings, file: Path) -> Restored:
    backup = BackupFile(file)
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    put_aside = []
    lock = exclusive(settings.data_dir) if settings.data_dir.is_dir() else nullcontext()
    try:
        with lock, ExitStack() as undone:
            folders = (settings.data_dir, settings.documents_dir)
            for folder in folders:
                make_private(folder.parent)
            data_parent = settings.data_dir.absolute().parent
            place = tempfile.mkdtemp(prefix=".restoring-", dir=data_parent)
            undone.callback(shutil.rmtree, place, ignore_errors=True)
            new = restored_aside(backup, settings, Path(place))
            revoked, untold = _revoke_again(settings, new[0])
            for fresh, folder in zip(new, folders, strict=True):
                if folder.exists():
                    old = folder.with_name(f"{folder.name}.before-{stamp}")
                    folder.rename(old)
                    undone.callback(old.rename, folder)
                    put_aside.append(old)
                undone.callback(shutil.rmtree, folder, ignore_errors=True)
                shutil.move(fresh, folder)  # documents may lie on another disk
            if settings.chroma_url and backup.has_generation:
                import_generation(settings, Path(place, GENERATION))
            undone.pop_all()
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        remedy = obstacle(settings.data_dir) or (
            "The folders of STRATEGIEWIJZER_DATA_DIR and STRATEGIEWIJZER_DOCUMENTS_DIR have to be "
            "renamed, so neither may be a disk of its own."
        )
        raise ArchiveError(
            f"{file} cannot be restored: {error}. {remedy} All is as it was."
        ) from error
    return Restored(put_aside=tuple(put_aside), revoked=revoked, untold=untold)


def _revoke_again(settings: Settings, data: Path) -> tuple[tuple[str, ...], str]:
    """`revoked` and `untold` of a `Restored`, of the data folder that was unpacked. What is there
    now may be damaged, or of a later version: that must not keep a backup from being restored."""
    if not all((folder / FILE).exists() for folder in (settings.data_dir, data)):
        return (), ""
    try:
        return take_over_revocations(Database(settings.data_dir), Database(data)), ""
    except StrategiewijzerError as error:
        return (), str(error)


def restored_aside(backup: BackupFile, settings: Settings, place: Path) -> tuple[Path, Path]:
    """Unpacks a backup and makes its index, which answers; returns data and documents.

    Raises:
        ArchiveError: a database in it is damaged.
        IndexMismatchError, StoreError: as of `import_generation`.
    """
    backup.extract(place)
    data, documents = place / "data", place / "documents"
    for file in sorted(data.glob("*.sqlite")):
        _check_database(file)
    if backup.has_generation and not settings.chroma_url:
        own = settings.model_copy(update={"data_dir": data})
        import_generation(own, place / GENERATION)
        index = open_index(own)
        title = index.documents()[0].title
        if not index.search(title, k=1):
            raise ArchiveError(f"The index of the backup does not find {title!r}. Make another.")
    return data, documents


def _check_database(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as connection:
            (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        told = str(error)
    if told != "ok":
        raise ArchiveError(
            f"The database {file.name} is damaged: {told}. Take an earlier backup of it."
        )


# `strategiewijzer backup FILE`: what cannot be made again, as one file, while the app runs.


# Made again where they are missing; the index is in the archive as an exported generation.
_MADE_AGAIN = {"chroma", "keyword", "model", "public", "corpora", "benchmarks"}
_OF_THIS_MACHINE = (".lock", ".holder", ".owner", "-journal", "-wal", "-shm")
# No secret belongs into these folders. One that was put there all the same stays where it is.
_SECRET = ("secrets.toml", ".pem", ".key", ".env")
_PATIENCE = 30.0  # seconds that a database may be busy with somebody else's write


class Backup(Frozen):
    """What was backed up, and what was left out."""

    files: int
    generation: str  # empty: nothing was published
    left_out: tuple[str, ...]
    size: int


def back_up(settings: Settings, file: Path) -> Backup:
    """Writes a backup; the file appears, or is replaced, only when it was verified.

    Raises:
        ArchiveError: it cannot be written, the name is that of something else than a file, or it
            does not give back what was backed up.
        LockedError: an ingest run is busy.
        StrategiewijzerError: a database is damaged, or one of the two folders is in the other.
    """
    apart(settings)
    check_place(file)
    try:
        with (
            exclusive(settings.data_dir),
            tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as place,
        ):
            aside = Path(place, "backup")
            made = _write(settings, aside, Path(place))
            answers = Path(place, "restored")
            answers.mkdir()
            restored_aside(BackupFile(aside), settings.model_copy(update=_ALONE), answers)
            os.replace(aside, file)
    except (OSError, sqlite3.Error) as error:
        raise not_written(file, error) from error
    return made


_ALONE = {"chroma_url": "", "rerank_url": "", "keep_generations": 1}  # the copy asks no server


def apart(settings: Settings) -> None:
    """Checks that neither the data folder nor the documents folder is in the other.

    Raises:
        StrategiewijzerError: one is.
    """
    data, documents = settings.data_dir.resolve(), settings.documents_dir.resolve()
    if data.is_relative_to(documents) or documents.is_relative_to(data):
        raise StrategiewijzerError(
            f"{data} and {documents} lie in each other, so they cannot be put back each by itself. "
            "Set STRATEGIEWIJZER_DATA_DIR and STRATEGIEWIJZER_DOCUMENTS_DIR to two folders apart."
        )


def kept_elsewhere(settings: Settings) -> list[str]:
    """Places that these settings name and a backup does not have, each with what to do about it."""
    known = (settings.documents_dir.resolve(), ROOT / "corpus")
    others = [folder for folder in settings.corpus_dirs if folder.resolve() not in known]
    told = [f"Not in it: the source texts in {folder}. Copy them yourself." for folder in others]
    if settings.database_url.get_secret_value():
        told.append(
            "Not in it: what is kept of people, which is in PostgreSQL. Back that up with pg_dump "
            "(docs/operations.md)."
        )
    return told


def _write(settings: Settings, aside: Path, place: Path) -> Backup:
    files, left_out = 0, []
    with new_archive(aside, BACKUP_FILE) as archive:
        generation = _exported(settings, place / GENERATION)
        if generation:
            with archive.member(GENERATION, packed=False) as add:
                _copy(place / GENERATION, add)
            (place / GENERATION).unlink()
        for name, path in _found(settings):
            if path.is_symlink() or not path.is_file() or path.name.endswith(_SECRET):
                left_out.append(str(path))
                continue
            is_database = name.startswith("data/") and name.endswith(".sqlite")
            source = _copy_of_database(path, place / "database") if is_database else path
            with archive.member(name, packed=not name.endswith(".zip")) as add:
                _copy(source, add)
            if is_database:
                source.unlink()
            files += 1
    size = aside.stat().st_size
    return Backup(files=files, generation=generation, left_out=tuple(left_out), size=size)


def _copy(source: Path, add: Callable[[bytes], None]) -> None:
    """Adds a regular file; a link is refused, also one that was put there just now."""
    with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as content:
        while data := content.read(CHUNK):
            add(data)


def _exported(settings: Settings, to: Path) -> str:
    try:
        return export_generation(settings, to)
    except NoIndexError:
        return ""


def _found(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files to keep by their names in the backup, which allow any bytes; without hidden ones,
    and links in place of files or folders."""
    for part, folder in (("data", settings.data_dir), ("documents", settings.documents_dir)):
        for path in _below(folder):
            inside = path.relative_to(folder)
            made_again = inside.parts[0] in _MADE_AGAIN or path.name.endswith(_OF_THIS_MACHINE)
            if part == "documents" or not made_again:
                yield f"{part}/{quote_from_bytes(os.fsencode(inside.as_posix()), safe='/')}", path


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith("."):
                yield Path(place, name)


def _copy_of_database(path: Path, to: Path) -> Path:
    """A copy of one state of a database, also while others write to it."""
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE))
        as source,
        closing(sqlite3.connect(to)) as copied,
    ):  # fmt: skip
        source.backup(copied)
        copied.execute("PRAGMA journal_mode = DELETE")  # else it may need files beside it
    return to


# Prints what `strategiewijzer backup` and `strategiewijzer restore` did, or why they did not.


_LISTED = 5  # names of files that were left out: enough to see of what kind they are


def backup_to(file: Path) -> int:
    """Returns the exit code."""
    try:
        settings = Settings()
        made = back_up(settings, file)
    except StrategiewijzerError as error:
        return _failed(error)
    index = f"generation {made.generation}" if made.generation else "no index, as there is none"
    _print(
        f"{file} has {made.files} files and {index} ({in_megabytes(made.size)}). It was restored "
        "aside and its index answers. It holds what people asked: keep it as private as the "
        "data folder."
    )
    if made.left_out:
        more = ", ..." if len(made.left_out) > _LISTED else ""
        _print(f"Left out, as links or secrets: {', '.join(made.left_out[:_LISTED])}{more}")
    for line in kept_elsewhere(settings):
        _print(line)
    return 0


def restore_from(file: Path, *, yes: bool) -> int:
    """Returns the exit code."""
    try:
        settings = Settings()
        apart(settings)
        if (there := occupied(settings)) and not yes:
            _print(
                f"{' and '.join(map(str, there))} would be put aside, not removed. Stop the app, "
                f"then: strategiewijzer restore {file} --yes",
                error=True,
            )
            return 1
        done = restore(settings, file)
    except StrategiewijzerError as error:
        return _failed(error)
    _print(f"{file} is restored in {settings.data_dir} and {settings.documents_dir}.")
    for folder in done.put_aside:
        _print(f"What was there before is in {folder}. Remove it when all is well.")
    if done.revoked:
        _print(f"Keys that were revoked since the backup, and stay so: {', '.join(done.revoked)}")
    if done.untold:
        _print(
            f"Keys that were revoked since the backup are valid again, as these cannot be told: "
            f"{done.untold} Revoke them again: ./strategiewijzer keys list",
            error=True,
        )
    return 0


def _failed(error: StrategiewijzerError) -> int:
    _print(str(error), error=True)
    return 1


def _print(line: str, *, error: bool = False) -> None:
    typer.echo(visible(line), file=sys.stderr if error else sys.stdout)
