"""What Chroma leaves in its folder: of deleted collections, and of the memory of a process.

Chroma 1.5 keeps the vector folder of a deleted collection, and SQLite only marks the space of
deleted text as free. Chroma's API shows neither, so this reads the folder, on the machine that has
it. It is a program by itself, which needs nothing but Python: Chroma brings its own SQLite library,
and two of these in one process do not see each other's locks. Programs that use the store wait.

    python vectorstore/leftovers.py FOLDER             count them
    python vectorstore/leftovers.py FOLDER --remove    remove them, and count what stays
"""

import json
import logging
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

_HEADER = struct.Struct("<i4Q")  # of a graph: version, offset, room, vectors, bytes of each
_VERSION, _LENGTH = 1, 4  # bytes of a vector's length, in a file of its own
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATIENCE = 60.0  # seconds to wait for programs that use the store; a write of a run takes a while


@dataclass(frozen=True)
class Leftovers:
    """What is left of deleted collections."""

    folders: int  # of vectors, without a collection
    folder_bytes: int
    free_bytes: int  # of the database, which may hold deleted text

    def __bool__(self) -> bool:
        return bool(self.folders or self.free_bytes)


class LeftoversError(Exception):
    """Leftovers could not be counted or removed."""


def clear_spare_room(store: Path, since: float) -> None:
    """Writes zeros behind the last vector of each graph that was written since a time (Unix).

    Chroma 1.5 makes room for 100 vectors and writes all of it: where there is no vector, it writes
    memory of its process, which may hold a key. Nobody may be writing to those graphs; reading them
    meanwhile does no harm. Raises OSError: a file cannot be read or written.
    """
    for header in store.glob("*/header.bin"):
        if header.stat().st_mtime < since:
            continue
        version, _, _, vectors, size = _HEADER.unpack(header.read_bytes()[: _HEADER.size])
        for name, each in (("data_level0.bin", size), ("length.bin", _LENGTH)):
            file = header.with_name(name)
            spare = file.stat().st_size - vectors * each
            if version != _VERSION or spare < 0:
                logger.warning("%s may hold more than vectors: its form is not known", file)
            elif spare:
                with file.open("r+b") as opened:
                    opened.seek(vectors * each)
                    opened.write(bytes(spare))


def look(store: Path, *, remove: bool = False) -> Leftovers:
    """Counts the leftovers in a store's folder, after removing them if wanted; runs in a process of
    its own. Raises LeftoversError: the store stays in use, the disk is full or the like."""
    command = [sys.executable, "-I", __file__, str(store), *(["--remove"] if remove else [])]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise LeftoversError(done.stderr.strip())
    return Leftovers(**json.loads(done.stdout))


def _count(store: Path) -> Leftovers:
    folders = _unused(store)
    with _database(store) as database:
        pages, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("freelist_count", "page_size")
        )
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    return Leftovers(len(folders), sum(file.stat().st_size for file in files), pages * size)


def _remove(store: Path) -> None:
    """Removes deleted text first: if that fails, the folders stay, and the next run tries again."""
    with _database(store) as database:
        with suppress(sqlite3.OperationalError):  # a SQLite too old for Chroma's text index
            # merging the index removes its deleted entries
            database.execute(
                "INSERT INTO embedding_fulltext_search(embedding_fulltext_search) "
                "VALUES ('optimize')"
            )
        database.execute("VACUUM")
    for folder in _unused(store):
        shutil.rmtree(folder)


def _unused(store: Path) -> list[Path]:
    """The folders without a segment. They are listed before the segments, as Chroma records a
    segment before it makes the folder of that name."""
    folders = [place for place in store.iterdir() if place.is_dir() and _UUID.fullmatch(place.name)]
    with _database(store) as database:
        used = {name for (name,) in database.execute("SELECT id FROM segments")}
    return [folder for folder in folders if folder.name not in used]


@contextmanager
def _database(store: Path) -> Iterator[sqlite3.Connection]:
    file = store / "chroma.sqlite3"
    if not file.is_file():
        raise FileNotFoundError(f"{store} is no folder of Chroma")
    with closing(sqlite3.connect(file, _PATIENCE, isolation_level=None)) as database:
        yield database


if __name__ == "__main__":
    try:
        _store = Path(sys.argv[1])
        if sys.argv[2:] == ["--remove"]:
            _remove(_store)
        sys.stdout.write(json.dumps(asdict(_count(_store))) + "\n")
    except (OSError, sqlite3.Error) as error:
        sys.exit(str(error))
