"""Index generations in Chroma.

A generation is a manifest: which documents, and in which segments their passages are
(`vectorstore/segments.py`). A run that changes something writes one new segment, named as its
generation, and shares the others with the generation before. The manifest is the metadata of the
collection `passages-<id>`. The collection `strategiewijzer` holds no vectors; its metadata is the
pointer: which generation is in use and which are kept. Changing the pointer is one write, so
readers see the old generation or the new one, never a mixture.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from core.errors import IndexMismatchError, NoIndexError, StoreError
from core.settings import Settings
from vectorstore import chroma
from vectorstore.chroma import GenerationGone, store_folder, translated
from vectorstore.generation import Generation
from vectorstore.manifest import Manifest, Pointer, SegmentEntry
from vectorstore.segments import KINDS, create, unit_ids

__all__ = ["Generation", "Generations", "store_exists", "store_folder", "unit_ids"]

POINTER = "strategiewijzer"

logger = logging.getLogger(__name__)


def store_exists(settings: Settings) -> bool:
    """Whether there is a store to connect to; connecting makes the folder."""
    return bool(settings.chroma_url) or store_folder(settings).is_dir()


class Generations:
    """All generations of one store.

    Raises:
        StoreError: the Chroma server or folder cannot be used.
    """

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

    def made_by(self, method: str) -> Generation:
        """The generation in use, or where another method made it the newest kept one by this one.

        So who was started with another embedder than the last ingest keeps the index that it can
        search for as long as that is kept.

        Raises:
            NoIndexError: nothing has been published yet.
            IndexMismatchError: no kept generation was made by this method.
        """
        current = self.current()
        if current.manifest.method == method:
            return current
        for generation in reversed(self.kept()):
            if generation.manifest.method == method:
                return generation
        raise IndexMismatchError(
            f"The index was made by {current.manifest.method}, but {method} is configured. "
            "If the settings were changed on purpose, rebuild it with: make ingest. If it was "
            "rebuilt with other settings, take these over and start this program again."
        )

    def kept(self) -> list[Generation]:
        """The kept generations that can be read, oldest first."""
        opened = map(self._readable, self.pointer().kept)
        return [generation for generation in opened if generation is not None]

    def _readable(self, generation_id: str) -> Generation | None:
        """The generation; None when it is gone or another version of this program made it."""
        try:
            generation = self.open(generation_id)
            return generation if generation.manifest else None
        except (GenerationGone, IndexMismatchError):
            return None

    @translated
    def create(self, manifest: Manifest) -> Generation:
        """A generation, with a segment of its own to be filled, that no reader sees until it is
        published."""
        nothing = SegmentEntry(id=manifest.id, passages=0, units=0)
        own = next((entry for entry in manifest.segments if entry.id == manifest.id), nothing)
        create(self._client, own, {"manifest": manifest.model_dump_json()})
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
        before = pointer.kept
        if pointer.current in before:
            before = before[: before.index(pointer.current)]
        target = generation_id or (before[-1] if before else "")
        if target not in pointer.kept or self._readable(target) is None:
            wanted = (
                f"There is no generation {target!r} to go back to"
                if target
                else ("There is no earlier generation")
            )
            raise StoreError(f"{wanted}. See which there are with: python -m ingest history")
        self._point(Pointer(current=target, kept=pointer.kept))
        return target

    def unpublished(self) -> list[Generation]:
        """What runs left behind that did not get to their end; their vectors can be reused."""
        names, used = self._collections(), self._used_segments()
        ids = [name.removeprefix(f"{KINDS[0]}-") for name in names if name.startswith(KINDS[0])]
        whole = (name for name in ids if {f"{kind}-{name}" for kind in KINDS} <= names)
        return [self.open(generation_id) for generation_id in whole if generation_id not in used]

    @translated
    def _collections(self) -> set[str]:
        return {collection.name for collection in self._client.list_collections()}

    def _used_segments(self) -> set[str]:
        """The segments of the kept generations, and the kept generations' own."""
        shared = (segment.id for kept in self.kept() for segment in kept.manifest.segments)
        return {*self.pointer().kept, *shared}

    @translated
    def remove_unpublished(self) -> None:
        """Removes segments that no kept generation uses: dropped ones and leftovers of a crash."""
        used = self._used_segments()
        for name in sorted(self._collections()):
            kind, _, segment_id = name.partition("-")
            if kind in KINDS and segment_id not in used:
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
