"""Reads an exported generation (`ingest/publishing/generation_file.py`) from an untrusted file.

All of it is checked before use: names and sizes of members, checksums, and that manifest, passages
and vectors fit each other.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from core.errors import ArchiveError
from core.passage import Passage
from ingest.publishing.generation_file import FORMAT, MEMBERS, SUMS
from vectorstore.embeddings import Vectors
from vectorstore.manifest import Manifest
from vectorstore.segments import document_key

_SMALL = 10_000  # bytes of format.json and SHA256SUMS, which have a few hundred
_MANIFEST = 100_000_000  # bytes; a document takes less than a thousand
_LINE = 1_000_000  # bytes of a passage, which has at most a few thousand characters
_PACKED = 200  # the highest ratio of unpacked to packed size; that of passages is about 5
_ROUNDING = 1e-3  # tolerance for the length of a vector: in 32 bits it is much nearer to 1
_CHUNK = 1 << 20  # bytes read at once: a file of any size takes no more memory
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z]{2}")


class Archive:
    """An archive to read; its checksums were verified when this object was made.

    Raises:
        ArchiveError: the file is damaged, cut off, too new, or no archive of ours.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._opened() as archive:
            self._check(archive)
            self.manifest = Manifest.model_validate_json(_all(archive, "manifest.json", _MANIFEST))
            if not all(_KEY.fullmatch(entry.key) for entry in self.manifest.documents):
                raise ValueError("a document has a wrong id")
            with archive.open("units.npy") as vectors:
                self.dimensions = _dimensions(vectors, self.manifest.units)

    def contents(self) -> Iterator[tuple[Passage, Vectors]]:
        """Each passage, and the vectors of its units, shape (units, dimensions).

        Raises:
            ArchiveError: they do not fit each other or the manifest; may come after the last one.
        """
        expected = {entry.key: entry for entry in self.manifest.documents}
        passages, units, seen = Counter[str](), Counter[str](), set[str]()
        with self._opened() as archive, archive.open("units.npy") as rows:
            _dimensions(rows, self.manifest.units)
            for passage in _passages(archive):
                key = document_key(passage.id)
                if key not in expected or passage.document != expected[key].info:
                    raise ValueError(f"passage {passage.id} is of no document of it")
                vectors = _rows(rows, len(passage.units), self.dimensions)
                if passage.id in seen or not _fits(passage, vectors):
                    raise ValueError(f"passage {passage.id} is there twice or has wrong units")
                seen.add(passage.id)
                passages[key] += 1
                units[key] += len(vectors)
                yield passage, vectors
            counts = {key: (entry.passages, entry.units) for key, entry in expected.items()}
            if rows.read(1) or counts != {key: (passages[key], units[key]) for key in expected}:
                raise ValueError("it does not hold the passages that its manifest lists")

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        """The ZIP file; translates errors in reading it into ours."""
        try:
            with zipfile.ZipFile(self._file) as archive:
                yield archive
        except FileNotFoundError as error:
            raise ArchiveError(f"There is no file {self._file}. Check the name.") from error
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,
            ValueError,
        ) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ArchiveError(
                f"{self._file} is damaged, or not an exported generation: {told}. Nothing was "
                "changed. Make it anew with: python -m ingest export FILE"
            ) from error

    def _check(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        if sorted(member.filename for member in members) != sorted((*MEMBERS, SUMS)):
            raise ValueError("it does not consist of the right parts")
        for member in members:
            if member.file_size > max(_SMALL, _PACKED * member.compress_size):
                raise ValueError(f"{member.filename} is larger than can be")
        if archive.getinfo("units.npy").compress_type != zipfile.ZIP_STORED:
            raise ValueError("units.npy is packed")
        form = json.loads(_all(archive, "format.json", _SMALL))
        if form != FORMAT:
            raise ValueError(f"its format is {str(form)[:80]}, and {FORMAT} can be read")
        digests = {name: _digest(archive, name) for name in MEMBERS}
        sums = "".join(f"{digests[name]}  {name}\n" for name in MEMBERS)
        if _all(archive, SUMS, _SMALL).decode() != sums:
            raise ValueError("it does not fit its checksums")


def _passages(archive: zipfile.ZipFile) -> Iterator[Passage]:
    with archive.open("passages.jsonl") as lines:
        while line := lines.readline(_LINE):
            yield Passage.model_validate_json(line)


def _rows(rows: IO[bytes], count: int, dimensions: int) -> Vectors:
    data = rows.read(4 * count * dimensions)
    return np.frombuffer(data, dtype="<f4").reshape(count, dimensions)


def _fits(passage: Passage, vectors: Vectors) -> bool:
    """Whether a passage has units within its text, each with a vector of length 1."""
    lengths = np.linalg.norm(vectors, axis=1)
    within = all(0 <= unit.start < unit.end <= len(passage.text) for unit in passage.units)
    return within and len(lengths) > 0 and bool((abs(lengths - 1) < _ROUNDING).all())


def _all(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{name} is larger than {limit} bytes")
    return data


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while data := member.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


def _dimensions(vectors: IO[bytes], units: int) -> int:
    """Reads the header of units.npy, up to where the numbers begin; returns the dimensions."""
    if np.lib.format.read_magic(vectors) != (1, 0):
        raise ValueError("units.npy has another version")
    shape, by_column, kind = np.lib.format.read_array_header_1_0(vectors)
    if by_column or kind != np.dtype("<f4") or len(shape) != 2 or shape[0] != units:
        raise ValueError(f"units.npy has {kind} of shape {shape}, not float32 for {units} units")
    return int(shape[1])
