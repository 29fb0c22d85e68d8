"""`strategiewijzer backup FILE`: what cannot be made again, as one file, while the app runs."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import typer

from command.archive import DATA, DOCUMENTS, BackupFile, name_of, new_backup
from command.restore import check_apart, unpack_checked
from core.errors import ArchiveError, NoIndexError, StrategiewijzerError
from core.files import in_megabytes, obstacle
from core.settings import ROOT, Settings
from core.source import Frozen
from ingest.publishing.lock import exclusive
from language.escaping import visible
from vectorstore.generations import Generations, store_exists

# Made again where they are missing.
_MADE_AGAIN = {"keyword", "model", "public", "corpora", "benchmarks"}
_OF_THIS_MACHINE = (".lock", ".holder", ".owner", "-journal", "-wal", "-shm")
# No secret belongs into these folders. One that was put there all the same stays where it is.
_SECRET = ("secrets.toml", ".pem", ".key", ".env")
_DATABASE = (".sqlite", ".sqlite3")
_PATIENCE = 30.0  # seconds that a database may be busy with somebody else's write
_CHECKED_WITH = {"chroma_url": ""}  # no server is asked
_LISTED = 5  # names of files that were left out: enough to see of what kind they are


class Backup(Frozen):
    """What was backed up, and what was left out."""

    files: int
    generation: str  # in use; empty: it has no index that answers
    left_out: tuple[str, ...]
    size: int


def backup_to(file: Path) -> int:
    """Makes a backup and prints what is in it; returns the exit code."""
    try:
        settings = Settings()
        made = back_up(settings, file)
    except StrategiewijzerError as error:
        typer.echo(visible(str(error)), err=True)
        return 1
    index = f"generation {made.generation}" if made.generation else "no index that answers"
    lines = [
        f"{file} has {made.files} files and {index} ({in_megabytes(made.size)}). It was restored "
        f"aside{' and its index answers' if made.generation else ''}. It holds what people asked: "
        "keep it as private as the data folder."
    ]
    if made.left_out:
        more = ", ..." if len(made.left_out) > _LISTED else ""
        lines.append(f"Left out, as links or secrets: {', '.join(made.left_out[:_LISTED])}{more}")
    for line in (*lines, *kept_elsewhere(settings)):
        typer.echo(visible(line))
    return 0


def back_up(settings: Settings, file: Path) -> Backup:
    """Writes a backup; the file appears, or is replaced, only when it was verified.

    Raises:
        ArchiveError: it cannot be written, the name is that of something else than a file, or it
            does not give back what was backed up.
        LockedError: an ingest run is busy.
        StoreError: the index cannot be used.
        StrategiewijzerError: a database is damaged, or one of the two folders is in the other.
    """
    check_apart(settings)
    if os.path.exists(file) and not os.path.isfile(file):
        kind = "folder" if os.path.isdir(file) else "device or a pipe"
        raise ArchiveError(f"{file} is a {kind}, not a file. Name a file, new or to be replaced.")
    try:
        with (
            exclusive(settings.data_dir),  # so nobody writes to the index
            tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as place,
        ):
            aside, unpacked = Path(place, "backup"), Path(place, "restored")
            generation = _generation(settings)
            files, left_out = _write(settings, aside, Path(place, "database"))
            unpacked.mkdir()
            checked_with = settings.model_copy(update=_CHECKED_WITH)
            if not unpack_checked(BackupFile(aside), checked_with, unpacked):
                generation = ""
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


def _generation(settings: Settings) -> str:
    """The id of the generation in use; empty where the data folder has no index."""
    if settings.chroma_url or not store_exists(settings):
        return ""
    try:
        return Generations(settings).current().id
    except NoIndexError:
        return ""


def _write(settings: Settings, aside: Path, copied: Path) -> tuple[int, list[str]]:
    """Writes the archive; returns the number of files in it, and the paths that are left out."""
    files, left_out = 0, []
    with new_backup(aside) as backup:
        for name, path in _found(settings):
            if path.is_symlink() or not path.is_file() or path.name.endswith(_SECRET):
                left_out.append(str(path))
                continue
            is_database = name.startswith(f"{DATA}/") and path.suffix in _DATABASE
            if is_database:
                _copy_database(path, copied)
            source = copied if is_database else path
            # a link is refused, also one that was put there just now
            with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as content:
                backup.add(name, content)
            copied.unlink(missing_ok=True)
            files += 1
    return files, left_out


def _found(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files to keep by their names in the backup; without hidden ones, and links in place of
    files or folders."""
    made_again = {*_MADE_AGAIN, "chroma"} if settings.chroma_url else _MADE_AGAIN
    for part, folder in ((DATA, settings.data_dir), (DOCUMENTS, settings.documents_dir)):
        for path in _below(folder):
            inside = path.relative_to(folder)
            is_left = inside.parts[0] in made_again or path.name.endswith(_OF_THIS_MACHINE)
            if part == DOCUMENTS or not is_left:
                yield name_of(part, inside), path


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
