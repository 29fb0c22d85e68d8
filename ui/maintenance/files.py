"""The files of documents: those that a maintainer adds, and all others that are in use.

What is added goes into uploads/ below the setting `documents_dir`, and is used once it is
published. What is removed or replaced, wherever it was, is kept in a hidden folder, where ingest
does not look, and can be put back until the next publication:

uploads/
    plan.nl.pdf
    plan.nl.pdf.meta.yaml               what is known about it (ingest/reading/sidecar.py)
    .removed/
        20261125T101500-3f2a/plan.nl.pdf
        20261125T101500-3f2a/.from      the folder that it comes from
"""

import datetime
import functools
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import yaml

from core.disk import obstacle
from core.errors import DocumentError, StoreError
from core.names import as_text
from core.settings import Settings
from core.types import Frozen
from ingest.reading import sidecar
from ingest.reading.find import find
from ingest.reading.formats import CONVERT, FORMATS, front_matter
from ingest.reading.formats.blocks import Value
from ingest.reading.load import fingerprint
from language.official import OFFICIAL
from vectorstore.manifest import DocumentEntry, Manifest

Refusal = Literal["name", "convert", "format", "empty", "large"]
State = Literal["new", "changed", "published", "gone"]

_LONGEST = 180  # bytes of a name; file systems allow 255, and a sidecar's is longer
_REMOVED = ".removed"
_FROM = ".from"
_BESIDE = (sidecar.SUFFIX, ".http.json")  # what belongs to a file, behind its name
_STAMP = "%Y%m%dT%H%M%S"
_NO_BEGINNING = re.compile(r"(?:[.\s]|~\$)+")  # of a name; it would hide the file
_LANGUAGE = re.compile(r"[._](?:" + "|".join(OFFICIAL) + r")$", re.IGNORECASE)


class Removed(Frozen):
    """A file that was removed at a time (UTC) and can be put back into the folder it was in."""

    id: str
    name: str
    folder: Path
    date: datetime.datetime


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


def refusal(name: str, size: int, settings: Settings) -> Refusal | None:
    """Why a file cannot be taken under this (safe) name; None when it can."""
    suffix = Path(name).suffix.lower()
    if not name:
        return "name"
    if suffix in CONVERT:
        return "convert"
    if suffix not in FORMATS:
        return "format"
    if size > settings.max_file_size * 1_000_000:
        return "large"
    return None if size else "empty"


def taken(settings: Settings, name: str) -> Path | None:
    """The file that has this name already; capitals make no difference."""
    same = (file for file in listed(settings) if file.name.casefold() == name.casefold())
    return next(same, None)


def add(settings: Settings, name: str, content: bytes, *, replace: bool) -> str:
    """Keeps a file; where its name is taken, in place of that file or under another name.

    Args:
        settings: say where.
        name: a safe one.
        content: of the file.
        replace: the file that has the name now is removed, else both are kept.

    Returns:
        The name under which it is there.

    Raises:
        StoreError: it cannot be written; what was there before stays.
    """
    place = folder(settings)
    with _writing(place):
        place.mkdir(parents=True, exist_ok=True)
        there = taken(settings, name)
        if there is not None and not replace:
            name = _free(settings, name)
        unfinished = place / f".unfinished-{secrets.token_hex(4)}"
        try:
            unfinished.write_bytes(content)
            if there is not None and replace:
                known = sidecar.find(there)
                remove(settings, there, keep_description=True)
                if known is not None and known.name == there.name + sidecar.SUFFIX:
                    known.rename(place / (name + sidecar.SUFFIX))
            unfinished.replace(place / name)
        finally:
            unfinished.unlink(missing_ok=True)
    return name


