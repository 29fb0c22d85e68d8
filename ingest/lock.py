"""One ingest run at a time."""

import datetime
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import LockedError


@contextmanager
def exclusive(data_dir: Path, *, unless: bool = False) -> Iterator[None]:
    """Holds the ingest lock of a data folder; the system frees it when the process ends.

    Args:
        data_dir: the folder that only one run may write to.
        unless: take no lock (a dry run changes nothing).

    Raises:
        LockedError: another run holds it; the message says which process, where and since when.
    """
    if unless:
        yield
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    holder = data_dir / "ingest.holder"
    try:
        with FileLock(data_dir / "ingest.lock", timeout=0):
            since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
            holder.write_text(
                f"process {os.getpid()} on {socket.gethostname()} since {since}", "utf-8"
            )
            yield
    except Timeout:
        who = holder.read_text("utf-8") if holder.is_file() else "another process"
        raise LockedError(
            f"Another ingest run is busy ({who}). Wait until it is done, then run this again."
        ) from None
