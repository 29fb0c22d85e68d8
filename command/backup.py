"""`strategiewijzer backup FILE`: what cannot be made again, as one file, while the app runs.

data folder, documents, generation in use -> archive -> verified by restoring it aside -> FILE
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from command.backup_file import GENERATION, BackupFile, BackupPart, Writer, member_of
from command.restore import restored_aside
from core.disk import obstacle
from core.errors import ArchiveError, NoIndexError, StrategiewijzerError
from core.frozen import Frozen
from core.settings import ROOT, Settings
from ingest.publishing.lock import exclusive
from ingest.publishing.transfer import export_generation

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
        ArchiveError: it cannot be written, or does not give back what was backed up.
        LockedError: an ingest run is busy.
        StrategiewijzerError: a database is damaged, or one of the two folders is in the other.
    """
    apart(settings)
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
        remedy = obstacle(file.parent) or "Name a file in a folder that may be written to."
        raise ArchiveError(f"{file} cannot be written: {error}. {remedy}") from error
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
    """What these settings name that a backup does not have, each with what to do about it."""
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
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as out, Writer(out) as archive:
        generation = _exported(settings, place / GENERATION)
        if generation:
            archive.add(GENERATION, place / GENERATION)
            (place / GENERATION).unlink()
        for part, path in _found(settings):
            if path.is_symlink() or not path.is_file() or path.name.endswith(_SECRET):
                left_out.append(str(path))
                continue
            folder = settings.data_dir if part == "data" else settings.documents_dir
            member = member_of(part, path.relative_to(folder))
            if part == "data" and path.suffix == ".sqlite":
                copied = _copy_of_database(path, place / "database")
                archive.add(member, copied)
                copied.unlink()
            else:
                archive.add(member, path)
            files += 1
    size = aside.stat().st_size
    return Backup(files=files, generation=generation, left_out=tuple(left_out), size=size)


def _exported(settings: Settings, to: Path) -> str:
    try:
        return export_generation(settings, to)
    except NoIndexError:
        return ""


def _found(settings: Settings) -> Iterator[tuple[BackupPart, Path]]:
    """The files to keep, without hidden ones, and links in place of files or folders."""
    for path in _below(settings.data_dir):
        inside = path.relative_to(settings.data_dir)
        if inside.parts[0] not in _MADE_AGAIN and not path.name.endswith(_OF_THIS_MACHINE):
            yield "data", path
    for path in _below(settings.documents_dir):
        yield "documents", path


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
