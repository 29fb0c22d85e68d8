"""The published generations: the pointer to the one in use, the lease of its writer, clearing."""

import datetime
import json
import logging
import os
import struct
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from core.background import begin
from core.errors import IndexMismatchError, LockedError, NoIndexError, StoreError
from core.settings import Settings
from core.source import Frozen
from vectorstore import chroma
from vectorstore.chroma import GenerationGone, store_folder, translated
from vectorstore.generation import Generation
from vectorstore.segments import KINDS, Manifest, SegmentEntry, create, made_at

logger = logging.getLogger(__name__)

_HEADER = struct.Struct("<i4Q")  # version, offset of level 0, room, vectors, bytes of each
_VERSION = 1
_LENGTH = 4  # bytes of a vector's length, in a file of its own
_BLOCK = 1 << 20  # bytes cleared at once


def clear_unused(store: Path, since: float) -> None:
    """Writes zeros over the room without vectors in the graphs that were written since a time.

    Nobody may be writing to those graphs; reading them meanwhile does no harm.

    Args:
        store: the folder of Chroma's data.
        since: a time as of `time.time()`.

    Raises:
        OSError: a file cannot be read or written.
    """
    for header in store.glob("*/header.bin"):
        if header.stat().st_mtime < since:
            continue
        version, _, _, vectors, size = _HEADER.unpack(header.read_bytes()[: _HEADER.size])
        for name, each in (("data_level0.bin", size), ("length.bin", _LENGTH)):
            file = header.with_name(name)
            if version != _VERSION or file.stat().st_size < vectors * each:
                logger.warning("%s may hold more than vectors: its form is not known", file)
                continue
            _clear(file, vectors * each)


def _clear(file: Path, start: int) -> None:
    """Writes zeros from a place to the end."""
    with file.open("r+b") as opened:
        end = opened.seek(0, os.SEEK_END)
        opened.seek(start)
        for at in range(start, end, _BLOCK):
            opened.write(bytes(min(_BLOCK, end - at)))


# The lease: the right to write to a Chroma server's store, which several machines may want at
# once.


LEASE = 600.0  # seconds: how long a server may hang, and a dead run keeps others out
_RENEWALS = 10  # per lease: some may fail before it is lost
_NAME = "strategiewijzer-lock"


class Lease:
    """Takes the lease of a server's store.

    Args:
        client: of the server.
        owner: names the data folder that wants it. If the folder has it already, its last run
            crashed, as only one run at a time has the folder's lock: it may take it again.
        who: the holder as shown to others.

    Raises:
        LockedError: somebody else holds it.
    """

    def __init__(self, client: chroma.Client, owner: str, who: str) -> None:
        self.owner = owner
        self._client = client
        self._said = {"owner": owner, "who": who, "token": uuid4().hex}
        self._expires = 0.0
        self._done = threading.Event()
        self._collection = self._take()
        self._renewing = begin(self._keep_renewing, "lease", self._done)

    @translated
    def _take(self) -> chroma.Collection:
        self._expires = time.time() + LEASE
        for _ in range(2):
            said: dict[str, str | float] = {**self._said, "expires": self._expires}
            made = chroma.create_once(self._client, _NAME, said)
            if made is not None:
                return made
            try:
                there = self._client.get_collection(_NAME, None)
            except chroma.NotFoundError:  # released meanwhile
                continue
            other = there.metadata or {}
            expires = float(other.get("expires", 0))
            if other.get("owner") != self.owner and time.time() < expires:
                raise _locked(str(other.get("who", "another process")), expires)
            self._discard(there)
        raise _locked("another process", time.time() + LEASE)

    def confirm(self) -> None:
        """Checks that the lease is still held; called before anything is published.

        Raises:
            LockedError: it was not renewed in time, or somebody else took it.
        """
        if time.time() >= self._expires or not self._is_mine():
            raise LockedError(
                "This run lost the lock of the index: the Chroma server or this machine did not "
                "answer for a while. Nothing was published. Run this again."
            )

    def give_back(self) -> None:
        """Releases the lease."""
        self._done.set()
        self._renewing.join()
        try:
            self._discard(self._collection)
        except StoreError as error:  # the run is done, and the lease expires by itself
            logger.warning("The lock of the index was not given back: %s", error)

    @translated
    def _is_mine(self) -> bool:
        try:
            said = self._client.get_collection(_NAME, None).metadata or {}
        except chroma.NotFoundError:
            return False
        return bool(said.get("token") == self._said["token"])

    def _keep_renewing(self) -> None:
        while not self._done.wait(LEASE / _RENEWALS):
            try:
                self._renew()
            except StoreError as error:  # the next try may succeed
                logger.warning("The lock of the index was not renewed: %s", error)

    @translated
    def _renew(self) -> None:
        expires = time.time() + LEASE
        self._collection.modify(metadata={**self._said, "expires": expires})
        self._expires = expires

    @translated
    def _discard(self, collection: chroma.Collection) -> None:
        """Removes this very collection. Chroma deletes by name, which another lease may have by
        now, but renames by identity: so it gets a unique name first."""
        name = f"{_NAME}-{uuid4().hex}"
        try:
            collection.modify(name=name)
            self._client.delete_collection(name)
        except chroma.ChromaError as error:
            if not chroma.is_gone(error):
                raise  # else somebody else was faster


