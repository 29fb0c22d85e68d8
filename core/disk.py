"""Folders for data: made for their owner, and why one cannot be written to."""

import os
import shutil
from pathlib import Path

_ROOM = 10_000_000  # bytes; with less the store cannot be expected to work


def make_private(folder: Path) -> None:
    """Makes a folder, and those above it that lack, for nobody but their owner.

    One that is there already stays as it is: who may look into it is for its owner to say.
    """
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def obstacle(folder: Path) -> str:
    """What keeps this program from writing in a folder, and what to do; empty: nothing that shows.

    It is asked of the system after something failed: what a library says when a disk is full or
    read-only differs from call to call, this does not.

    Args:
        folder: need not exist; then what counts is where it would be made.
    """
    place = existing(folder)
    if not place.is_dir():
        return f"{place} is a file, not a folder. Move it, or set STRATEGIEWIJZER_DATA_DIR."
    if not os.access(place, os.W_OK | os.X_OK):
        return (
            f"{place} is read-only for this program. Give it the right to write there, or set "
            "STRATEGIEWIJZER_DATA_DIR to a folder where it has."
        )
    disk = shutil.disk_usage(place)
    if disk.total and disk.free < _ROOM:  # /proc and the like have no size
        free = f"{disk.free / 1e6:.1f} MB free"
        return f"The disk of {place} is full ({free}). Make room, then try again."
    return ""


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
