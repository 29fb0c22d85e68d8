"""What Chroma leaves in its folder of collections that were deleted, and its removal.

Chroma 1.5 forgets a deleted collection and leaves the folder of its vectors; and SQLite only marks
the room of a deleted text as free. Nothing of it shows through Chroma's API, so this looks into
the folder, and must run on the machine that has it. It is a program by itself that needs nothing
but Python, for one reason besides: two SQLite libraries in one process, and Chroma brings its own,
do not see each other's locks. Programs that use the store, a Chroma server as well, wait meanwhile.

    python vectorstore/leftovers.py FOLDER             count them
    python vectorstore/leftovers.py FOLDER --remove    remove them, and count what stays
"""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATIENCE = 60.0  # seconds to wait for those who use the store


@dataclass(frozen=True)
class Leftovers:
    """Folders of vectors that no collection has, their bytes, and the bytes of the database that
    are free and may hold deleted text."""

    folders: int
    folder_bytes: int
    free_bytes: int

    def __bool__(self) -> bool:
        return bool(self.folders or self.free_bytes)


class LeftoversError(Exception):
    """They could not be counted or removed; says why."""


def look(store: Path, *, remove: bool = False) -> Leftovers:
    """What is left behind in a store's folder, after removal if wanted; in a process of its own.

    Raises:
        LeftoversError: the store is in use all the time, the disk is full or the like.
    """
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
    """The text first: what fails leaves the folders, which tell the next run that it is needed."""
    with _database(store) as database:
        with suppress(sqlite3.OperationalError):  # a SQLite that is too old for Chroma's text index
            # whose deleted entries stay in it until it is merged
            database.execute(
                "INSERT INTO embedding_fulltext_search(embedding_fulltext_search) "
                "VALUES ('optimize')"
            )
        database.execute("VACUUM")
    for folder in _unused(store):
        shutil.rmtree(folder)


def _unused(store: Path) -> list[Path]:
    """Chroma names the folder of vectors as their segment, and knows it before it makes it: so the
    folders are listed first."""
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
