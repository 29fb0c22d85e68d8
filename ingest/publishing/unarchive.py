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
from core.prepared import PreparedQuestion
from ingest.publishing.generation_file import MEMBERS, NAME, SUMS
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
        self._version = 0
        self._units: set[str] = set()  # of the passages read
        with self._opened() as archive:
            self._check(archive)
            self.manifest = Manifest.model_validate_json(_all(archive, "manifest.json", _MANIFEST))
            if not all(_KEY.fullmatch(entry.key) for entry in self.manifest.documents):
                raise ValueError("a document has a wrong id")
            with archive.open("units.npy") as vectors:
                self.dimensions = _dimensions(vectors, self.manifest.units)
            if self._version == 1 and self.manifest.questions:
                raise ValueError("it lacks the prepared questions that its manifest counts")

    def contents(self) -> Iterator[tuple[Passage, Vectors]]:
        """Each passage, and the vectors of its units, shape (units, dimensions).

        Raises:
            ArchiveError: they do not fit each other or the manifest; may come after the last one.
        """
        expected = {entry.key: entry for entry in self.manifest.documents}
        passages, units, seen = Counter[str](), Counter[str](), set[str]()
        self._units.clear()
        with self._opened() as archive, archive.open("units.npy") as rows:
            _dimensions(rows, self.manifest.units)
            for line in _lines(archive, "passages.jsonl"):
                passage = Passage.model_validate_json(line)
                key = document_key(passage.id)
                if key not in expected or passage.document != expected[key].info:
                    raise ValueError(f"passage {passage.id} is of no document of it")
                vectors = _rows(rows, len(passage.units), self.dimensions)
                if passage.id in seen or not _fits(passage, vectors):
                    raise ValueError(f"passage {passage.id} is there twice or has wrong units")
                seen.add(passage.id)
                self._units.update(passage.unit_ids)
                passages[key] += 1
                units[key] += len(vectors)
                yield passage, vectors
            counts = {key: (entry.passages, entry.units) for key, entry in expected.items()}
            if rows.read(1) or counts != {key: (passages[key], units[key]) for key in expected}:
                raise ValueError("it does not hold the passages that its manifest lists")

    def questions(self) -> Iterator[tuple[PreparedQuestion, Vectors]]:
        """Each prepared question, and its vector, shape (dimensions,).

        Raises:
            ArchiveError: as `contents`, which is to be read before.
        """
        if self._version == 1:
            return
        expected = {entry.key: entry.questions for entry in self.manifest.documents}
        counts, seen = Counter[str](), set[str]()
        with self._opened() as archive, archive.open("questions.npy") as rows:
            if _dimensions(rows, self.manifest.questions) not in (0, self.dimensions):
                raise ValueError("questions.npy has vectors of another length")
            for line in _lines(archive, "questions.jsonl"):
                question = PreparedQuestion.model_validate_json(line)
                key = document_key(question.id)
                vectors = _rows(rows, 1, self.dimensions)
                if key not in expected or question.id in seen or not _are_units(vectors):
                    raise ValueError(f"question {question.id} is there twice or of no document")
                if not all(name in self._units for name in question.units):
                    raise ValueError(f"question {question.id} has an answer that is not there")
                seen.add(question.id)
                counts[key] += 1
                yield question, vectors[0]
            if rows.read(1) or any(counts[key] != number for key, number in expected.items()):
                raise ValueError("it does not hold the questions that its manifest counts")

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
        names = sorted(member.filename for member in members)
        known = {tuple(sorted((*parts, SUMS))): version for version, parts in MEMBERS.items()}
        if tuple(names) not in known:
            raise ValueError("it does not consist of the right parts")
        self._version = known[tuple(names)]
        for member in members:
            if member.file_size > max(_SMALL, _PACKED * member.compress_size):
                raise ValueError(f"{member.filename} is larger than can be")
            if member.filename.endswith(".npy") and member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{member.filename} is packed")
        form, wanted = json.loads(_all(archive, "format.json", _SMALL)), self._version
        if form != {"format": NAME, "version": wanted}:
            raise ValueError(f"its format is {str(form)[:80]}, and {NAME} {wanted} can be read")
        digests = {name: _digest(archive, name) for name in MEMBERS[wanted]}
        sums = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
        if _all(archive, SUMS, _SMALL).decode() != sums:
            raise ValueError("it does not fit its checksums")


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as lines:
        while line := lines.readline(_LINE):
            yield line


def _rows(rows: IO[bytes], count: int, dimensions: int) -> Vectors:
    data = rows.read(4 * count * dimensions)
    return np.frombuffer(data, dtype="<f4").reshape(count, dimensions)


def _fits(passage: Passage, vectors: Vectors) -> bool:
    """Whether a passage has units within its text, each with a vector of length 1."""
    within = all(0 <= unit.start < unit.end <= len(passage.text) for unit in passage.units)
    return within and len(vectors) > 0 and _are_units(vectors)


def _are_units(vectors: Vectors) -> bool:
    """Whether all vectors have length 1."""
    return bool((abs(np.linalg.norm(vectors, axis=1) - 1) < _ROUNDING).all())


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


def _dimensions(vectors: IO[bytes], count: int) -> int:
    """Reads the header of a member with vectors, up to where the numbers begin; returns the
    dimensions."""
    if np.lib.format.read_magic(vectors) != (1, 0):
        raise ValueError("vectors are in another version of the format")
    shape, by_column, kind = np.lib.format.read_array_header_1_0(vectors)
    if by_column or kind != np.dtype("<f4") or len(shape) != 2 or shape[0] != count:
        raise ValueError(f"there are vectors of {kind} and shape {shape}, not float32 for {count}")
    return int(shape[1])
