"""Sidecars: the metadata of a file, in a file beside it: plan.pdf.meta.yaml, plan.meta.yaml."""

import stat
from pathlib import Path

from core.errors import DocumentError
from ingest.reading.formats import front_matter
from ingest.reading.formats.blocks import Value
from ingest.reading.formats.encoding import decode

SUFFIX = ".meta.yaml"


def find(path: Path) -> Path | None:
    """The sidecar of a file."""
    return beside(path, SUFFIX)


def beside(path: Path, suffix: str) -> Path | None:
    """The file beside another that has its name and this suffix; of two, the one with the full
    name, as in plan.pdf.meta.yaml.

    A link does not count: its target was not put there to be published.
    """
    names = (path.with_name(path.name + suffix), path.with_name(path.stem + suffix))
    return next((file for file in names if _is_there(file)), None)


def _is_there(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except OSError:  # also a name that is too long for a file
        return False


def read(path: Path) -> dict[str, Value]:
    """The metadata in the sidecar of a file; empty without a sidecar.

    Raises:
        DocumentError: names the sidecar and the line of what is wrong in it.
    """
    file = find(path)
    if file is None:
        return {}
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DocumentError(
            file, None, f"cannot be read ({error.strerror})", "Check your rights.", "unreadable"
        ) from error
    return front_matter.read(file, decode(file, data))
