"""Files and folders of this machine: their names and sizes as people see them, private folders and
those in use, and why one cannot be written to."""

import fcntl
import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

MEGABYTE = 2**20
"""Bytes, as browsers count when a page says how large a file may be."""

_ROOM = 10_000_000  # bytes free; with less the store may fail
_CODE = re.compile(r"\\x([89a-f][0-9a-f])")  # escape of a byte that is not UTF-8


def as_text(path: object) -> str:
    """A path as text that can be stored: bytes that are not UTF-8 become escapes such as \\xff."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_path(text: str) -> Path:
    """The path that `as_text` encoded. Escapes become bytes, unless a file has them in its name."""
    path = Path(text)
    if os.path.lexists(path):
        return path
    return Path(_CODE.sub(lambda code: chr(0xDC00 + int(code[1], 16)), text))


def printable(name: object) -> str:
    """A path or title in one line, with what is invisible escaped: newlines, control characters,
    marks that turn the direction of writing, bytes that are not UTF-8."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in as_text(name)
    )


def in_megabytes(size: int) -> str:
    """A number of bytes to show, such as "100.1 MB"; rounded up, so more than 100 is never 100."""
    return f"{math.ceil(size * 10 / MEGABYTE) / 10:g} MB"


def make_private(folder: Path) -> None:
    """Makes a folder and its missing parents, with access for their owner only.

    An existing folder keeps its permissions, which are its owner's choice.
    """
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def is_locked(file: Path) -> bool:
    """Whether a process holds the lock (flock) on a file. Raises OSError: it cannot be opened."""
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def in_use(data_dir: Path, *, alone: bool = False) -> Iterator[bool]:
    """Marks a data folder as in use: by one of several apps, or `alone` by what needs that none is.

    Yields whether it can be had so. It always can where no app ever marked it, or a file system has
    no locks. The system ends the mark with the process.
    """
    with ExitStack() as held:
        can_be_had = True
        try:
            lock = held.enter_context(open(data_dir / "app.lock", "r+" if alone else "a+"))
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            can_be_had = False
        except OSError:
            pass
        yield can_be_had


def obstacle(folder: Path) -> str:
    """Why this program cannot write to a folder, and the remedy; empty when no cause is found.

    The operating system knows, as libraries report a full or read-only disk differently from call
    to call. Of a folder that is not there the nearest one above it counts.
    """
    place = existing(folder)
    if not place.is_dir():
        return f"{place} is a file, not a folder. Move it, or set STRATEGIEWIJZER_DATA_DIR."
    if not os.access(place, os.W_OK | os.X_OK):
        return (
            f"{place} is read-only for this program. Give it the right to write there, or set "
            "STRATEGIEWIJZER_DATA_DIR to a folder where it has."
        )
    disk = shutil.disk_usage(place)
    if disk.total and disk.free < _ROOM:  # /proc and the like have no size
        free = f"{disk.free / MEGABYTE:.1f} MB free"
        return f"The disk of {place} is full ({free}). Make room, then try again."
    return ""


def is_damaged(message: str) -> bool:
    """Whether an error of SQLite, or of a library that uses it, says that the file is damaged
    (SQLITE_CORRUPT, SQLITE_NOTADB: https://sqlite.org/rescode.html)."""
    return "file is not a database" in message or "database disk image is malformed" in message


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
