"""What a file says of itself, told before it is published: read as ingest would, by its reader."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.errors import DocumentError
from core.frozen import Frozen
from core.settings import Settings
from core.source import DocumentInfo
from ingest.passages.isolated import Loader
from ingest.publishing.ingest_report import Failure
from ingest.reading.confirmed import is_official
from ingest.reading.load import fingerprint

_KEPT = 1000  # files, a few kilobytes each: reading one anew takes long, all take memory


class Said(Frozen):
    """What reading a file told; without `info` it cannot be taken as it is, and `failure` says why.

    `guessed` are the fields that were filled in by the program, `unused` names in its front matter
    that are no fields. `unconfirmed`: it calls itself an official text, which nobody has confirmed.
    """

    info: DocumentInfo | None = None
    guessed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unconfirmed: bool = False
    failure: Failure | None = None


def uploaded(name: str, content: bytes, loader: Loader) -> Said:
    """Of a file that is not kept yet.

    Args:
        name: under which it would be kept; a safe one.
        content: of the file.
        loader: starts a process for the first file that it reads.
    """

    def load() -> Said:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_bytes(content)
            return _load(file, loader)

    return _said(name, hashlib.sha256(content).hexdigest(), load)


def kept(file: Path, settings: Settings, loader: Loader) -> Said:
    """Of a file with what stands beside it."""
    try:
        mark = f"{fingerprint(file)} {is_official(file, settings.documents_dir)}"
    except DocumentError as error:
        return Said(failure=Failure.of(error))
    return _said(str(file), mark, lambda: _load(file, loader))


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _said(name: str, mark: str, _load: Callable[[], Said]) -> Said:
    """As `_load` tells, once for each file and each of its contents."""
    return _load()


def _load(file: Path, loader: Loader) -> Said:
    try:
        loaded = loader.load(file)
    except DocumentError as error:
        return Said(failure=Failure.of(error))
    document = loaded.document
    return Said(
        info=document.info,
        guessed=document.guessed,
        unused=document.unused,
        unconfirmed=loaded.unconfirmed,
    )
