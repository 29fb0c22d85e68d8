"""A backup: what cannot be made again, in one verified ZIP file, and putting that back.

    format.json    {"format": "strategiewijzer-backup", "version": 3}
    data/...       the data folder, with the index in data/chroma/
    documents/...  the documents folder

Names are percent-encoded, as a path may have any bytes. Damage shows by the checksums that ZIP has
of each file; they say nothing of who made it. Version 2 had SHA256SUMS as well.
"""

import datetime
import json
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

import typer

from core.errors import (
    ArchiveError,
    IndexMismatchError,
    LockedError,
    NoIndexError,
    StrategiewijzerError,
)
from core.files import in_megabytes, in_use, make_private, obstacle
from core.settings import ROOT, Settings
from core.source import Frozen
from ingest.publishing.lock import exclusive
from ingest.publishing.verify import check
from language.escaping import visible
from userdata.api_keys import take_over_revocations
from userdata.database import FILE, Database
from vectorstore.generations import Generations, store_exists
from vectorstore.store import open_index

_DATA, _DOCUMENTS = "data", "documents"
_FORMAT, _SUMS = "format.json", "SHA256SUMS"
_NAME, _VERSIONS = "strategiewijzer-backup", (2, 3)
_CHUNK = 1 << 20  # bytes read at once: a file of any size takes no more memory
_SMALL = 10_000  # bytes of format.json, which has a hundred
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # none that unpacks to more than 1,032 times

_MADE_AGAIN = {"keyword", "model", "public", "corpora", "benchmarks"}  # where they are missing
_OF_THIS_MACHINE = (".lock", ".holder", ".owner", "-journal", "-wal", "-shm")
# No secret belongs into these folders. One that was put there all the same stays where it is.
_SECRET = ("secrets.toml", ".pem", ".key", ".env")
_DATABASE = (".sqlite", ".sqlite3")
_PATIENCE = 30.0  # seconds that a database may be busy with somebody else's write
_LISTED = 5  # names of files that were left out: enough to see of what kind they are


class Backup(Frozen):
    """What was backed up, and what was left out."""

    files: int
    generation: str  # in use; empty: it has no index that answers
    left_out: tuple[str, ...]
    size: int


def backup_to(file: Path) -> None:
    """Makes a backup and prints what is in it; raises as `back_up`."""
    settings = Settings()
    made = back_up(settings, file)
    index = f"generation {made.generation}" if made.generation else "no index that answers"
    _print(
        f"{file} has {made.files} files and {index} ({in_megabytes(made.size)}). It was restored "
        f"aside{' and its index answers' if made.generation else ''}. It holds what people asked: "
        "keep it as private as the data folder."
    )
    if made.left_out:
        more = ", ..." if len(made.left_out) > _LISTED else ""
        _print(f"Left out, as links or secrets: {', '.join(made.left_out[:_LISTED])}{more}")
    for line in kept_elsewhere(settings):
        _print(line)


def _print(line: str, *, err: bool = False) -> None:
    typer.echo(visible(line), err=err)


def back_up(settings: Settings, file: Path) -> Backup:
    """Writes a backup, while the app may run; the file appears, or is replaced, only when it was
    verified.

    Raises:
        ArchiveError: it cannot be written, the name is that of something else than a file, or it
            does not give back what was backed up.
        LockedError: an ingest run is busy.
        StoreError: the index cannot be used.
        StrategiewijzerError: a database is damaged, or one of the two folders is in the other.
    """
    _check_apart(settings)
    if os.path.exists(file) and not os.path.isfile(file):
        kind = "folder" if os.path.isdir(file) else "device or a pipe"
        raise ArchiveError(f"{file} is a {kind}, not a file. Name a file, new or to be replaced.")
    try:
        with (
            exclusive(settings.data_dir),  # so nobody writes to the index
            tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as place,
        ):
            aside, unpacked = Path(place, "backup"), Path(place, "restored")
            files, left_out = _write(settings, aside, Path(place, "database"))
            unpacked.mkdir()
            checked_with = settings.model_copy(update={"chroma_url": ""})  # no server is asked
            generation = _unpack_checked(aside, checked_with, unpacked)
            size = aside.stat().st_size
            os.replace(aside, file)
    except (OSError, sqlite3.Error) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        remedy = "Name a file in a folder that exists, may be written to and has room."
        raise ArchiveError(
            f"{file} cannot be written: {reason}. {obstacle(file.parent) or remedy}"
        ) from error
    return Backup(files=files, generation=generation, left_out=tuple(left_out), size=size)


