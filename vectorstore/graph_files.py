"""Clears what a vector graph on disk has besides vectors.

hnswlib, which Chroma keeps its graphs with, reserves room for vectors to come without clearing it,
and writes that room to disk too. So anything that the process had in memory before may stand in the
file: text, or a key that was sent to a server. Format: `saveIndex` and `persistDirty` of Chroma's
hnswlib (https://github.com/chroma-core/hnswlib/blob/master/hnswlib/hnswalg.h).
"""

import logging
import os
import struct
from pathlib import Path

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
