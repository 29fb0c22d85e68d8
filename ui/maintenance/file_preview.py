"""What a file says of itself before it is published: read as ingest would, by its reader."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.errors import DocumentError
from core.settings import Settings
from core.source import DocumentInfo, Frozen
from ingest.passages.isolated import Loader
from ingest.publishing.ingest_run import Failure
from ingest.reading.files import is_official
from ingest.reading.load import fingerprint

_KEPT = 1000  # files, a few kilobytes each: reading one anew takes long, all take memory


class FilePreview(Frozen):
    """The result of reading a file."""

    info: DocumentInfo | None = None  # None: it cannot be taken as it is
    guessed: tuple[str, ...] = ()  # fields that were filled in by the program
    unused: tuple[str, ...] = ()  # names in its front matter that are no fields
    unconfirmed: bool = False  # it calls itself an official text, which nobody has confirmed
    failure: Failure | None = None  # why it cannot be taken


def preview_uploaded(name: str, content: bytes, loader: Loader) -> FilePreview:
    """Reads a file that is not kept yet.

    Args:
        name: under which it would be kept; a safe one.
        content: of the file.
        loader: starts a process for the first file that it reads.
    """

    def load() -> FilePreview:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_bytes(content)
            return _load(file, loader)

    return _previewed(name, hashlib.sha256(content).hexdigest(), load)


def preview_kept(file: Path, settings: Settings, loader: Loader) -> FilePreview:
    """Reads a kept file with the files beside it."""
    try:
        mark = f"{fingerprint(file)} {is_official(file, settings.documents_dir)}"
    except DocumentError as error:
        return FilePreview(failure=Failure.of(error))
    return _previewed(str(file), mark, lambda: _load(file, loader))


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _previewed(name: str, mark: str, _load: Callable[[], FilePreview]) -> FilePreview:
    """Reads a file as `_load` does, once for each file and each of its contents."""
    return _load()


def _load(file: Path, loader: Loader) -> FilePreview:
    try:
        loaded = loader.load(file)
    except DocumentError as error:
        return FilePreview(failure=Failure.of(error))
    document = loaded.document
    return FilePreview(
        info=document.info,
        guessed=document.guessed,
        unused=document.unused,
        unconfirmed=loaded.unconfirmed,
    )
