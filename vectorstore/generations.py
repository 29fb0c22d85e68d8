"""Index generations in Chroma.

A generation is a manifest: which documents, and in which segments their passages are
(`vectorstore/segments.py`). A run that changes something writes one new segment, with the id of its
generation, and shares the others with the generation before. The manifest is the metadata of the
collection `passages-<id>`. The collection `strategiewijzer` holds no vectors; its metadata is the
pointer: which generation is in use, which are kept, and which is a trial. Changing the pointer is
one write, so readers see the old generation or the new one, never a mixture.
"""

import datetime
import functools
import json
import logging
from collections.abc import Mapping
from typing import Any

from core.errors import IndexMismatchError, NoIndexError, StoreError
from core.settings import Settings
from vectorstore import chroma
from vectorstore.chroma import GenerationGone, store_folder, translated
from vectorstore.generation import Generation
from vectorstore.lease import LEASE, Lease
from vectorstore.manifest import Manifest, Pointer, SegmentEntry, made_at
from vectorstore.segments import KINDS, create, unit_ids

__all__ = ["Generation", "Generations", "store_exists", "store_folder", "unit_ids"]

POINTER = "strategiewijzer"

logger = logging.getLogger(__name__)


def store_exists(settings: Settings) -> bool:
    """Whether there is a store; connecting would make the folder."""
    return bool(settings.chroma_url) or store_folder(settings).is_dir()