def remove(settings: Settings, file: Path, *, keep_description: bool = False) -> None:
    """Takes a file away with what stands beside it, so that it can be put back.

    Raises:
        StoreError: it cannot be moved.
    """
    now = datetime.datetime.now(datetime.UTC)
    kept = folder(settings) / _REMOVED / f"{now:{_STAMP}}-{secrets.token_hex(2)}"
    with _writing(folder(settings)):
        kept.mkdir(parents=True)
        (kept / _FROM).write_bytes(os.fsencode(file.parent))
    try:
        with _writing(file.parent):
            for beside in _beside(file):
                shutil.copy2(beside, kept)
            shutil.copy2(file, kept)
            file.unlink()
    except StoreError:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    with _writing(folder(settings)):
        for beside in () if keep_description else _beside(file):
            beside.unlink()
        os.utime(folder(settings))  # a plan that was made before is out of date


def _beside(file: Path) -> list[Path]:
    names = (file.with_name(file.name + suffix) for suffix in _BESIDE)
    return [beside for beside in names if beside.is_file() and not beside.is_symlink()]


def removed(settings: Settings) -> tuple[Removed, ...]:
    """What can be put back, newest first."""
    found = []
    for place in sorted((folder(settings) / _REMOVED).glob("*"), reverse=True):
        for file in find([place]).files:
            stamp = place.name.partition("-")[0]
            date = datetime.datetime.strptime(stamp, _STAMP).replace(tzinfo=datetime.UTC)
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
    with _writing(one.folder):
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
        is_used = as_text(file) in entries and state(file, entries) != "published"
        if last >= one.date + datetime.timedelta(seconds=1) and not is_used:
            shutil.rmtree(folder(settings) / _REMOVED / one.id, ignore_errors=True)


def state(file: Path, entries: Mapping[str, DocumentEntry]) -> State:
    """Whether a file is published as it is, by the entries of the generation in use (by path)."""
    entry = entries.get(as_text(file))
    if not file.is_file():
        return "gone"
    if entry is None:
        return "new"
    beside = sidecar.find(file)
    stats = [one.stat() for one in (file, beside) if one is not None]
    published = datetime.datetime.fromisoformat(entry.changed) if entry.changed else None
    if published and max(one.st_mtime for one in stats) < published.timestamp():
        return "published"
    marks = tuple((one.st_mtime_ns, one.st_size) for one in stats)
    return "published" if _fingerprint(file, marks) == entry.sha256 else "changed"


@functools.lru_cache(maxsize=5000)
def _fingerprint(file: Path, marks: object) -> str:
    """That of a file with these times and sizes; empty where it cannot be read."""
    del marks
    try:
        return fingerprint(file)
    except DocumentError:
        return ""


def describe(settings: Settings, file: Path, fields: Mapping[str, Value]) -> None:
    """Writes the sidecar of a file; without a field that has a value there is none.

    Args:
        settings: say where uploads go.
        file: what is described.
        fields: those of `DocumentInfo` that are stated.

    Raises:
        DocumentError: a value is wrong; what was there before stays.
        StoreError: it cannot be written.
    """
    stated = {name: value for name, value in fields.items() if value}
    beside = file.with_name(file.name + sidecar.SUFFIX)
    text = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=1000)
    front_matter.read(beside, text)
    unfinished = file.with_name(f".unfinished-{secrets.token_hex(4)}")
    with _writing(file.parent):
        if stated:
            unfinished.write_text(text, "utf-8")
            unfinished.replace(beside)
        else:
            beside.unlink(missing_ok=True)
    if folder(settings).is_dir():
        os.utime(folder(settings))  # a plan that was made before is out of date


def _free(settings: Settings, name: str) -> str:
    """The name with a number that makes it another: plan.nl.pdf -> plan-2.nl.pdf."""
    stem, suffix = os.path.splitext(name)
    if language := _LANGUAGE.search(stem):
        stem, suffix = stem[: language.start()], language[0] + suffix
    numbered = (f"{stem}-{number}{suffix}" for number in range(2, 10_000))
    return next(name for name in numbered if taken(settings, name) is None)


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = obstacle(place) or "Check your rights there."
        raise StoreError(
            f"Nothing can be written in {place}: {error.strerror}. {remedy}"
        ) from error
