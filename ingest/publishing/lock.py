"""One ingest run at a time: in a data folder, and on a Chroma server."""

import datetime
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

from core.errors import LockedError, StoreError
from core.files import make_private, obstacle
from core.settings import Settings

if TYPE_CHECKING:
    from vectorstore.lease import Lease

# Versions 0.1 and 0.2 have to be kept out as well, during an upgrade: 0.2.0 holds the second file
# alone. It goes with the release after 0.3; the first name stays.
_LOCKS = ("ingest.lock", "ingest.publishing.lock")


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Holds the ingest lock of a data folder; the system releases it when the process ends.

    Raises:
        LockedError: another run holds it; the message says which process, where and since when.
        StoreError: the folder cannot be made or written to.
    """
    holder = data_dir / "ingest.holder"
    with ExitStack() as held:
        try:
            make_private(data_dir)
            for name in _LOCKS:
                held.enter_context(FileLock(data_dir / name, timeout=0))
            holder.write_text(_who(), "utf-8")
        except Timeout:
            who = holder.read_text("utf-8") if holder.is_file() else "another process"
            raise LockedError(
                f"Another ingest run is busy ({who}). Wait until it is done, then run this again."
            ) from None
        except OSError as error:
            remedy = obstacle(data_dir) or "Check the setting STRATEGIEWIJZER_DATA_DIR."
            raise StoreError(f"Nothing can be written in {data_dir}: {error}. {remedy}") from error
        yield


@contextmanager
def writing(settings: Settings) -> "Iterator[Lease | None]":
    """Holds the locks for changing the index: that of the data folder and, for a server's store,
    its lease, which is yielded.

    Raises:
        LockedError, StoreError: as of `exclusive` and of `Lease`.
    """
    with exclusive(settings.data_dir):
        if not settings.chroma_url:
            yield None
            return
        from vectorstore.chroma import connect
        from vectorstore.lease import Lease

        with closing(Lease(connect(settings), _owner(settings.data_dir), _who())) as lease:
            yield lease


def _who() -> str:
    since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}"


def _owner(data_dir: Path) -> str:
    """A unique name for this data folder."""
    file = data_dir / "ingest.owner"
    if not file.is_file():
        file.write_text(uuid4().hex, "utf-8")
    return file.read_text("utf-8")
