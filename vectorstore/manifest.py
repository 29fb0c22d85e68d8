"""What a generation was made from, and which generation is in use."""

from core.types import DocumentInfo, Frozen


class DocumentEntry(Frozen):
    """What a generation knows of one language version of a document."""

    info: DocumentInfo
    sha256: str
    path: str
    passages: int
    units: int


class Manifest(Frozen):
    """What a generation was made from. `created` is UTC, ISO 8601."""

    id: str
    created: str
    embedder: str
    splitter: str
    documents: tuple[DocumentEntry, ...]
    passages: int
    units: int

    def entry(self, key: str) -> DocumentEntry | None:
        return next((entry for entry in self.documents if entry.info.key == key), None)


class Pointer(Frozen):
    """Which generation is in use, and which are kept, oldest first."""

    current: str = ""
    kept: tuple[str, ...] = ()
