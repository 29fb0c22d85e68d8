"""The files of documents: those that a maintainer adds, and all others that are in use.

What is added goes into uploads/ below the setting `documents_dir`, and is used once it is
published. A removed file can be put back until then (ui/maintenance/removed_files.py):

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
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from core.disk import obstacle
from core.errors import DocumentError, StoreError
from core.names import as_text
from core.settings import Settings
from ingest.reading import confirmed, question_file, sidecar
from ingest.reading.find import find
from ingest.reading.formats import CONVERT, FORMATS
from ingest.reading.load import fingerprint
from language.official import OFFICIAL
from vectorstore.manifest import DocumentEntry

Refusal = Literal["name", "convert", "format", "empty", "large"]
FileState = Literal["new", "changed", "published", "gone"]

_LONGEST = 180  # bytes of a name; file systems allow 255, and a sidecar's is longer
_NO_BEGINNING = re.compile(r"(?:[.\s]|~\$)+")  # of a name; it would hide the file
_LANGUAGE = re.compile(r"[._](?:" + "|".join(OFFICIAL) + r")$", re.IGNORECASE)


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


def state(file: Path, entries: Mapping[str, DocumentEntry], settings: Settings) -> FileState:
    """Whether a file is published as it is, by the entries of the generation in use (by path)."""
    entry = entries.get(as_text(file))
    if not file.is_file():
        return "gone"
    if entry is None:
        return "new"
    own = question_file.own_file(settings.documents_dir, entry.key)
    parts = (file, sidecar.find(file), question_file.find(file), own)
    stats = [one.stat() for one in parts if one is not None and one.is_file()]
    published = datetime.datetime.fromisoformat(entry.changed) if entry.changed else None
    marks = tuple((one.st_mtime_ns, one.st_size) for one in stats)
    if entry.info.kind == "official" and not _official(file, settings.documents_dir, marks):
        return "changed"
    if published and max(one.st_mtime for one in stats) < published.timestamp():
        return "published"
    return "published" if _fingerprint(file, own, marks) == entry.sha256 else "changed"


@functools.lru_cache(maxsize=5000)
def _fingerprint(file: Path, own_questions: Path, marks: object) -> str:
    """That of a file with these times and sizes; empty where it cannot be read."""
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
        return confirmed.is_official(file, documents_dir)
    except DocumentError:
        return False


def free(settings: Settings, name: str) -> str:
    """The name with a number that makes it another: plan.nl.pdf -> plan-2.nl.pdf."""
    stem, suffix = os.path.splitext(name)
    if language := _LANGUAGE.search(stem):
        stem, suffix = stem[: language.start()], language[0] + suffix
    numbered = (f"{stem}-{number}{suffix}" for number in range(2, 10_000))
    return next(name for name in numbered if taken(settings, name) is None)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = obstacle(place) or "Check your rights there."
        raise StoreError(
            f"Nothing can be written in {place}: {error.strerror}. {remedy}"
        ) from error