@contextmanager
def leased(settings: Settings, owner: str, who: str) -> Iterator[Lease]:
    """Holds the lease of a server's store; arguments and errors as of `Lease`."""
    lease = Lease(chroma.connect(settings), owner, who)
    try:
        yield lease
    finally:
        lease.give_back()


def _locked(who: str, expires: float) -> LockedError:
    until = time.strftime("%H:%M", time.localtime(expires))
    return LockedError(
        f"Another ingest run is busy on this Chroma server ({who}). Wait until it is done, then "
        f"run this again. If it was cut off, its lock ends at {until}."
    )


# The pointer: which generation is in use, which are kept, and which is a trial.


COLLECTION = "strategiewijzer"
TRIAL = datetime.timedelta(days=1)  # time to ask and compare; a forgotten trial ends by itself
"""How long a trial lasts."""


class Pointer(Frozen):
    """Which generation is in use, and which are kept, oldest first.

    `trial` is a generation that is built but not published, `plan` the fingerprint of its plan.
    """

    current: str = ""
    kept: tuple[str, ...] = ()
    trial: str = ""
    plan: str = ""

    @property
    def published(self) -> "Pointer":
        """The pointer without the trial, as readers see it."""
        return Pointer(current=self.current, kept=self.kept)

    @property
    def tried_until(self) -> datetime.datetime | None:
        """When the trial expires (UTC); None without a trial."""
        made = made_at(self.trial)
        return made + TRIAL if made else None


class StoredPointer:
    """Reads and moves the pointer of one store.

    Args:
        client: of the store.
        settings: where the store is.
        lease: held while writing to a server's store.
    """

    def __init__(self, client: chroma.Client, settings: Settings, lease: Lease | None) -> None:
        self._client = client
        self._settings = settings
        self._lease = lease
        self._known: tuple[int | None, Pointer] = None, Pointer()

    def read(self) -> Pointer:
        """The pointer as it is, whichever process wrote it; read again only when the store may have
        been written to since the last time."""
        written, known = chroma.written(self._settings), self._known
        if written is None or written != known[0]:
            self._known = known = written, self._asked()
        pointer, now = known[1], datetime.datetime.now(datetime.UTC)
        return pointer if (pointer.tried_until or now) > now else pointer.published

    @translated
    def _asked(self) -> Pointer:
        try:
            metadata = self._client.get_collection(COLLECTION, None).metadata or {}
        except chroma.NotFoundError:  # the store is new
            return Pointer()
        kept = json.loads(str(metadata.get("kept", "[]")))
        return Pointer.model_validate({**metadata, "kept": tuple(kept)})

    @translated
    def move(self, pointer: Pointer) -> None:
        """Writes the pointer.

        Raises:
            LockedError: the lease was lost meanwhile.
        """
        if self._lease:
            self._lease.confirm()
        metadata = {**pointer.model_dump(), "kept": json.dumps(pointer.kept)}
        collection = self._client.get_or_create_collection(COLLECTION, embedding_function=None)
        collection.modify(metadata=metadata)


