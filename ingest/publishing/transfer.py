"""Exports a generation from a store as one file, and imports such a file into another store.

store -> archive          archive -> new generation with one segment -> check -> publish
"""

import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import ArchiveError, IndexMismatchError, StoreError
from core.settings import Settings
from ingest.publishing.build import Progress, batches
from ingest.publishing.completeness import check
from ingest.publishing.generation_file import write
from ingest.publishing.lock import writing
from ingest.publishing.unarchive import Archive
from vectorstore.embeddings import Vectors, make_embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.manifest import Manifest, SegmentEntry, method_of, new_id
from vectorstore.store import tidy

_AT_ONCE = 500  # passages whose vectors are in memory: some 5 MB, with those of their units


def export_generation(
    settings: Settings,
    file: Path,
    generation_id: str | None = None,
    progress: Progress = lambda done, total: None,
) -> str:
    """Writes a kept generation to a file (generation_file.py), in place of an older file.

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
