"""The files of documents: found, read with a bound, and what a person confirmed of them."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal, TypeVar

from core.errors import DocumentError, kind_and_place, too_large, writing_to
from core.files import as_text, printable
from core.source import Frozen
from ingest.reading import question_file
from ingest.reading.formats import FORMATS, front_matter

_TRIES = 5  # with four pauses 1.2 s: enough to save a file, not to copy a large one
_PAUSE = 0.3  # seconds; at once the file would still be changing

_T = TypeVar("_T")

FETCHED = "official"  # where the fetch puts its texts
_FOLDER = "confirmed"
SUFFIX = ".official"

HIDDEN = (".", "~$")  # "~$plan.docx": open in a word processor
# They belong to the file next to them.
_BESIDE = (
    front_matter.SIDECAR_SUFFIX, question_file.SUFFIX, ".proposed.yaml",
    SUFFIX, ".http.json", ".npy",
)  # fmt: skip

Why = Literal["other", "format", "nowhere", "outside", "beside", "inside"]
"""Why a file is skipped, in this order: it is no file; its format is not read; it is a link to
nowhere, out of the folder, beside a document, or to a file that is found at its own place."""
_REASONS: dict[Why, str] = {
    "other": "is not a file that can be read",
    "format": "is not a format that can be read",
    "nowhere": "is a link that leads nowhere",
    "outside": "is a link out of the folder; copy there what it leads to",
    "beside": "is a link; copy there what it leads to",
    "inside": "is a link; what it leads to is found at its own place",
}


def read(path: Path) -> bytes:
    """All bytes of a file. Raises DocumentError: it cannot be read, or changes during every try."""
    return _undisturbed(path, lambda file: file.read())


def sha256(path: Path) -> str:
    """The SHA-256 of a file of any size, in hexadecimal digits; raises as `read`."""
    return _undisturbed(path, lambda file: hashlib.file_digest(file, "sha256").hexdigest())


def refuse_large(path: Path, limit: int) -> None:
    """Checks the size of a file without reading it. Raises DocumentError: it has more bytes than
    `limit`, or is not there."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if size > limit:
        raise DocumentError(path, None, *too_large(limit), "large")


def unforeseen(path: Path, error: Exception) -> DocumentError:
    """The error for a file whose reading raised an unexpected exception."""
    remedy = "Open it in its own program and save it again, or save its text in a new file."
    return DocumentError(path, None, f"could not be read ({kind_and_place(error)})", remedy)


def _undisturbed(path: Path, use: Callable[[BufferedReader], _T]) -> _T:
    """The result of `use` on a file that did not change meanwhile."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        try:
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                result = use(file)
            after = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from error
        if _version(before) == _version(after):
            return result
    remedy = "Wait until it is complete, then run this again."
    raise DocumentError(path, None, "changes while it is read", remedy, "changing")


def _version(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _unreadable(path: Path, error: OSError) -> DocumentError:
    problem = f"cannot be read ({error.strerror})"
    return DocumentError(path, None, problem, "Check the name and your rights.", "unreadable")


def is_official(file: Path, documents_dir: Path) -> bool:
    """Whether a file counts as an official text. Raises DocumentError: it cannot be read."""
    if is_fetched(file, documents_dir):
        return True
    any_confirmed = (documents_dir / _FOLDER).is_dir()
    return any_confirmed and _confirmation(file, documents_dir).is_file()


def is_fetched(file: Path, documents_dir: Path) -> bool:
    """Whether a file is as our own fetch left it; raises as `is_official`."""
    if file.parent.resolve() != (documents_dir / FETCHED).resolve():
        return False
    try:
        record = json.loads(file.with_name(f"{file.name}.http.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("sha256") == sha256(file)


def confirm(file: Path, documents_dir: Path, *, official: bool) -> None:
    """Remembers that a file is an official text, or that it is none after all.

    Raises:
        DocumentError: the file cannot be read.
        StoreError: nothing can be written in `documents_dir`.
    """
    kept = _confirmation(file, documents_dir)
    with writing_to(documents_dir):
        if official:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(f"{printable(file.name)}\n", "utf-8")
        else:
            kept.unlink(missing_ok=True)


def _confirmation(file: Path, documents_dir: Path) -> Path:
    return documents_dir / _FOLDER / f"{sha256(file)}{SUFFIX}"


class LeftOut(Frozen):
    """A skipped file, and why, as a code and in words."""

    path: str
    why: Why = "other"
    reason: str


@dataclass(frozen=True)
class FoundFiles:
    """The files to load, in order; the skipped files; the folders that cannot be read."""

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[DocumentError, ...] = ()


def find(folders: Iterable[Path]) -> FoundFiles:
    """The source texts below the folders (a single file is fine), folder by folder, by path.

    Paths are absolute, so that a document is the same from wherever its folder is named.

    A missing folder is skipped, as `documents/` is before its first file. Hidden files and sidecars
    are skipped silently; links and other formats are listed.

    Raises:
        DocumentError: none of the folders exists.
    """
    paths = [Path(os.path.abspath(folder)) for folder in folders]
    present = [path for path in paths if path.exists()]
    if paths and not present:
        named = ", ".join(map(as_text, paths))
        raise DocumentError(named, None, "not found", "Name a folder or file that exists.")
    seen: list[Path | LeftOut | DocumentError] = []
    for path in present:
        seen += _walk(path, path) if path.is_dir() else [path]
    return FoundFiles(
        files=tuple(dict.fromkeys(entry for entry in seen if isinstance(entry, Path))),
        left_out=tuple(entry for entry in seen if isinstance(entry, LeftOut)),
        unreadable=tuple(entry for entry in seen if isinstance(entry, DocumentError)),
    )


def _walk(folder: Path, root: Path) -> Iterator[Path | LeftOut | DocumentError]:
    """The files below a folder, those that are skipped, and the folders that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            seen = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problem = f"the folder cannot be looked into ({error.strerror})"
        yield DocumentError(folder, None, problem, "Check your rights.", "unreadable")
        return
    for entry in seen:
        path = Path(entry.path)
        is_beside = entry.name.lower().endswith(_BESIDE)
        if entry.name.startswith(HIDDEN) or (is_beside and not entry.is_symlink()):
            continue
        if entry.is_symlink():
            yield _left_out(path, _link(path, root))
        elif entry.is_dir():
            yield from _walk(path, root)
        elif not entry.is_file():
            yield _left_out(path, "other")
        elif path.suffix.lower() in FORMATS:
            yield path
        else:
            yield _left_out(path, "format")


def _left_out(path: Path, why: Why) -> LeftOut:
    return LeftOut(path=as_text(path), why=why, reason=_REASONS[why])


def _link(path: Path, root: Path) -> Why:
    """Why a link is not followed."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # until Python 3.13 a loop is a RuntimeError
        return "nowhere"
    if not target.is_relative_to(root.resolve()):
        return "outside"
    if path.name.lower().endswith(_BESIDE):
        return "beside"
    return "inside"
