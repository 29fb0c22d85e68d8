"""The pointer: which generation is in use, which are kept, and which is a trial.

It is the metadata of the collection `strategiewijzer`, so moving it is one write.
"""

import datetime
import json

from core.frozen import Frozen
from core.settings import Settings
from vectorstore import chroma
from vectorstore.chroma import translated
from vectorstore.lease import Lease
from vectorstore.manifest import made_at

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
