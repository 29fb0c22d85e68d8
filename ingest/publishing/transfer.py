"""One generation as one file: a ZIP archive that other tools can read as well.

    format.json      {"format": "strategiewijzer-generation", "version": 2}
    manifest.json    what the generation was made from (`Manifest`)
    passages.jsonl   one passage on each line (`Passage`)
    units.npy        the vectors of their units, in that order: float32, shape (units, dimensions)
    questions.jsonl  one prepared question on each line (`PreparedQuestion`)
    questions.npy    their vectors, likewise
    SHA256SUMS       of the others, as sha256sum writes and checks them

Version 1 has no prepared questions, and can still be read.

What can be derived (vectors of passages, keyword index) is not in it. Nothing is unpacked to disk
and nothing is unpickled; a file is read member by member, so that it need not fit in memory. The
checksums detect damage, not forgery.
"""

import datetime
import hashlib
import io
import json
import os
import re
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

import numpy as np
from pydantic import BaseModel

from core.errors import ArchiveError, IndexMismatchError, StoreError
from core.settings import Settings
from core.source import Passage, PreparedQuestion
from ingest.publishing.build import Progress, batches
from ingest.publishing.lock import writing
from ingest.publishing.verify import check
from vectorstore.embeddings import Vectors, make_embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.segments import Manifest, SegmentEntry, document_key, method_of, new_id
from vectorstore.store import tidy

NAME = "strategiewijzer-generation"
MEMBERS = {
    1: ("format.json", "manifest.json", "passages.jsonl", "units.npy"),
    2: (
        *("format.json", "manifest.json", "passages.jsonl", "units.npy"),
        *("questions.jsonl", "questions.npy"),
    ),
}
"""The members of an archive, by version."""
VERSION = max(MEMBERS)
SUMS = "SHA256SUMS"


