"""One ingest run at a time."""

import datetime
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.disk import make_private, obstacle
from core.errors import LockedError, StoreError


@contextmanager
def exclusive(data_dir: Path, *, unless: bool = False) -> Iterator[None]:
    """Holds the ingest lock of a data folder; the system frees it when the process ends.

    Args:
        data_dir: the folder that only one run may write to.
        unless: take no lock (a dry run changes nothing).

    Raises:
        LockedError: another run holds it; the message says which process, where and since when.
        StoreError: the folder cannot be made or written to.
    """
    if unless:
        yield
        return
    holder = data_dir / "ingest.holder"
    with ExitStack() as held:
        try:
            make_private(data_dir)
            held.enter_context(FileLock(data_dir / "ingest.lock", timeout=0))
            since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
            who = f"process {os.getpid()} on {socket.gethostname()} since {since}"
            holder.write_text(who, "utf-8")
        except Timeout:
            who = holder.read_text("utf-8") if holder.is_file() else "another process"
            raise LockedError(
                f"Another ingest run is busy ({who}). Wait until it is done, then run this again."
            ) from None
        except OSError as error:
            remedy = obstacle(data_dir) or "Check the setting STRATEGIEWIJZER_DATA_DIR."
            raise StoreError(f"Nothing can be written in {data_dir}: {error}. {remedy}") from error
        yield
