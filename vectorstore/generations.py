"""The generations of a store: which is in use, which are kept, and what nothing uses any more."""

import json
import logging

from core.errors import IndexMismatchError, NoIndexError, StoreError
from core.settings import Settings
from core.source import Frozen
from vectorstore import chroma
from vectorstore.chroma import GenerationGone, store_folder, translated
from vectorstore.generation import KINDS, Generation, create
from vectorstore.lease import Lease
from vectorstore.leftovers import clear_spare_room
from vectorstore.manifest import Manifest, SegmentEntry, made_at

logger = logging.getLogger(__name__)

COLLECTION = "strategiewijzer"
_FAILURES = "failures"  # beside the pointer
NO_TRIAL = (
    "There is no trial: none was prepared, it was discarded, or something was published or "
    "restored since. Prepare one with: python -m ingest --trial"
)


class Pointer(Frozen):
    """Which generation is in use, and which others there are (ids)."""

    current: str = ""
    kept: tuple[str, ...] = ()  # oldest first
    trial: str = ""  # built to be tried out, but not published
    plan: str = ""  # fingerprint of the trial's plan

    @property
    def published(self) -> "Pointer":
        """The pointer without the trial, as users see it."""
        return Pointer(current=self.current, kept=self.kept)


def store_exists(settings: Settings) -> bool:
    """Whether there is a store; connecting would make the folder."""
    return bool(settings.chroma_url) or store_folder(settings).is_dir()


