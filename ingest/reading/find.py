"""Finds source texts: the files in a known format below the folders.

Links below a folder are not followed, to a source text or to a sidecar. A target inside the folder
is found at its own place; one outside was not put there to be published.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.errors import DocumentError
from core.names import as_text
from core.types import Frozen
from ingest.reading import sidecar
from ingest.reading.formats import FORMATS

HIDDEN = (".", "~$")  # "~$plan.docx": open in a word processor
_BESIDE = (sidecar.SUFFIX, ".http.json")  # they describe the file next to them


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
class Found:
    """The files to load, in order; the skipped files; the folders that cannot be read."""

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[DocumentError, ...] = ()


@dataclass
class _Search:
    """What is found on the way through one folder."""

    root: Path
    files: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    unreadable: list[DocumentError] = field(default_factory=list)


def find(folders: Iterable[Path]) -> Found:
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
    searches = [_search(path) for path in present]
    return Found(
        files=tuple(dict.fromkeys(file for one in searches for file in sorted(one.files))),
        left_out=tuple(seen for one in searches for seen in one.left_out),
        unreadable=tuple(error for one in searches for error in one.unreadable),
    )


def _search(path: Path) -> _Search:
    search = _Search(root=path)
    if path.is_dir():
        _walk(path, search)
    else:
        search.files.append(path)
    return search


def _walk(folder: Path, search: _Search) -> None:
    for entry in _entries(folder, search):
        path = Path(entry.path)
        why: Why | None = None
        if entry.is_symlink():
            why = _link(path, search.root)
        elif entry.is_dir():
            _walk(path, search)
        elif not entry.is_file():
            why = "other"
        elif path.suffix.lower() in FORMATS:
            search.files.append(path)
        else:
            why = "format"
        if why:
            search.left_out.append(LeftOut(path=as_text(path), why=why, reason=_REASONS[why]))


def _entries(folder: Path, search: _Search) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            seen = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        search.unreadable.append(
            DocumentError(
                folder,
                None,
                f"the folder cannot be looked into ({error.strerror})",
                "Check your rights.",
                "unreadable",
            )
        )
        return
    for entry in seen:
        is_beside = entry.name.lower().endswith(_BESIDE)
        if not entry.name.startswith(HIDDEN) and (entry.is_symlink() or not is_beside):
            yield entry


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
