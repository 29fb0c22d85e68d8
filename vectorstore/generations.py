"""Index generations in Chroma.

A generation is a pair of collections that is written once and never changed: `passages-<id>` and
`units-<id>` (the sentences and list items of the passages). The collection `strategiewijzer` holds
no vectors; its metadata is the pointer: which generation is in use and which are kept. Changing
the pointer is one write, so readers see the old generation or the new one, never a mixture.
"""

import functools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.errors import IndexMismatchError, NoIndexError, StoreError
from core.settings import Settings
from core.types import Passage
from vectorstore import chroma
from vectorstore.chroma import GenerationGone, translated
from vectorstore.embeddings import Vectors
from vectorstore.manifest import Manifest, Pointer

POINTER = "strategiewijzer"
_KINDS = ("passages", "units")
# Cosine distance; the graph parameters are Chroma's defaults with a wider search.
_HNSW = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}}

logger = logging.getLogger(__name__)


def unit_ids(passage: Passage) -> list[str]:
    """The ids of a passage's units, in order."""
    return [f"{passage.id}#{number}" for number in range(len(passage.units))]


def store_exists(settings: Settings) -> bool:
    """Whether there is a store to connect to; connecting makes the folder."""
    return bool(settings.chroma_url) or (settings.data_dir / "chroma").is_dir()


class Generation:
    """Reads, and while it is being built writes, one generation."""

    def __init__(self, client: chroma.Client, generation_id: str) -> None:
        self.id = generation_id
        self._passages = client.get_collection(f"passages-{generation_id}", None)
        self._units = client.get_collection(f"units-{generation_id}", None)

    @functools.cached_property
    def manifest(self) -> Manifest:
        """What this generation was made from.

        Raises:
            IndexMismatchError: another version of this program made it.
        """
        try:
            return Manifest.model_validate_json(str((self._passages.metadata or {})["manifest"]))
        except (KeyError, ValidationError):
            raise IndexMismatchError(
                f"Index generation {self.id} was made by another version of this program. "
                "Rebuild the index with: make ingest"
            ) from None

    @translated
    def counts(self) -> tuple[int, int]:
        """How many passages and units are stored."""
        return self._passages.count(), self._units.count()

    @translated
    def nearest_passages(self, vector: Vectors, count: int) -> list[tuple[str, float]]:
        """(passage id, cosine), best first."""
        return chroma.nearest(self._passages, vector, count)

    @translated
    def nearest_units(self, vector: Vectors, count: int) -> list[tuple[str, float]]:
        """(unit id, cosine), best first."""
        return chroma.nearest(self._units, vector, count)

    @translated
    def passages(self, ids: Sequence[str]) -> list[Passage]:
        """The passages with these ids, in that order; unknown ids are left out."""
        found = self._passages.get(ids=list(ids), include=["documents", "metadatas"])
        by_id = {passage.id: passage for passage in chroma.decode(found)}
        return [by_id[wanted] for wanted in ids if wanted in by_id]

    def all_passages(self) -> Iterator[Passage]:
        """Every passage, read in batches."""
        for offset in range(0, self.counts()[0], chroma.BATCH):
            yield from self._batch(offset)

    @translated
    def _batch(self, offset: int) -> list[Passage]:
        found = self._passages.get(
            limit=chroma.BATCH, offset=offset, include=["documents", "metadatas"]
        )
        return list(chroma.decode(found))

    @translated
    def passage_vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those passages that this generation has."""
        return chroma.vectors(self._passages, ids)

    @translated
    def unit_vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those units that this generation has."""
        return chroma.vectors(self._units, ids)

    @translated
    def add(self, passages: Sequence[Passage], unit_vectors: Sequence[Vectors]) -> None:
        """Stores passages, each with the vectors of its units, shape (units, dimensions).

        The vector of a passage is the mean of its units', of length 1: retrieval is as good as with
        passages embedded as well (docs/decisions/0002), for half the time.
        """
        means = np.stack([vectors.mean(axis=0) for vectors in unit_vectors])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        units = [name for passage in passages for name in unit_ids(passage)]
        all_vectors = np.concatenate(unit_vectors)
        for start in range(0, len(passages), chroma.BATCH):
            end = start + chroma.BATCH
            self._passages.add(
                ids=[passage.id for passage in passages[start:end]],
                embeddings=means[start:end],
                documents=[passage.text for passage in passages[start:end]],
                metadatas=[chroma.encode(passage) for passage in passages[start:end]],
            )
        for start in range(0, len(units), chroma.BATCH):
            end = start + chroma.BATCH
            self._units.add(ids=units[start:end], embeddings=all_vectors[start:end])


