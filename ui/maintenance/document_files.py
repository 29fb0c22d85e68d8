"""Files of documents: added, listed, removed, put back.

What is added goes into uploads/ below the setting `documents_dir`, and is used once it is
published. A removed file can be put back until then:

uploads/
    plan.nl.pdf
    plan.nl.pdf.meta.yaml               what is known about it (front_matter.py of the formats)
    .removed/
        20261125T101500-3f2a/plan.nl.pdf
        20261125T101500-3f2a/.from      the folder that it comes from
"""

import datetime
import functools
import glob
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from core.errors import DocumentError, StoreError, writing_to
from core.files import as_text
from core.settings import Settings
from core.source import Frozen
from ingest.reading import files, question_file
from ingest.reading.files import find
from ingest.reading.formats import CONVERT, FORMATS, front_matter
from ingest.reading.load import fingerprint
from language.identify import OFFICIAL
from vectorstore.manifest import DocumentEntry, Manifest

RejectionReason = Literal["name", "convert", "format", "empty", "large"]
FileState = Literal["new", "changed", "published", "gone"]

_LONGEST = 180  # bytes of a name; file systems allow 255, and a sidecar's is longer
_NO_BEGINNING = re.compile(r"(?:[.\s]|~\$)+")  # of a name; it would hide the file
_LANGUAGE = re.compile(r"[._](?:" + "|".join(OFFICIAL) + r")$", re.IGNORECASE)
_REMOVED = ".removed"
_FROM = ".from"
_BESIDE = (front_matter.SIDECAR_SUFFIX, ".http.json")  # what belongs to a file, behind its name
_STAMP = "%Y%m%dT%H%M%S.%f"


def folder(settings: Settings) -> Path:
    return settings.documents_dir / "uploads"


def is_read(settings: Settings, place: Path | None = None) -> bool:
    """Whether ingest looks there: where the files go, or in another place."""
    there = (place or folder(settings)).resolve()
    return any(there.is_relative_to(read.resolve()) for read in settings.corpus_dirs)


def of(settings: Settings, entry: DocumentEntry) -> Path | None:
    """The file of a document that is in use; None where it is gone or is none of ours."""
    file = Path(entry.path)
    return file if file.is_file() and is_read(settings, file) else None


def listed(settings: Settings) -> tuple[Path, ...]:
    """The files that are there, by name."""
    place = folder(settings)
    return (
        tuple(file for file in find([place]).files if file.parent == Path(os.path.abspath(place)))
        if place.is_dir()
        else ()
    )