# Finds the segments in a store, and removes those that nothing uses.


def whole_segments(client: chroma.Client) -> list[str]:
    """The ids of the segments whose passages and units are there."""
    names = [one.name for one in client.list_collections()]
    ids = [name.removeprefix(f"{KINDS[0]}-") for name in names if name.startswith(KINDS[0])]
    return [name for name in ids if f"{KINDS[1]}-{name}" in names]


def remove_unused(client: chroma.Client, used: Collection[str], lease: Lease | None) -> None:
    """Removes all other segments than these: dropped ones and leftovers of a crash."""
    there = {one.name: one.metadata or {} for one in client.list_collections()}
    for name in sorted(there):
        kind, _, segment_id = name.partition("-")
        made_with = there.get(f"{KINDS[0]}-{segment_id}", {})
        if kind in KINDS and segment_id not in used and _may_go(segment_id, made_with, lease):
            logger.info("removing collection %s", name)
            client.delete_collection(name)


def _may_go(segment_id: str, made_with: Mapping[str, Any], lease: Lease | None) -> bool:
    """Whether a segment can be removed. On a server, this data folder must have made it, or it must
    be older than a lease: a run that lost its lease unnoticed may still be filling it."""
    if lease is None or made_with.get("owner") == lease.owner:
        return True
    made = made_at(segment_id)
    oldest = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=LEASE)
    return made is None or made < oldest


# Index generations in Chroma.


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
        self._pointer = StoredPointer(self._client, settings, lease)
        self._folder = None if settings.chroma_url else store_folder(settings)

    def pointer(self) -> Pointer:
        """The pointer as it is, whichever process wrote it."""
        return self._pointer.read()

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
        """Makes a finished generation the trial of a plan, in place of any other. No reader sees it
        and no run removes it until a generation is published or `TRIAL` has passed.

        Raises:
            LockedError: the lease was lost meanwhile.
        """
        self._finish(generation_id)
        self._pointer.move(self.pointer().model_copy(update={"trial": generation_id, "plan": plan}))

    def discard(self) -> None:
        """Ends the trial, if there is one.

        Raises:
            LockedError: the lease was lost meanwhile.
        """
        if self.pointer().trial:
            self._pointer.move(self.pointer().published)

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
        kept = (*self.pointer().kept, generation_id)[-self._keep :]
        self._pointer.move(Pointer(current=generation_id, kept=kept))

    @translated
    def annotate(self, generation_id: str, note: str) -> None:
        """Keeps a note with a generation, in place of any other.

        Raises:
            GenerationGone: it is no longer kept.
        """
        collection = self._client.get_collection(f"passages-{generation_id}", None)
        collection.modify(metadata={**(collection.metadata or {}), "note": note})

    def _finish(self, generation_id: str) -> None:
        """Leaves nothing in a new generation's files that is not of its texts."""
        made = made_at(generation_id)
        if self._folder and made:
            clear_unused(self._folder, made.timestamp())

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
            wanted = "There is no earlier generation"
            if target:
                wanted = f"There is no generation {target!r} to go back to"
            raise StoreError(f"{wanted}. See which there are with: python -m ingest history")
        self._pointer.move(Pointer(current=target, kept=pointer.kept))
        return target

    def unpublished(self) -> list[Generation]:
        """The leftovers of unfinished runs and the trial; their vectors can be reused."""
        used = self._used_segments()
        return [self.open(name) for name in self._whole_segments() if name not in used]

    @translated
    def _whole_segments(self) -> list[str]:
        return whole_segments(self._client)

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
        remove_unused(self._client, used, self._lease)
