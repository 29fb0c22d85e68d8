"""Files of documents that were removed or replaced, wherever they were.

Each is kept in a hidden folder of its own, where ingest does not look, and can be put back until
the next publication (ui/maintenance/document_files.py).
"""

import datetime
import glob
import os
import secrets
import shutil
from pathlib import Path

from core.errors import StoreError
from core.frozen import Frozen
from core.names import as_text
from core.settings import Settings
from ingest.reading import question_file, sidecar
from ingest.reading.find import find
from ui.maintenance.document_files import folder, is_read, state, taken, writing
from vectorstore.manifest import Manifest

_REMOVED = ".removed"
_FROM = ".from"
_BESIDE = (sidecar.SUFFIX, ".http.json")  # what belongs to a file, behind its name
_STAMP = "%Y%m%dT%H%M%S.%f"


class Removed(Frozen):
    """A file that was removed at a time (UTC) and can be put back into the folder it was in."""

    id: str
    name: str
    folder: Path
    date: datetime.datetime


def remove(settings: Settings, file: Path, *, keep_description: bool = False) -> None:
    """Takes a file away with what stands beside it, so that it can be put back.

    Raises:
        StoreError: it cannot be moved.
    """
    now = datetime.datetime.now(datetime.UTC)
    kept = folder(settings) / _REMOVED / f"{now:{_STAMP}}-{secrets.token_hex(2)}"
    with writing(folder(settings)):
        kept.mkdir(parents=True)
        (kept / _FROM).write_bytes(os.fsencode(file.parent))
    try:
        with writing(file.parent):
            for beside in _beside(file):
                shutil.copy2(beside, kept)
            shutil.copy2(file, kept)
            file.unlink()
    except StoreError:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    with writing(folder(settings)):
        for beside in () if keep_description else _beside(file):
            beside.unlink()
        os.utime(folder(settings))  # a plan that was made before is out of date


def _beside(file: Path) -> list[Path]:
    """What belongs to a file: its description, and its prepared questions with their vectors."""
    names = [file.with_name(file.name + suffix) for suffix in _BESIDE]
    questions = question_file.find(file)
    if questions is not None:
        kept = f"{glob.escape(questions.stem)}.*.npy"
        names += [questions, *sorted(questions.parent.glob(kept))]
    return [beside for beside in names if beside.is_file() and not beside.is_symlink()]


def removed(settings: Settings) -> tuple[Removed, ...]:
    """What can be put back, newest first."""
    found = []
    for place in sorted((folder(settings) / _REMOVED).glob("*"), reverse=True):
        for file in find([place]).files:
            date = datetime.datetime.fromisoformat(f"{place.name.partition('-')[0]}Z")
            found.append(
                Removed(id=place.name, name=file.name, folder=_from(settings, place), date=date)
            )
    return tuple(found)


def _from(settings: Settings, kept: Path) -> Path:
    """The folder that something was removed from; that of the uploads where ingest reads no other
    any more."""
    try:
        place = Path(os.fsdecode((kept / _FROM).read_bytes()))
    except (OSError, ValueError):
        return folder(settings)
    return place if is_read(settings, place) else folder(settings)


def restore(settings: Settings, one: Removed) -> None:
    """Puts a file back with what stood beside it; one that has its name now is removed in turn.

    Raises:
        StoreError: it cannot be moved.
    """
    kept = folder(settings) / _REMOVED / one.id
    with writing(one.folder):
        one.folder.mkdir(parents=True, exist_ok=True)
        there = (
            taken(settings, one.name)
            if one.folder == folder(settings)
            else next((file for file in (one.folder / one.name,) if file.exists()), None)
        )
        if there is not None:
            remove(settings, there)
        (kept / _FROM).unlink(missing_ok=True)
        for file in sorted(kept.iterdir(), reverse=True):  # what stands beside it first
            shutil.move(file, one.folder / file.name)
        kept.rmdir()
        os.utime(folder(settings))


def forget(
    settings: Settings, manifest: Manifest, published: datetime.datetime | None = None
) -> None:
    """Deletes for good what was removed or replaced before the last publication.

    What is still in use is kept: a document without its file, one that could not be replaced.

    Args:
        settings: say where.
        manifest: of the generation in use.
        published: when somebody last published from here, be it that nothing else changed.
    """
    entries = {entry.path: entry for entry in manifest.documents}
    made = datetime.datetime.fromisoformat(manifest.created)
    last = max(made, published or made)
    for one in removed(settings):
        file = Path(os.path.abspath(one.folder / one.name))
        is_used = as_text(file) in entries and state(file, entries, settings) != "published"
        if last > one.date and not is_used:
            shutil.rmtree(folder(settings) / _REMOVED / one.id, ignore_errors=True)