class Generations:
    """All generations of one store.

    Raises:
        StoreError: the Chroma server or folder cannot be used.
    """

    @translated
    def __init__(self, settings: Settings) -> None:
        self._client = chroma.connect(settings)
        self._keep = settings.keep_generations

    def pointer(self) -> Pointer:
        """What is in use now; asked of the store every time, so other processes' work is seen."""
        try:
            metadata = self._metadata()
        except GenerationGone:  # the store is new
            return Pointer()
        return Pointer(
            current=str(metadata.get("current", "")),
            kept=tuple(json.loads(str(metadata.get("kept", "[]")))),
        )

    @translated
    def open(self, generation_id: str) -> Generation:
        return Generation(self._client, generation_id)

    def current(self) -> Generation:
        """The generation in use.

        Raises:
            NoIndexError: nothing has been published yet.
        """
        for _ in range(3):  # it can be removed between reading the pointer and opening it
            generation_id = self.pointer().current
            if not generation_id:
                raise NoIndexError
            try:
                return self.open(generation_id)
            except GenerationGone:
                continue
        raise StoreError(
            f"The generation in use ({generation_id}) is not in the store. "
            "Go back to an earlier one with: python -m ingest rollback"
        )

    @translated
    def create(self, manifest: Manifest) -> Generation:
        """An empty generation that no reader sees until it is published."""
        for kind in _KINDS:
            self._client.create_collection(
                f"{kind}-{manifest.id}",
                embedding_function=None,
                configuration=_HNSW,  # type: ignore[arg-type]
                metadata={"manifest": manifest.model_dump_json()},
            )
        return Generation(self._client, manifest.id)

    def publish(self, generation_id: str) -> None:
        """Puts a finished generation in use; keeps it and the last ones before it."""
        kept = (*self.pointer().kept, generation_id)[-self._keep :]
        self._point(Pointer(current=generation_id, kept=kept))

    def rollback(self, generation_id: str | None = None) -> str:
        """Puts an earlier kept generation in use: the one named, else the one before the current.

        Returns:
            The id of the generation now in use.

        Raises:
            StoreError: there is no such generation.
        """
        pointer = self.pointer()
        earlier = pointer.kept[: pointer.kept.index(pointer.current)] if pointer.current else ()
        target = generation_id or (earlier[-1] if earlier else None)
        if target not in pointer.kept:
            raise StoreError(
                f"There is no generation {target!r} to go back to. "
                "See which there are with: python -m ingest status"
                if target
                else "There is no earlier generation. See which there are with: "
                "python -m ingest status"
            )
        self._point(Pointer(current=target, kept=pointer.kept))
        return target

    def unpublished(self) -> list[Generation]:
        """What runs left behind that did not get to their end; their vectors can be reused.

        One of which only a part is there, since its making or its removal was cut off, is left out.
        """
        names, kept = set(self._collections()), set(self.pointer().kept)
        ids = sorted({name.partition("-")[2] for name in names if name != POINTER} - kept)
        return [
            self.open(generation_id)
            for generation_id in ids
            if all(f"{kind}-{generation_id}" in names for kind in _KINDS)
        ]

    @translated
    def _collections(self) -> list[str]:
        return [collection.name for collection in self._client.list_collections()]

    @translated
    def remove_unpublished(self) -> None:
        """Removes generations that no pointer names: dropped ones and leftovers of a crash."""
        kept = set(self.pointer().kept)
        for name in self._collections():
            kind, _, generation_id = name.partition("-")
            if kind in _KINDS and generation_id not in kept:
                logger.info("removing collection %s", name)
                self._client.delete_collection(name)

    @translated
    def _metadata(self) -> Mapping[str, Any]:
        return self._client.get_collection(POINTER, None).metadata or {}

    @translated
    def _point(self, pointer: Pointer) -> None:
        metadata = {"current": pointer.current, "kept": json.dumps(pointer.kept)}
        collection = self._client.get_or_create_collection(POINTER, embedding_function=None)
        collection.modify(metadata=metadata)
