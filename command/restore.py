"""`strategiewijzer restore FILE`: puts a backup in place of what is there, whole or not at all.

archive -> checked -> unpacked aside, index made and checked there -> the folders change places
"""

import datetime
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path

from command.backup_file import GENERATION, BackupFile
from core.disk import make_private, obstacle
from core.errors import ArchiveError, StrategiewijzerError
from core.frozen import Frozen
from core.settings import Settings
from ingest.publishing.lock import exclusive
from ingest.publishing.transfer import import_generation
from people.api_keys import take_over_revocations
from people.database import FILE, Database
from vectorstore.store import open_index


class Restored(Frozen):
    """What a restore did besides: where what was there before now is; which keys (ids) were revoked
    since the backup, and so stay; why that cannot be told, empty when it can."""

    put_aside: tuple[Path, ...]
    revoked: tuple[str, ...] = ()
    untold: str = ""


def occupied(settings: Settings) -> list[Path]:
    """The folders that a restore would put aside: those that hold something."""
    folders = (settings.data_dir, settings.documents_dir)
    return [folder for folder in folders if folder.is_dir() and any(folder.iterdir())]


def restore(settings: Settings, file: Path) -> Restored:
    """Restores a backup; the app must not be running. A key that was revoked since stays so.

    Args:
        settings: which folders, and which Chroma server, take what is in it.
        file: what `back_up` wrote.

    Raises:
        ArchiveError: the file cannot be used, or the folders not be changed; all is as it was.
        IndexMismatchError: its index was made by another embedder than is configured.
        LockedError: an ingest run is busy.
        StoreError: the index did not pass its check; all is as it was.
    """
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