def safe_name(given: str) -> str:
    """The name under which a file is kept: no path, no hidden file, nothing that cannot be seen,
    not too long; empty when nothing is left."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", as_text(given))[-1])
    name = "".join(char if char.isprintable() else "-" for char in name).strip()
    if hidden := _NO_BEGINNING.match(name):
        name = name[hidden.end() :]
    stem, suffix = os.path.splitext(name)
    room = _LONGEST - len(suffix.encode())
    return stem.encode()[: max(room, 0)].decode("utf-8", "ignore") + suffix if stem else ""


def rejection_reason(name: str, size: int, settings: Settings) -> RejectionReason | None:
    """Why a file cannot be taken under this (safe) name; None when it can."""
    suffix = Path(name).suffix.lower()
    if not name:
        return "name"
    if suffix in CONVERT:
        return "convert"
    if suffix not in FORMATS:
        return "format"
    if size > settings.largest_file:
        return "large"
    return None if size else "empty"


def taken(settings: Settings, name: str) -> Path | None:
    """The file that has this name already; capitals make no difference."""
    same = (file for file in listed(settings) if file.name.casefold() == name.casefold())
    return next(same, None)


def state(file: Path, entries: Mapping[str, DocumentEntry], settings: Settings) -> FileState:
    """Whether a file is published as it is, by the entries of the generation in use (by path)."""
    entry = entries.get(as_text(file))
    if not file.is_file():
        return "gone"
    if entry is None:
        return "new"
    own = question_file.own_file(settings.documents_dir, entry.key)
    parts = (file, front_matter.find_sidecar(file), question_file.find(file), own)
    stats = [part.stat() for part in parts if part is not None and part.is_file()]
    published = datetime.datetime.fromisoformat(entry.changed) if entry.changed else None
    marks = tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)
    if entry.info.kind == "official" and not _official(file, settings.documents_dir, marks):
        return "changed"
    if published and max(stat.st_mtime for stat in stats) < published.timestamp():
        return "published"
    return "published" if _fingerprint(file, own, marks) == entry.sha256 else "changed"


@functools.lru_cache(maxsize=5000)
def _fingerprint(file: Path, own_questions: Path, marks: object) -> str:
    """Fingerprint of a file by its times and sizes; empty where it cannot be read."""
    del marks
    try:
        return fingerprint(file, own_questions)
    except DocumentError:
        return ""


@functools.lru_cache(maxsize=5000)
def _official(file: Path, documents_dir: Path, marks: object) -> bool:
    """Whether a file with these times and sizes counts as an official text."""
    del marks
    try:
        return files.is_official(file, documents_dir)
    except DocumentError:
        return False


def _free(settings: Settings, name: str) -> str:
    """The name with a number that makes it another: plan.nl.pdf -> plan-2.nl.pdf."""
    stem, suffix = os.path.splitext(name)
    if language := _LANGUAGE.search(stem):
        stem, suffix = stem[: language.start()], language[0] + suffix
    numbered = (f"{stem}-{number}{suffix}" for number in range(2, 10_000))
    return next(name for name in numbered if taken(settings, name) is None)


def add_file(settings: Settings, name: str, content: bytes, *, replace: bool) -> None:
    """Keeps a file under a safe name. Where that is taken, it replaces that file, whose name it
    then has, or gets another name. Where it cannot be written (StoreError), what was there before
    stays."""
    place, there = folder(settings), taken(settings, name)
    if there is not None:
        name = there.name if replace else _free(settings, name)
    with writing_to(place):
        place.mkdir(parents=True, exist_ok=True)
        unfinished = place / f".unfinished-{secrets.token_hex(4)}"
        try:
            unfinished.write_bytes(content)
            if there is not None and replace:
                remove(settings, there, keep_description=True)
            unfinished.replace(place / name)
        finally:
            unfinished.unlink(missing_ok=True)


class Removed(Frozen):
    """A file that was removed at a time (UTC) and can be put back into the folder it was in."""

    id: str
    name: str
    folder: Path
    date: datetime.datetime


def remove(settings: Settings, file: Path, *, keep_description: bool = False) -> None:
    """Takes a file away with what stands beside it, so that it can be put back."""
    now = datetime.datetime.now(datetime.UTC)
    kept = folder(settings) / _REMOVED / f"{now:{_STAMP}}-{secrets.token_hex(2)}"
    with writing_to(folder(settings)):
        kept.mkdir(parents=True)
        (kept / _FROM).write_bytes(os.fsencode(file.parent))
    try:
        with writing_to(file.parent):
            for beside in _beside(file):
                shutil.copy2(beside, kept)
            shutil.copy2(file, kept)
            file.unlink()
    except StoreError:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    with writing_to(folder(settings)):
        for beside in () if keep_description else _beside(file):
            beside.unlink()
        os.utime(folder(settings))  # a plan that was made before is out of date


def _beside(file: Path) -> list[Path]:
    """The files that belong to a file: its description, and its prepared questions with their
    vectors."""
    names = [file.with_name(file.name + suffix) for suffix in _BESIDE]
    questions = question_file.find(file)
    if questions is not None:
        kept = f"{glob.escape(questions.stem)}.*.npy"
        names += [questions, *sorted(questions.parent.glob(kept))]
    return [beside for beside in names if beside.is_file() and not beside.is_symlink()]


def removed(settings: Settings) -> tuple[Removed, ...]:
    """The removed files that can be put back, newest first."""
    return tuple(
        Removed(
            id=place.name,
            name=file.name,
            folder=_from(settings, place),
            date=datetime.datetime.fromisoformat(f"{place.name.partition('-')[0]}Z"),
        )
        for place in sorted((folder(settings) / _REMOVED).glob("*"), reverse=True)
        for file in find([place]).files
    )


def _from(settings: Settings, kept: Path) -> Path:
    """The folder that something was removed from; that of the uploads if ingest does not read it
    any more."""
    try:
        place = Path(os.fsdecode((kept / _FROM).read_bytes()))
    except (OSError, ValueError):
        return folder(settings)
    return place if is_read(settings, place) else folder(settings)


def restore(settings: Settings, gone: Removed) -> None:
    """Puts a file back with what stood beside it; one that has its name now is removed in turn."""
    kept = folder(settings) / _REMOVED / gone.id
    with writing_to(gone.folder):
        gone.folder.mkdir(parents=True, exist_ok=True)
        if (gone.folder / gone.name).exists():
            remove(settings, gone.folder / gone.name)
        (kept / _FROM).unlink(missing_ok=True)
        for file in sorted(kept.iterdir(), reverse=True):  # what stands beside it first
            shutil.move(file, gone.folder / file.name)
        kept.rmdir()
        os.utime(folder(settings))


def forget(settings: Settings, manifest: Manifest, published: datetime.datetime | None) -> None:
    """Deletes for good what was removed or replaced before the last publication: that of the
    generation in use, or the last from here (`published`), be it that nothing else changed.

    What is still in use is kept: a document without its file, one that could not be replaced.
    """
    entries = {entry.path: entry for entry in manifest.documents}
    made = datetime.datetime.fromisoformat(manifest.created)
    last = max(made, published or made)
    for gone in removed(settings):
        file = Path(os.path.abspath(gone.folder / gone.name))
        is_used = as_text(file) in entries and state(file, entries, settings) != "published"
        if last > gone.date and not is_used:
            shutil.rmtree(folder(settings) / _REMOVED / gone.id, ignore_errors=True)
