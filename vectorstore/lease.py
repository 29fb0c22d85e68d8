"""The lease: the right to write to a Chroma server's store, which several machines may want at
once."""

import datetime
import logging
import threading
import time
from uuid import uuid4

from core.background import begin
from core.errors import LockedError, StoreError
from vectorstore import chroma
from vectorstore.chroma import translated

logger = logging.getLogger(__name__)

LEASE = 600.0  # seconds: how long a server may hang, and a dead run keeps others out
_RENEWALS = 10  # per lease: some may fail before it is lost
_NAME = "strategiewijzer-lock"


class Lease:
    """Takes the lease of a server's store for a data folder, the `owner`. One that has it already
    may take it again: its last run crashed, as only one run at a time has the folder's lock. Raises
    LockedError: somebody else holds it; the message has their `who`."""

    def __init__(self, client: chroma.Client, owner: str, who: str) -> None:
        self.owner = owner
        self._client = client
        self._metadata = {"owner": owner, "who": who, "token": uuid4().hex}
        self._expires = 0.0
        self._done = threading.Event()
        self._collection = self._take()
        self._renewing = begin(self._keep_renewing, "lease", self._done)

    @translated
    def _take(self) -> chroma.Collection:
        self._expires = time.time() + LEASE
        for _ in range(2):
            metadata: dict[str, str | float] = {**self._metadata, "expires": self._expires}
            try:
                return self._client.create_collection(
                    _NAME, embedding_function=None, metadata=metadata
                )
            except chroma.ChromaError as error:  # only the message tells which error it is
                if "already exists" not in str(error):
                    raise
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
        """Checks that the lease is still held; called before anything is published. Raises
        LockedError: it was not renewed in time, or somebody else took it."""
        if time.time() >= self._expires or not self._is_mine():
            raise LockedError(
                "This run lost the lock of the index: the Chroma server or this machine did not "
                "answer for a while. Nothing was published. Run this again."
            )

    def close(self) -> None:
        """Gives the lease back."""
        self._done.set()
        self._renewing.join()
        try:
            self._discard(self._collection)
        except StoreError as error:  # the run is done, and the lease expires by itself
            logger.warning("The lock of the index was not given back: %s", error)

    def may_remove(self, owner: object, made: datetime.datetime | None) -> bool:
        """Whether a segment can be removed: this data folder made it, or it is older than a lease.
        A run that lost its lease unnoticed may still be filling a newer one.
        """
        oldest = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=LEASE)
        return owner == self.owner or made is None or made < oldest

    @translated
    def _is_mine(self) -> bool:
        try:
            metadata = self._client.get_collection(_NAME, None).metadata or {}
        except chroma.NotFoundError:
            return False
        return bool(metadata.get("token") == self._metadata["token"])

    def _keep_renewing(self) -> None:
        while not self._done.wait(LEASE / _RENEWALS):
            try:
                self._renew()
            except StoreError as error:  # the next try may succeed
                logger.warning("The lock of the index was not renewed: %s", error)

    @translated
    def _renew(self) -> None:
        expires = time.time() + LEASE
        self._collection.modify(metadata={**self._metadata, "expires": expires})
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


def _locked(who: str, expires: float) -> LockedError:
    until = time.strftime("%H:%M", time.localtime(expires))
    return LockedError(
        f"Another ingest run is busy on this Chroma server ({who}). Wait until it is done, then "
        f"run this again. If it was cut off, its lock ends at {until}."
    )
