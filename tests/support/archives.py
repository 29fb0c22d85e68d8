"""Archives of ours with other members than they were written with (command/archive.py)."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

KEPT = Path(__file__).parents[1] / "data/archives/backup.zip"
"""Of version 1, made in November 2026: an index in its former form, a revoked key, a text."""


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(
    file: Path,
    change: Mapping[str, bytes | None],
    *,
    right_sums: bool = True,
    packing: int = zipfile.ZIP_STORED,
) -> None:
    """Gives an archive other members (None: without it), and the checksums that fit them.

    `packing` is that of the changed ones.
    """
    told = {name: data for name, data in {**members(file), **change}.items() if data is not None}
    if right_sums:
        told.pop("SHA256SUMS", None)
        sums = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in told.items())
        told["SHA256SUMS"] = "".join(sums).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in told.items():
            archive.writestr(name, data, packing if name in change else zipfile.ZIP_STORED)
