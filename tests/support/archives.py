"""Archives of ours with other members than they were written with (command/backup.py)."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

KEPT = Path(__file__).parents[1] / "data/archives/backup.zip"
"""Of version 2, without an index: a revoked key, a text."""


def rewrite(
    file: Path, change: Mapping[str, bytes | None], *, packing: int = zipfile.ZIP_STORED
) -> None:
    """Gives an archive other members (None: without it), packed in this way."""
    with zipfile.ZipFile(KEPT) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, data in {**members, **change}.items():
            if data is not None:
                archive.writestr(name, data)