class Generations:
    """All generations of one store; the lease is held while writing to a server's. Raises as
    `chroma.connect`."""

    def __init__(self, settings: Settings, lease: Lease | None = None) -> None:
        self._client = chroma.connect(settings)
        self._settings = settings
        self._lease = lease
        self._known: tuple[int | None, Pointer] = None, Pointer()

    def pointer(self) -> Pointer:
        """The pointer as it is, whichever process wrote it; read again only when the store may have
        been written to since the last time."""
        written, known = chroma.written(self._settings), self._known
        if written is None or written != known[0]:
            self._known = known = written, self._stored_pointer()
        return known[1]

    @translated
    def _stored_pointer(self) -> Pointer:
        try:
            metadata = self._client.get_collection(COLLECTION, None).metadata or {}
        except chroma.NotFoundError:  # the store is new
            return Pointer()
        kept = json.loads(str(metadata.get("kept", "[]")))
        ids = {name: str(metadata.get(name, "")) for name in ("current", "trial", "plan")}
        return Pointer(kept=tuple(kept), **ids)

    @translated
    def _move(self, pointer: Pointer) -> None:
        """Writes the pointer. Raises LockedError: the lease was lost meanwhile."""
        if self._lease:
            self._lease.confirm()
        self._note({**pointer.model_dump(), "kept": json.dumps(pointer.kept)})

    def _note(self, changes: dict[str, str]) -> None:
        collection = self._client.get_or_create_collection(COLLECTION, embedding_function=None)
        collection.modify(metadata={**(collection.metadata or {}), **changes})

    @translated
    def failures(self) -> str:
        """What `keep_failures` kept last; empty when nothing was."""
        try:
            metadata = self._client.get_collection(COLLECTION, None).metadata or {}
        except chroma.NotFoundError:
            return ""
        return str(metadata.get(_FAILURES, ""))

    @translated
    def keep_failures(self, text: str) -> None:
        """Keeps what the last run could not take, for whoever looks at the index. Raises
        LockedError: the lease was lost meanwhile."""
        if text != self.failures():
            if self._lease:
                self._lease.confirm()
            self._note({_FAILURES: text})

    @translated
    def open(self, generation_id: str) -> Generation:
        return Generation(self._client, generation_id)

    def current(self) -> Generation:
        """The generation in use. Raises NoIndexError: nothing has been published yet."""
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
            StoreError: there is none that this method made.
        """
        pointer = self.pointer()
        if pointer.trial and plan in ("", pointer.plan):
            generation = self.open(pointer.trial)
            if generation.manifest.method == method:
                return generation
        raise StoreError(NO_TRIAL)

    def kept(self) -> list[Generation]:
        """The kept generations that can be read, oldest first."""
        opened = map(self._readable, self.pointer().kept)
        return [generation for generation in opened if generation is not None]

    def _readable(self, generation_id: str) -> Generation | None:
        """None when it is gone or another version of this program made it."""
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
        used = {entry.id for entry in generation.manifest.segments}
        return used <= {*self._whole_segments()}

    @translated
    def create(self, manifest: Manifest) -> Generation:
        """Makes an unpublished generation with an empty segment of its own; no reader sees it."""
        nothing = SegmentEntry(id=manifest.id, passages=0, units=0)
        own = next((entry for entry in manifest.segments if entry.id == manifest.id), nothing)
        owner = {"owner": self._lease.owner} if self._lease else {}
        create(self._client, own, {"manifest": manifest.model_dump_json(), **owner})
        return Generation(self._client, manifest.id)

    def try_out(self, generation_id: str, plan: str) -> None:
        """Makes a finished generation the trial of a plan, in place of any other. No user sees it,
        and it stays until the pointer moves: a generation is published or restored, or the trial is
        discarded or replaced. Raises LockedError: the lease was lost meanwhile."""
        self._finish(generation_id)
        self._move(self.pointer().model_copy(update={"trial": generation_id, "plan": plan}))

    def discard(self) -> None:
        """Ends the trial, if there is one. Raises LockedError: the lease was lost meanwhile."""
        if self.pointer().trial:
            self._move(self.pointer().published)

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
        self._finish(generation_id)
        kept = (*self.pointer().kept, generation_id)[-self._settings.keep_generations :]
        self._move(Pointer(current=generation_id, kept=kept))

    @translated
    def annotate(self, generation_id: str, note: str) -> None:
        """Keeps a note with a generation, in place of any other. Raises GenerationGone: it is no
        longer kept."""
        collection = self._client.get_collection(f"passages-{generation_id}", None)
        collection.modify(metadata={**(collection.metadata or {}), "note": note})

    def _finish(self, generation_id: str) -> None:
        """Leaves nothing in the files of a new generation that is not of its texts."""
        made = made_at(generation_id)
        if made and not self._settings.chroma_url:
            clear_spare_room(store_folder(self._settings), made.timestamp())

    def rollback(self, generation_id: str | None = None) -> str:
        """Puts an earlier kept generation in use: the named one, else the one before the current;
        returns its id. Raises StoreError: there is no such generation."""
        pointer = self.pointer()
        before = pointer.kept
        if pointer.current in before:
            before = before[: before.index(pointer.current)]
        target = generation_id or (before[-1] if before else "")
        if target not in pointer.kept or not self._is_whole(target):
            wanted = f"generation {target!r} to go back to" if target else "earlier generation"
            raise StoreError(
                f"There is no {wanted}. See which there are with: python -m ingest history"
            )
        self._move(Pointer(current=target, kept=pointer.kept))
        return target

    def unpublished(self) -> list[Generation]:
        """The leftovers of unfinished runs and the trial; their vectors can be reused."""
        used = self._used_segments()
        return [self.open(name) for name in self._whole_segments() if name not in used]

    @translated
    def _whole_segments(self) -> list[str]:
        """The ids of the segments whose passages and units are there."""
        names = [collection.name for collection in self._client.list_collections()]
        ids = [name.removeprefix(f"{KINDS[0]}-") for name in names if name.startswith(KINDS[0])]
        return [name for name in ids if f"{KINDS[1]}-{name}" in names]

    def _used_segments(self) -> set[str]:
        """The segments of the kept generations, and the kept generations' own."""
        shared = (segment.id for kept in self.kept() for segment in kept.manifest.segments)
        return {*self.pointer().kept, *shared}

    @translated
    def remove_unpublished(self) -> None:
        """Removes segments that neither a kept generation nor the trial uses: dropped ones and
        leftovers of a crash."""
        # the trial shares segments only with the generation in use, which is kept
        used = {*self._used_segments(), self.pointer().trial}
        there = {
            collection.name: collection.metadata or {}
            for collection in self._client.list_collections()
        }
        for name in sorted(there):
            kind, _, segment_id = name.partition("-")
            if kind not in KINDS or segment_id in used:
                continue
            owner = there.get(f"{KINDS[0]}-{segment_id}", {}).get("owner")
            if self._lease is None or self._lease.may_remove(owner, made_at(segment_id)):
                logger.info("removing collection %s", name)
                self._client.delete_collection(name)
