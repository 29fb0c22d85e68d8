"""`strategiewijzer restore FILE`: puts a backup in place of what is there, whole or not at all."""

import datetime
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path

import typer

from command.archive import DATA, DOCUMENTS, BackupFile
from core.errors import (
    ArchiveError,
    IndexMismatchError,
    LockedError,
    NoIndexError,
    StrategiewijzerError,
)
from core.files import in_use, make_private, obstacle
from core.settings import Settings
from core.source import Frozen
from ingest.publishing.check import check
from ingest.publishing.lock import exclusive
from language.escaping import visible
from userdata.api_keys import take_over_revocations
from userdata.database import FILE, Database
from vectorstore.generations import Generations, store_exists
from vectorstore.store import open_index


class Restored(Frozen):
    """What a restore did beside unpacking the files."""

    has_index: bool  # that answers with these settings; else it has to be made
    put_aside: tuple[Path, ...]  # where the former folders are now
    revoked: tuple[str, ...] = ()  # ids of keys that were revoked since the backup, and stay so
    revoked_unknown: str = ""  # why it is not known which keys were revoked since


def restore_from(file: Path, *, yes: bool) -> int:
    """Restores a backup and prints what was done; returns the exit code."""
    try:
        settings = Settings()
        check_apart(settings)
        if (there := occupied(settings)) and not yes:
            raise StrategiewijzerError(
                f"{' and '.join(map(str, there))} would be put aside, not removed. Stop the app, "
                f"then: strategiewijzer restore {file} --yes"
            )
        done = restore(settings, file)
    except StrategiewijzerError as error:
        typer.echo(visible(str(error)), err=True)
        return 1
    lines = [f"{file} is restored in {settings.data_dir} and {settings.documents_dir}."]
    if not done.has_index:
        lines.append(
            "It has no index that can be used here. Make it with: ./strategiewijzer ingest"
        )
    for folder in done.put_aside:
        lines.append(f"What was there before is in {folder}. Remove it when all is well.")
    if done.revoked:
        revoked = ", ".join(done.revoked)
        lines.append(f"Keys that were revoked since the backup, and stay so: {revoked}")
    for line in lines:
        typer.echo(visible(line))
    if done.revoked_unknown:
        warning = (
            "Keys that were revoked since the backup are valid again, as these cannot be read: "
            f"{done.revoked_unknown} Revoke them again: ./strategiewijzer keys list"
        )
        typer.echo(visible(warning), err=True)
    return 0


def check_apart(settings: Settings) -> None:
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


def occupied(settings: Settings) -> list[Path]:
    """The folders that a restore would put aside: those that hold something."""
    folders = (settings.data_dir, settings.documents_dir)
    return [folder for folder in folders if folder.is_dir() and any(folder.iterdir())]


def restore(settings: Settings, file: Path) -> Restored:
    """Restores a backup, while no app runs. A key that was revoked since stays so.

    Args:
        settings: which folders take what is in it. A Chroma server is left as it is.
        file: what `back_up` wrote.

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
            place = Path(tempfile.mkdtemp(prefix=".restoring-", dir=data_parent))
            undone.callback(shutil.rmtree, place, ignore_errors=True)
            has_index = unpack_checked(backup, settings, place)
            revoked, revoked_unknown = _revoke_again(settings, place / DATA)
            for new, folder in zip((place / DATA, place / DOCUMENTS), folders, strict=True):
                if folder.exists():
                    old = folder.with_name(f"{folder.name}.before-{stamp}")
                    folder.rename(old)
                    undone.callback(old.rename, folder)
                    put_aside.append(old)
                undone.callback(shutil.rmtree, folder, ignore_errors=True)
                shutil.move(new, folder)  # documents may lie on another disk
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
    return Restored(
        has_index=has_index,
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


def unpack_checked(backup: BackupFile, settings: Settings, place: Path) -> bool:
    """Unpacks a backup and checks its databases and its index, which has to answer.

    Args:
        backup: to unpack.
        settings: with which its index is asked. An index is dropped where a Chroma server has it.
        place: an empty folder; data/ and documents/ are made in it.

    Returns:
        Whether it has an index that answers. One that another embedder or another version of this
        program made does not.

    Raises:
        ArchiveError: a database in it is damaged, or its index finds nothing.
        StoreError: its index is damaged.
    """
    backup.extract(place)
    own = settings.model_copy(update={"data_dir": place / DATA})
    if own.chroma_url:
        shutil.rmtree(own.data_dir / "chroma", ignore_errors=True)
        own = own.model_copy(update={"chroma_url": ""})
    for file in sorted([*own.data_dir.glob("*.sqlite"), *own.data_dir.glob("chroma/*.sqlite3")]):
        _check_database(file)
    if not store_exists(own):
        return False
    try:
        index = open_index(own)
    except (NoIndexError, IndexMismatchError):
        return False
    check(Generations(own).open(index.generation), own)
    title = index.documents()[0].title
    if not index.search(title, k=1):
        raise ArchiveError(f"The index of the backup does not find {title!r}. Make another.")
    return True


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
