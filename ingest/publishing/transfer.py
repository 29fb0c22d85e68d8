"""One generation as one file: a ZIP archive that other tools can read as well.

    format.json      {"format": "strategiewijzer-generation", "version": 2}
    manifest.json    what the generation was made from (`Manifest`)
    passages.jsonl   one passage on each line (`Passage`)
    units.npy        the vectors of their units, in that order: float32, shape (units, dimensions)
    questions.jsonl  one prepared question on each line (`PreparedQuestion`)
    questions.npy    their vectors, likewise
    SHA256SUMS       of the others, as sha256sum writes and checks them

Version 1 has no prepared questions, and can still be read. What can be derived (vectors of
passages, keyword index) is not in it. Nothing is unpacked to disk and nothing is unpickled.
"""

import datetime
import io
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from pydantic import BaseModel

from core.archive import (
    Archive,
    ArchiveFormat,
    ArchiveWriter,
    new_archive,
    not_written,
    read_lines,
    read_whole,
)
from core.batches import batches
from core.errors import ArchiveError, IndexMismatchError, StoreError
from core.prepared import PreparedQuestion
from core.settings import Settings
from core.source import Passage
from ingest.publishing.build import Progress
from ingest.publishing.lock import writing
from ingest.publishing.verify import check
from vectorstore.embeddings import Vectors, make_embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.manifest import Manifest, SegmentEntry, method_of, new_id
from vectorstore.segments import document_key
from vectorstore.store import tidy

_PARTS = {"manifest.json", "passages.jsonl", "units.npy"}
_MEMBERS = {1: _PARTS, 2: {*_PARTS, "questions.jsonl", "questions.npy"}}  # by version
GENERATION_FILE = ArchiveFormat(
    name="strategiewijzer-generation",
    version=max(_MEMBERS),
    mode=0o644,
    called="not an exported generation",
    remedy="Make it anew with: python -m ingest export FILE",
)
_MANIFEST = 100_000_000  # bytes; a document takes less than a thousand
_LINE = 1_000_000  # bytes of a passage, which has at most a few thousand characters
_SMALL = 10_000  # bytes; harmless however it is packed
_PACKED = 200  # the highest ratio of unpacked to packed size; that of passages is about 5
_ROUNDING = 1e-3  # tolerance for the length of a vector: in 32 bits it is much nearer to 1
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z]{2}")


class GenerationFile(Archive):
    """An exported generation to read."""

    form = GENERATION_FILE

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self._units: set[str] = set()  # of the passages read
        with self.opened() as archive:
            told = read_whole(archive, "manifest.json", _MANIFEST)
            self.manifest = Manifest.model_validate_json(told)
            if not all(_KEY.fullmatch(entry.key) for entry in self.manifest.documents):
                raise ValueError("a document has a wrong id")
            with archive.open("units.npy") as vectors:
                self.dimensions = _dimensions(vectors, self.manifest.units)
            if self.version == 1 and self.manifest.questions:
                raise ValueError("it lacks the prepared questions that its manifest counts")

    def contents(self) -> Iterator[tuple[Passage, Vectors]]:
        """Each passage, and the vectors of its units, shape (units, dimensions).

        Raises:
            ArchiveError: they do not fit each other or the manifest; may come after the last one.
        """
        expected = {entry.key: entry for entry in self.manifest.documents}
        passages, units, seen = Counter[str](), Counter[str](), set[str]()
        self._units.clear()
        with self.opened() as archive, archive.open("units.npy") as rows:
            _dimensions(rows, self.manifest.units)
            for line in read_lines(archive, "passages.jsonl", _LINE):
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
        if self.version == 1:
            return
        expected = {entry.key: entry.questions for entry in self.manifest.documents}
        counts, seen = Counter[str](), set[str]()
        with self.opened() as archive, archive.open("questions.npy") as rows:
            if _dimensions(rows, self.manifest.questions) not in (0, self.dimensions):
                raise ValueError("questions.npy has vectors of another length")
            for line in read_lines(archive, "questions.jsonl", _LINE):
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

    def check_members(self, archive: zipfile.ZipFile, names: Collection[str]) -> None:
        if names != _MEMBERS[self.version]:
            raise ValueError("it does not consist of the right parts")
        for member in archive.infolist():
            if member.file_size > max(_SMALL, _PACKED * member.compress_size):
                raise ValueError(f"{member.filename} is larger than can be")
            if member.filename.endswith(".npy") and member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{member.filename} is packed")


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
    """Writes a kept generation to a file, in place of an older file.

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
    manifest, dimensions = generation.manifest, generation.dimensions()
    try:
        with new_archive(file, GENERATION_FILE) as archive:
            with archive.member("manifest.json") as add:
                add(manifest.model_dump_json().encode())
            _add_lines(archive, "passages.jsonl", generation.all_passages())
            shape = manifest.units, dimensions
            _add_vectors(archive, "units.npy", shape, _unit_vectors(generation, progress))
            _add_lines(archive, "questions.jsonl", generation.all_questions())
            shape = manifest.questions, dimensions
            _add_vectors(archive, "questions.npy", shape, _question_vectors(generation))
    except OSError as error:
        raise not_written(file, error) from error
    return generation.id


def _add_lines(archive: ArchiveWriter, name: str, items: Iterable[BaseModel]) -> None:
    with archive.member(name) as add:
        for one in items:
            add(f"{one.model_dump_json()}\n".encode())


def _add_vectors(
    archive: ArchiveWriter, name: str, shape: tuple[int, int], each: Iterable[Vectors]
) -> None:
    header = io.BytesIO()
    described = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    with archive.member(name, packed=False) as add:
        add(header.getvalue())
        for vectors in each:
            add(np.ascontiguousarray(vectors, dtype="<f4").tobytes())


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
    archive = GenerationFile(file)
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


def _fill(new: Generation, archive: GenerationFile, progress: Progress) -> None:
    done = 0
    for batch in batches(archive.contents(), _AT_ONCE):
        new.add([passage for passage, _ in batch], [vectors for _, vectors in batch])
        done += len(batch)
        progress(done, archive.manifest.passages)
    for asked in batches(archive.questions(), _AT_ONCE):
        new.add_questions([one for one, _ in asked], np.stack([vector for _, vector in asked]))
