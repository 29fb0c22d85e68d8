"""Reads files while nobody is writing to them."""

import hashlib
import os
import time
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import TypeVar

from core.errors import DocumentError, kind_and_place

_TRIES = 5  # with four pauses 1.2 s: enough to save a file, not to copy a large one
_PAUSE = 0.3  # seconds; at once the file would still be changing

_T = TypeVar("_T")


def read(path: Path) -> bytes:
    """All bytes of a file.

    Raises:
        DocumentError: it cannot be read, or changes during every try.
    """
    return _undisturbed(path, lambda file: file.read())


def sha256(path: Path) -> str:
    """The SHA-256 of a file of any size, in hexadecimal digits; raises as `read`."""
    return _undisturbed(path, lambda file: hashlib.file_digest(file, "sha256").hexdigest())


def refuse_large(path: Path, megabytes: int) -> None:
    """Checks the size of a file without reading it.

    Raises:
        DocumentError: it is larger than so many megabytes (of a million bytes), or not there.
    """
    size = _stat(path).st_size
    if size > megabytes * 1_000_000:
        raise DocumentError(
            path,
            None,
            f"has {size / 1e6:.0f} megabytes, and {megabytes} are allowed",
            "Split it, take large pictures out, or raise STRATEGIEWIJZER_MAX_FILE_SIZE.",
            "large",
        )


def unforeseen(path: Path, error: Exception) -> DocumentError:
    """The error for a file whose reading raised an unexpected exception."""
    return DocumentError(
        path,
        None,
        f"could not be read ({kind_and_place(error)})",
        "Open it in its own program and save it again, or save its text in a new file.",
    )


def _undisturbed(path: Path, use: Callable[[BufferedReader], _T]) -> _T:
    """The result of `use` on a file that did not change meanwhile."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        try:
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                result = use(file)
        except OSError as error:
            raise _unreadable(path, error) from error
        if _version(before) == _version(_stat(path)):
            return result
    raise DocumentError(
        path,
        None,
        "changes while it is read",
        "Wait until it is complete, then run this again.",
        "changing",
    )


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error


def _version(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _unreadable(path: Path, error: OSError) -> DocumentError:
    return DocumentError(
        path,
        None,
        f"cannot be read ({error.strerror})",
        "Check the name and your rights.",
        "unreadable",
    )
