"""What tests make once: vectors of texts, processes that read files, indexes of a few documents.

They are those of the product, only not made again for each test. Tests of the embedder and of the
reading processes themselves set this aside with the fixture `nothing_kept` (tests/conftest.py).
"""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

import numpy as np
from filelock import FileLock

from core.settings import Settings
from ingest.passages.isolated import Loader
from vectorstore.e5 import E5
from vectorstore.encoder_files import Matrix

MODEL = "model"  # as vectorstore.embeddings.MODEL, which takes long to import
_DOCUMENTS = "/the folder of a test's documents"  # as kept indexes have it
_PAGES = 100_000  # of 4 KB that the vectors of texts may take
_READERS = 2  # processes that wait for a file at once, of some 200 MB each


class Kept:
    """Computes each text once, whatever test asks for it, and has reading processes serve one run
    after another.

    Args:
        file: a SQLite file for the vectors, by model and text; several processes may share it.
    """

    def __init__(self, file: Path) -> None:
        self._is_on = True
        self._lock = threading.Lock()
        self._vectors = sqlite3.connect(
            file, timeout=60, isolation_level=None, check_same_thread=False
        )
        with FileLock(file.with_suffix(".lock")):  # SQLite does not wait to change its journal
            self._vectors.execute("PRAGMA journal_mode = WAL")
            self._vectors.execute(
                "CREATE TABLE IF NOT EXISTS kept (text BLOB PRIMARY KEY, made BLOB)"
            )
        self._vectors.execute("PRAGMA synchronous = OFF")
        self._vectors.execute(f"PRAGMA max_page_count = {_PAGES}")
        self._readers: dict[tuple[object, ...], subprocess.Popen[str]] = {}

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Has this process use them."""
        vector = E5.vector
        start, leave = Loader._start, Loader.__exit__

        def kept_vector(model: E5, text: str) -> Matrix:
            return self._recalled(f"row {text}", lambda: vector(model, text))

        def kept_start(loader: Loader) -> subprocess.Popen[str]:
            reader = self._readers.pop(_kind(loader), None) if self._is_on else None
            if reader is None or reader.poll() is not None:
                return start(loader)
            loader._worker = reader
            return reader

        def kept_leave(loader: Loader, error: object, *told: object) -> None:
            kind, reader = _kind(loader), loader._worker
            is_wanted = self._is_on and not error and len(self._readers) < _READERS
            if reader and reader.poll() is None and is_wanted and kind not in self._readers:
                self._readers[kind], loader._worker = reader, None
            leave(loader, error, *told)

        with (
            patch.object(E5, "vector", kept_vector),
            patch.object(Loader, "_start", kept_start),
            patch.object(Loader, "__exit__", kept_leave),
        ):
            yield
        self._end_readers()

    @contextlib.contextmanager
    def set_aside(self) -> Iterator[None]:
        self._end_readers()
        self._is_on = False
        try:
            yield
        finally:
            self._is_on = True

    def _end_readers(self) -> None:
        while self._readers:
            with self._readers.popitem()[1] as reader:
                reader.kill()

    def _recalled(self, text: str, compute: Callable[[], Matrix]) -> Matrix:
        if not self._is_on:
            return compute()
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            found = self._vectors.execute("SELECT made FROM kept WHERE text = ?", (key,)).fetchone()
        if found:
            # Not in NumPy's form, whose header it reads by `ast`: of two threads one can fail.
            return np.frombuffer(found[0], np.float32)
        made = compute()
        row = key, made.astype(np.float32).tobytes()
        # When the file is full, what is new is computed each time.
        with self._lock, contextlib.suppress(sqlite3.OperationalError):
            self._vectors.execute("INSERT OR IGNORE INTO kept VALUES (?, ?)", row)
        return made


def _kind(loader: Loader) -> tuple[object, ...]:
    """What a process that reads files was started with."""
    limits = loader._timeout, loader._memory, loader._limit, loader._estimated
    return (*limits, os.getcwd(), *sys.path)


def ingested(settings: Settings, files: Mapping[str, str], folder: Path) -> None:
    """Makes the index of these settings, over these files, or copies it from `folder`, where it was
    kept when a test made it before."""
    from ingest.pipeline import ingest  # takes a second

    documents = str(settings.corpus_dirs[0])
    written = "\0".join(f"{name}\0{text}" for name, text in sorted(files.items()))
    kept = folder / hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    if kept.exists():
        copy_index(kept, settings.data_dir)
        _rename(settings.data_dir, _DOCUMENTS, documents)
        return
    ingest(settings)
    making = Path(tempfile.mkdtemp(dir=folder))
    copy_index(settings.data_dir, making / "made")
    _rename(making / "made", documents, _DOCUMENTS)
    with contextlib.suppress(OSError):  # another worker was first
        (making / "made").rename(kept)
    shutil.rmtree(making)


def _rename(index: Path, old: str, new: str) -> None:
    """Gives the files of an index that nobody has open another folder."""
    with contextlib.closing(sqlite3.connect(index / "chroma" / "chroma.sqlite3")) as store, store:
        change = "UPDATE collection_metadata SET str_value = replace(str_value, ?, ?)"
        store.execute(f"{change} WHERE key = 'manifest'", (old, new))


def copy_index(index: Path, to: Path) -> None:
    """Copies an index that nobody writes to.

    Chroma and SQLite write in their files, which are copied; the model, which is most of it and is
    only ever replaced as a whole, is shared by hard links.
    """

    def copy(source: str, target: str) -> None:
        if MODEL in Path(source).relative_to(index).parts[:1]:
            if Path(target).exists():
                return
            with contextlib.suppress(OSError):  # of another disk
                os.link(source, target)
                return
        shutil.copy2(source, target)

    shutil.copytree(index, to, copy_function=copy, dirs_exist_ok=True)