def write(
    file: Path,
    manifest: Manifest,
    dimensions: int,
    passages: Iterable[Passage],
    unit_vectors: Iterable[Vectors],
    questions: Iterable[PreparedQuestion],
    question_vectors: Iterable[Vectors],
) -> None:
    """Writes an archive; the file appears when it is complete, in place of an older one.

    Args:
        file: the path to write.
        manifest: of the generation.
        dimensions: of its vectors.
        passages: its passages, in order.
        unit_vectors: the vectors of their units in that order, shape (units, dimensions) each.
        questions: its prepared questions, in order.
        question_vectors: their vectors in that order, shape (any number, dimensions) each.

    Raises:
        ArchiveError: the file cannot be written.
    """
    aside = file.with_name(f".{file.name}.{uuid4().hex[:8]}")
    try:
        with aside.open("xb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
                members = _Members(archive)
                with members.opened("format.json") as add:
                    add(json.dumps({"format": NAME, "version": VERSION}).encode())
                with members.opened("manifest.json") as add:
                    add(manifest.model_dump_json().encode())
                members.add_lines("passages.jsonl", passages)
                members.add_vectors("units.npy", (manifest.units, dimensions), unit_vectors)
                members.add_lines("questions.jsonl", questions)
                shape = manifest.questions, dimensions
                members.add_vectors("questions.npy", shape, question_vectors)
                archive.writestr(SUMS, members.sums())
            raw.flush()
            os.fsync(raw.fileno())
        aside.replace(file)
    except OSError as error:
        raise ArchiveError(
            f"{file} cannot be written: {error.strerror or error}. "
            "Name a file in a folder that exists, may be written to and has room."
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


class _Members:
    """Writes the members of an archive, and their checksums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._digests: dict[str, str] = {}

    @contextmanager
    def opened(
        self, name: str, compression: int = zipfile.ZIP_DEFLATED
    ) -> Iterator[Callable[[bytes], None]]:
        """Opens a member; the yielded function appends bytes to it."""
        digest = hashlib.sha256()
        member = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
        member.compress_type = compression
        member.external_attr = 0o644 << 16
        with self._archive.open(member, "w", force_zip64=True) as out:

            def add(data: bytes) -> None:
                digest.update(data)
                out.write(data)

            yield add
        self._digests[name] = digest.hexdigest()

    def add_lines(self, name: str, items: Iterable[BaseModel]) -> None:
        with self.opened(name) as add:
            for one in items:
                add(f"{one.model_dump_json()}\n".encode())

    def add_vectors(self, name: str, shape: tuple[int, int], each: Iterable[Vectors]) -> None:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        with self.opened(name, zipfile.ZIP_STORED) as add:
            add(_npy_header(header))
            for vectors in each:
                add(np.ascontiguousarray(vectors, dtype="<f4").tobytes())

    def sums(self) -> str:
        return "".join(f"{digest}  {name}\n" for name, digest in self._digests.items())


def _npy_header(header: dict[str, object]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue()


# Reads an exported generation from an untrusted file.


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


# Exports a generation from a store as one file, and imports such a file into another store.


_AT_ONCE = 500  # passages whose vectors are in memory: some 5 MB, with those of their units


def export_generation(
    settings: Settings,
    file: Path,
    generation_id: str | None = None,
    progress: Progress = lambda done, total: None,
) -> str:
    """Writes a kept generation to a file (transfer.py), in place of an older file.

    Args:
        settings: where the index is.
        file: the path to write.
        generation_id: which generation; None for the one in use.
        progress: called with the number of passages written.

    Returns:
        The id of the generation.

    Raises:
        NoIndexError: nothing has been ingested yet.
        ArchiveError: the file cannot be written.
        StoreError: there is no such generation, or it is damaged.
    """
    generations = Generations(settings)
    kept = {generation.id: generation for generation in generations.kept()}
    generation = kept.get(generation_id) if generation_id else generations.current()
    if generation is None:
        raise StoreError(
            f"There is no generation {generation_id!r}. See which there are with: "
            "python -m ingest history"
        )
    write(
        file,
        generation.manifest,
        generation.dimensions(),
        generation.all_passages(),
        _unit_vectors(generation, progress),
        generation.all_questions(),
        _question_vectors(generation),
    )
    return generation.id


def _unit_vectors(generation: Generation, progress: Progress) -> Iterator[Vectors]:
    done = 0
    for batch in batches(generation.all_passages(), _AT_ONCE):
        units = generation.unit_vectors([name for p in batch for name in p.unit_ids])
        try:
            yield from (np.stack([units[name] for name in p.unit_ids]) for p in batch)
        except KeyError as error:
            raise StoreError(
                f"Unit {error} has no vector. Look at what else is wrong with: "
                "python -m ingest verify"
            ) from None
        done += len(batch)
        progress(done, generation.manifest.passages)


def _question_vectors(generation: Generation) -> Iterator[Vectors]:
    for batch in batches(generation.all_questions(), _AT_ONCE):
        vectors = generation.question_vectors([one.id for one in batch])
        yield np.stack([vectors[one.id] for one in batch])


def import_generation(
    settings: Settings, file: Path, progress: Progress = lambda done, total: None
) -> str:
    """Makes a new generation from an exported one and puts it in use; `rollback` undoes it.

    Args:
        settings: where the index is.
        file: what `export_generation` wrote.
        progress: called with the number of passages stored.

    Returns:
        The id of the new generation.

    Raises:
        ArchiveError: the file cannot be used; the index stays as it was.
        IndexMismatchError: its vectors were made by another embedder than is configured.
        LockedError: an ingest run is busy.
        StoreError: the new generation did not pass its check; the index stays as it was.
    """
    archive = Archive(file)
    configured = method_of(make_embedder(settings))
    if archive.manifest.method != configured:
        raise IndexMismatchError(
            f"{file} was made by {archive.manifest.method}, but {configured} is configured: its "
            "vectors cannot be searched. Set the embedder that made it, or make the index here "
            "with: make ingest"
        )
    with writing(settings) as lease:
        generations = Generations(settings, lease)
        new = generations.create(_as_new(archive.manifest))
        try:
            _fill(new, archive, progress)
        except ArchiveError:
            generations.remove_unpublished()
            raise
        check(new, settings)
        generations.publish(new.id)
        tidy(settings, generations)
    return new.id


def _as_new(manifest: Manifest) -> Manifest:
    """The manifest of a new generation that has all passages in its own segment."""
    now = datetime.datetime.now(datetime.UTC)
    own = new_id(now)
    segment = SegmentEntry(id=own, **manifest.counts._asdict())
    return manifest.model_copy(
        update={
            "id": own,
            "created": now.isoformat(timespec="milliseconds"),
            "documents": tuple(
                entry.model_copy(update={"segment": own}) for entry in manifest.documents
            ),
            "segments": (segment,),
        }
    )


def _fill(new: Generation, archive: Archive, progress: Progress) -> None:
    done = 0
    for batch in batches(archive.contents(), _AT_ONCE):
        new.add([passage for passage, _ in batch], [vectors for _, vectors in batch])
        done += len(batch)
        progress(done, archive.manifest.passages)
    for asked in batches(archive.questions(), _AT_ONCE):
        new.add_questions([one for one, _ in asked], np.stack([vector for _, vector in asked]))
