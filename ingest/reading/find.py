"""Finds source texts: the files in a known format below the folders.

Links below a folder are not followed, to a source text or to a sidecar. A target inside the folder
is found at its own place; one outside was not put there to be published.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import DocumentError
from core.frozen import Frozen
from core.names import as_text
from ingest.reading import confirmed, question_file, sidecar
from ingest.reading.formats import FORMATS

HIDDEN = (".", "~$")  # "~$plan.docx": open in a word processor
# They belong to the file next to them.
_BESIDE = (
    sidecar.SUFFIX, question_file.SUFFIX, ".proposed.yaml", confirmed.SUFFIX, ".http.json", ".npy",
)  # fmt: skip


Why = Literal["other", "format", "nowhere", "outside", "beside", "inside"]
"""Why a file is skipped, in this order: it is no file; its format is not read; it is a link to
nowhere, out of the folder, beside a document, or to a file that is found at its own place."""
_REASONS: dict[Why, str] = {
    "other": "is not a file that can be read",
    "format": "is not a format that can be read",
    "nowhere": "is a link that leads nowhere",
    "outside": "is a link out of the folder; copy there what it leads to",
    "beside": "is a link; copy there what it leads to",
    "inside": "is a link; what it leads to is found at its own place",
}


class LeftOut(Frozen):
    """A skipped file, and why, as a code and in words."""

    path: str
    why: Why = "other"
    reason: str


@dataclass(frozen=True)
class FoundFiles:
    """The files to load, in order; the skipped files; the folders that cannot be read."""

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[DocumentError, ...] = ()


def find(folders: Iterable[Path]) -> FoundFiles:
    """The source texts below the folders (a single file is fine), folder by folder, by path.

    Paths are absolute, so that a document is the same from wherever its folder is named.

    A missing folder is skipped, as `documents/` is before its first file. Hidden files and sidecars
    are skipped silently; links and other formats are listed.

    Raises:
        DocumentError: none of the folders exists.
    """
    paths = [Path(os.path.abspath(folder)) for folder in folders]
    present = [path for path in paths if path.exists()]
    if paths and not present:
        raise DocumentError(
            ", ".join(map(as_text, paths)), None, "not found", "Name a folder or file that exists."
        )
    files: list[Path] = []
    others: list[LeftOut | DocumentError] = []
    for path in present:
        seen = list(_walk(path, path)) if path.is_dir() else [path]
        files += sorted(one for one in seen if isinstance(one, Path))
        others += [one for one in seen if not isinstance(one, Path)]
    return FoundFiles(
        files=tuple(dict.fromkeys(files)),
        left_out=tuple(one for one in others if isinstance(one, LeftOut)),
        unreadable=tuple(one for one in others if isinstance(one, DocumentError)),
    )


def _walk(folder: Path, root: Path) -> Iterator[Path | LeftOut | DocumentError]:
    """The files below a folder, those that are skipped, and the folders that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            seen = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problem = f"the folder cannot be looked into ({error.strerror})"
        yield DocumentError(folder, None, problem, "Check your rights.", "unreadable")
        return
    for entry in seen:
        path = Path(entry.path)
        is_beside = entry.name.lower().endswith(_BESIDE)
        if entry.name.startswith(HIDDEN) or (is_beside and not entry.is_symlink()):
            continue
        if entry.is_symlink():
            yield _left_out(path, _link(path, root))
        elif entry.is_dir():
            yield from _walk(path, root)
        elif not entry.is_file():
            yield _left_out(path, "other")
        elif path.suffix.lower() in FORMATS:
            yield path
        else:
            yield _left_out(path, "format")


def _left_out(path: Path, why: Why) -> LeftOut:
    return LeftOut(path=as_text(path), why=why, reason=_REASONS[why])


def _link(path: Path, root: Path) -> Why:
    """Why a link is not followed."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # until Python 3.13 a loop is a RuntimeError
        return "nowhere"
    if not target.is_relative_to(root.resolve()):
        return "outside"
    if path.name.lower().endswith(_BESIDE):
        return "beside"
    return "inside"