def kept_elsewhere(settings: Settings) -> list[str]:
    """Places that these settings name and a backup does not have, each with what to do about it."""
    known = (settings.documents_dir.resolve(), ROOT / "corpus")
    others = [folder for folder in settings.corpus_dirs if folder.resolve() not in known]
    lines = [f"Not in it: the source texts in {folder}. Copy them yourself." for folder in others]
    if settings.chroma_url:
        lines.append(
            "Not in it: the index, which is on a Chroma server. Where that is lost, make it anew "
            "from the documents with: ./strategiewijzer ingest"
        )
    if settings.database_url.get_secret_value():
        lines.append(
            "Not in it: what is kept of people, which is in PostgreSQL. Back that up with pg_dump "
            "(docs/operations.md)."
        )
    return lines


def _check_apart(settings: Settings) -> None:
    data, documents = settings.data_dir.resolve(), settings.documents_dir.resolve()
    if data.is_relative_to(documents) or documents.is_relative_to(data):
        raise StrategiewijzerError(
            f"{data} and {documents} lie in each other, so they cannot be put back each by itself. "
            "Set STRATEGIEWIJZER_DATA_DIR and STRATEGIEWIJZER_DOCUMENTS_DIR to two folders apart."
        )


def _write(settings: Settings, aside: Path, copied: Path) -> tuple[int, list[str]]:
    """Writes the archive, for its owner only; returns the number of files in it, and the paths that
    are left out."""
    files, left_out = 0, []
    private = partial(os.open, mode=0o600)
    with (
        open(aside, "xb", opener=private) as raw,
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(_FORMAT, json.dumps({"format": _NAME, "version": _VERSIONS[-1]}))
        for name, path in _found(settings):
            if path.is_symlink() or not path.is_file() or path.name.endswith(_SECRET):
                left_out.append(str(path))
                continue
            is_database = name.startswith(f"{_DATA}/") and path.suffix in _DATABASE
            if is_database:
                _copy_database(path, copied)
            member = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            # a link is refused, also one that was put there just now
            source = os.open(copied if is_database else path, os.O_RDONLY | os.O_NOFOLLOW)
            with open(source, "rb") as content, archive.open(member, "w", force_zip64=True) as out:
                shutil.copyfileobj(content, out, _CHUNK)
            copied.unlink(missing_ok=True)
            files += 1
    with aside.open("rb") as whole:
        os.fsync(whole)
    return files, left_out


def _found(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files to keep by their names in the backup, without hidden ones; links, also to folders,
    as they are."""
    made_again = {*_MADE_AGAIN, "chroma"} if settings.chroma_url else _MADE_AGAIN
    for part, folder in ((_DATA, settings.data_dir), (_DOCUMENTS, settings.documents_dir)):
        for path in _below(folder):
            inside = path.relative_to(folder)
            is_left = inside.parts[0] in made_again or path.name.endswith(_OF_THIS_MACHINE)
            if part == _DOCUMENTS or not is_left:
                encoded = quote_from_bytes(os.fsencode(inside.as_posix()), safe="/")
                yield f"{part}/{encoded}", path


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith("."):
                yield Path(place, name)


def _copy_database(path: Path, to: Path) -> None:
    """Copies one state of a database, also while others write to it."""
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE))
        as source,
        closing(sqlite3.connect(to)) as copied,
    ):  # fmt: skip
        source.backup(copied)
        copied.execute("PRAGMA journal_mode = DELETE")  # else it may need files beside it


class Restored(Frozen):
    """What a restore did beside unpacking the files."""

    has_index: bool  # that answers with these settings; else it has to be made
    put_aside: tuple[Path, ...]  # where the former folders are now
    revoked: tuple[str, ...] = ()  # ids of keys that were revoked since the backup, and stay so
    revoked_unknown: str = ""  # why it is not known which keys were revoked since


def restore_from(file: Path, *, yes: bool) -> None:
    """Restores a backup and prints what was done.

    Raises:
        StrategiewijzerError: something is there already, and `yes` was not given; or as `restore`.
    """
    settings = Settings()
    _check_apart(settings)
    folders = (settings.data_dir, settings.documents_dir)
    there = [str(folder) for folder in folders if folder.is_dir() and any(folder.iterdir())]
    if there and not yes:
        raise StrategiewijzerError(
            f"{' and '.join(there)} would be put aside, not removed. Stop the app, then: "
            f"strategiewijzer restore {file} --yes"
        )
    done = restore(settings, file)
    _print(f"{file} is restored in {settings.data_dir} and {settings.documents_dir}.")
    if not done.has_index:
        _print("It has no index that can be used here. Make it with: ./strategiewijzer ingest")
    for folder in done.put_aside:
        _print(f"What was there before is in {folder}. Remove it when all is well.")
    if done.revoked:
        revoked = ", ".join(done.revoked)
        _print(f"Keys that were revoked since the backup, and stay so: {revoked}")
    if done.revoked_unknown:
        _print(
            "Keys that were revoked since the backup are valid again, as these cannot be read: "
            f"{done.revoked_unknown} Revoke them again: ./strategiewijzer keys list",
            err=True,
        )


def restore(settings: Settings, file: Path) -> Restored:
    """Restores a backup into the folders of these settings, while no app runs: whole, or not at
    all. A key that was revoked since stays so, and a Chroma server is left as it is.

    Raises:
        ArchiveError: the file cannot be used, or the folders not be changed; all is as it was.
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
        try:
            return _put_in_place(settings, file)
        except OSError as error:
            remedy = obstacle(settings.data_dir) or (
                "The folders of STRATEGIEWIJZER_DATA_DIR and STRATEGIEWIJZER_DOCUMENTS_DIR have to "
                "be renamed, so neither may be a disk of its own."
            )
            raise ArchiveError(
                f"{file} cannot be restored: {error}. {remedy} All is as it was."
            ) from error


def _put_in_place(settings: Settings, file: Path) -> Restored:
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    put_aside = []
    lock = exclusive(settings.data_dir) if settings.data_dir.is_dir() else nullcontext()
    with lock, ExitStack() as undone:
        folders = (settings.data_dir, settings.documents_dir)
        for folder in folders:
            make_private(folder.parent)
        data_parent = settings.data_dir.absolute().parent
        place = Path(tempfile.mkdtemp(prefix=".restoring-", dir=data_parent))
        undone.callback(shutil.rmtree, place, ignore_errors=True)
        generation = _unpack_checked(file, settings, place)
        revoked, revoked_unknown = _revoke_again(settings, place / _DATA)
        for new, folder in zip((place / _DATA, place / _DOCUMENTS), folders, strict=True):
            if folder.exists():
                old = folder.with_name(f"{folder.name}.before-{stamp}")
                folder.rename(old)
                undone.callback(old.rename, folder)
                put_aside.append(old)
            undone.callback(shutil.rmtree, folder, ignore_errors=True)
            shutil.move(new, folder)  # documents may lie on another disk
        undone.pop_all()
        shutil.rmtree(place, ignore_errors=True)
    return Restored(
        has_index=bool(generation),
        put_aside=tuple(put_aside),
        revoked=revoked,
        revoked_unknown=revoked_unknown,
    )


def _revoke_again(settings: Settings, data: Path) -> tuple[tuple[str, ...], str]:
    """`revoked` and `revoked_unknown` of a `Restored`, for the data folder that was unpacked. The
    database in use may be damaged, or of a later version: the backup is restored all the same."""
    if not all((folder / FILE).exists() for folder in (settings.data_dir, data)):
        return (), ""
    try:
        return take_over_revocations(Database(settings.data_dir), Database(data)), ""
    except StrategiewijzerError as error:
        return (), str(error)


def _unpack_checked(file: Path, settings: Settings, place: Path) -> str:
    """Unpacks a backup into an empty folder and checks its databases and its index. An index is
    dropped where a Chroma server has it.

    Returns:
        The id of the generation in use; empty where no index answers with these settings, as one
        that another embedder or another version of this program made.

    Raises:
        ArchiveError: it is damaged or foreign, a database in it is, or its index finds nothing.
        StoreError: its index is damaged.
    """
    _unpack(file, place)
    own = settings.model_copy(update={"data_dir": place / _DATA})
    if own.chroma_url:
        shutil.rmtree(own.data_dir / "chroma", ignore_errors=True)
        own = own.model_copy(update={"chroma_url": ""})
    for database in [*own.data_dir.glob("*.sqlite"), *own.data_dir.glob("chroma/*.sqlite3")]:
        _check_database(database)
    if not store_exists(own):
        return ""
    try:
        index = open_index(own).snapshot()
    except (NoIndexError, IndexMismatchError):
        return ""
    check(Generations(own).open(index.generation), own)
    title = index.documents()[0].title
    if not index.search(title, k=1):
        raise ArchiveError(f"The index of the backup does not find {title!r}. Make another.")
    return index.generation


def _unpack(file: Path, into: Path) -> None:
    """Writes what is in an untrusted backup into an empty folder, for the owner only.

    Raises:
        ArchiveError: it is damaged, cut off, too new, of another format, packed in another way than
            ours, too large for the disk, or has a name that leads out of the folder.
    """
    with _opened(file) as archive:
        members = archive.infolist()
        if any(member.compress_type not in _PACKINGS for member in members):
            raise ValueError("a part of it is packed in another way")
        _check_format(archive)
        members = [member for member in members if member.filename not in (_FORMAT, _SUMS)]
        for member in members:
            if not _is_inside(member.filename):
                raise ValueError(f"a part of it has the name {member.filename[:80]!r}")
        size = sum(member.file_size for member in members)
        if size > shutil.disk_usage(into).free:
            raise ArchiveError(
                f"{file} needs {in_megabytes(size)} in {into.parent}, and there is less. Make "
                "room, then try again. Nothing was changed."
            )
        for part in (_DATA, _DOCUMENTS):
            (into / part).mkdir(mode=0o700)
        for member in members:
            path = into / os.fsdecode(unquote_to_bytes(member.filename))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as out, archive.open(member) as content:
                shutil.copyfileobj(content, out, _CHUNK)
                out.flush()
                os.fsync(out)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """The ZIP file; errors in reading it become `ArchiveError`."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise ArchiveError(f"There is no file {file}. Check the name.") from error
    except OSError as error:
        raise ArchiveError(
            f"{file} cannot be read or unpacked: {error}. "
            f"{obstacle(file.parent) or 'Check the file and the disk.'}"
        ) from error
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArchiveError(
            f"{file} is damaged, or no backup: {reason}. Nothing was changed. Take another backup."
        ) from error


def _check_format(archive: zipfile.ZipFile) -> None:
    if _FORMAT not in archive.namelist():
        raise ValueError(f"it has no {_FORMAT}")
    if archive.getinfo(_FORMAT).file_size > _SMALL:
        raise ValueError(f"{_FORMAT} is larger than {_SMALL} bytes")
    found = json.loads(archive.read(_FORMAT))
    if found not in [{"format": _NAME, "version": version} for version in _VERSIONS]:
        raise ValueError(
            f"its format is {str(found)[:80]}, and {_NAME} up to version {_VERSIONS[-1]} can be "
            "read; a later version of this program made it, if the number is higher"
        )


def _is_inside(name: str) -> bool:
    """Whether a name is of a file inside data/ or documents/."""
    path = unquote_to_bytes(name)
    first, *below = path.split(b"/")
    is_ours = first in (_DATA.encode(), _DOCUMENTS.encode()) and b"\0" not in path
    return is_ours and bool(below) and {b"", b".", b".."}.isdisjoint(below)


def _check_database(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as connection:
            (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        result = str(error)
    if result != "ok":
        raise ArchiveError(
            f"The database {file.name} is damaged: {result}. Take an earlier backup of it."
        )