class Generations:
    """All generations of one store.

    Args:
        settings: where the store is.
        lease: held while writing to a server's store.

    Raises:
        StoreError: the Chroma server or folder cannot be used.
    """

    def __init__(self, settings: Settings, lease: Lease | None = None) -> None:
        self._client = chroma.connect(settings)
        self._keep = settings.keep_generations
        self._lease = lease
        self._written = functools.partial(chroma.written, settings)
        self._known: tuple[int | None, Pointer] = None, Pointer()

    def pointer(self) -> Pointer:
        """The pointer as it is, whichever process wrote it; read again only when the store may have
        been written to since the last time."""
        written, known = self._written(), self._known
        if written is None or written != known[0]:
            self._known = known = written, self._asked()
        pointer, now = known[1], datetime.datetime.now(datetime.UTC)
        return pointer if (pointer.tried_until or now) > now else pointer.published

    def _asked(self) -> Pointer:
        try:
            metadata = self._metadata()
        except GenerationGone:  # the store is new
            return Pointer()
        return Pointer(
            current=str(metadata.get("current", "")),
            kept=tuple(json.loads(str(metadata.get("kept", "[]")))),
            trial=str(metadata.get("trial", "")),
            plan=str(metadata.get("plan", "")),
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
        """The generation in use, or the newest kept one of this method if another method made that.

        So an app with another embedder than the last ingest keeps an index that it can search, as
        long as that is kept.

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

    def trial(self, method: str, plan: str = "") -> Generation:
        """The generation that is tried out before it is published.

        Args:
            method: the embedding method in use (`method_of`).
            plan: the fingerprint of its plan; empty for any.

        Raises:
            StoreError: there is none.
        """
        pointer = self.pointer()
        if pointer.trial and plan in ("", pointer.plan):
            generation = self.open(pointer.trial)
            if generation.manifest.method == method:
                return generation
        raise StoreError(
            "There is nothing to try out: it was discarded, published or replaced, or its day is "
            "over. Build it with: python -m ingest --trial"
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

    def _is_whole(self, generation_id: str) -> bool:
        """Whether all collections that the generation uses exist."""
        generation = self._readable(generation_id)
        if generation is None:
            return False
        used = generation.manifest.segments
        return {f"{kind}-{one.id}" for kind in KINDS for one in used} <= self._collections().keys()

    @translated
    def create(self, manifest: Manifest) -> Generation:
        """Makes an unpublished generation with an empty segment of its own; no reader sees it."""
        nothing = SegmentEntry(id=manifest.id, passages=0, units=0)
        own = next((entry for entry in manifest.segments if entry.id == manifest.id), nothing)
        owner = {"owner": self._lease.owner} if self._lease else {}
        create(self._client, own, {"manifest": manifest.model_dump_json(), **owner})
        return Generation(self._client, manifest.id)

    def try_out(self, generation_id: str, plan: str) -> None:
        """Makes a finished generation the trial of a plan, in place of any other. No reader sees it
        and no run removes it until a generation is published or `TRIAL` has passed.

        Raises:
            LockedError: the lease was lost meanwhile.
        """
        self._point(self.pointer().model_copy(update={"trial": generation_id, "plan": plan}))

    def discard(self) -> None:
        """Ends the trial, if there is one.

        Raises:
            LockedError: the lease was lost meanwhile.
        """
        if self.pointer().trial:
            self._point(self.pointer().published)

    def publish(self, generation_id: str) -> None:
        """Puts a finished generation in use; keeps it and the last ones before it.

        Raises:
            LockedError: the lease was lost meanwhile.
            StoreError: a part of the generation is not in the store.
        """
        if not self._is_whole(generation_id):
            raise StoreError(
                f"Generation {generation_id} was not published: a part of it is gone from the "
                "store, perhaps by another run. Run this again."
            )
        kept = (*self.pointer().kept, generation_id)[-self._keep :]
        self._point(Pointer(current=generation_id, kept=kept))

    def rollback(self, generation_id: str | None = None) -> str:
        """Puts an earlier kept generation in use: the named one, else the one before the current.

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
        if target not in pointer.kept or not self._is_whole(target):
            wanted = (
                f"There is no generation {target!r} to go back to"
                if target
                else ("There is no earlier generation")
            )
            raise StoreError(f"{wanted}. See which there are with: python -m ingest history")
        self._point(Pointer(current=target, kept=pointer.kept))
        return target

    def unpublished(self) -> list[Generation]:
        """The leftovers of unfinished runs and the trial; their vectors can be reused."""
        names, used = self._collections().keys(), self._used_segments()
        ids = [name.removeprefix(f"{KINDS[0]}-") for name in names if name.startswith(KINDS[0])]
        whole = (name for name in ids if {f"{kind}-{name}" for kind in KINDS} <= names)
        return [self.open(generation_id) for generation_id in whole if generation_id not in used]

    @translated
    def _collections(self) -> dict[str, Mapping[str, Any]]:
        """The metadata of all collections, by name."""
        return {one.name: one.metadata or {} for one in self._client.list_collections()}

    def _used_segments(self) -> set[str]:
        """The segments of the kept generations, and the kept generations' own."""
        shared = (segment.id for kept in self.kept() for segment in kept.manifest.segments)
        return {*self.pointer().kept, *shared}

    @translated
    def remove_unpublished(self) -> None:
        """Removes segments that neither a kept generation nor the trial uses: dropped ones and
        leftovers of a crash."""
        # the trial shares segments only with the generation in use, which is kept
        used, there = {*self._used_segments(), self.pointer().trial}, self._collections()
        for name in sorted(there):
            kind, _, segment_id = name.partition("-")
            made_with = there.get(f"{KINDS[0]}-{segment_id}", {})
            if kind in KINDS and segment_id not in used and self._may_go(segment_id, made_with):
                logger.info("removing collection %s", name)
                self._client.delete_collection(name)

    def _may_go(self, segment_id: str, made_with: Mapping[str, Any]) -> bool:
        """Whether a segment can be removed. On a server, this data folder must have made it, or it
        must be older than a lease: a run that lost its lease unnoticed may still be filling it."""
        if self._lease is None or made_with.get("owner") == self._lease.owner:
            return True
        made = made_at(segment_id)
        lease = datetime.timedelta(seconds=LEASE)
        return made is None or made < datetime.datetime.now(datetime.UTC) - lease

    @translated
    def _metadata(self) -> Mapping[str, Any]:
        return self._client.get_collection(POINTER, None).metadata or {}

    @translated
    def _point(self, pointer: Pointer) -> None:
        if self._lease:
            self._lease.confirm()
        metadata = {**pointer.model_dump(), "kept": json.dumps(pointer.kept)}
        collection = self._client.get_or_create_collection(POINTER, embedding_function=None)
        collection.modify(metadata=metadata)
