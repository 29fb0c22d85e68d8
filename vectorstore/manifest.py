"""What a generation was made from, and which generation is in use."""

from core.types import DocumentInfo, Frozen, Passage
from vectorstore.embeddings import Embedder


class DocumentEntry(Frozen):
    """What a generation knows of one language version of a document."""

    info: DocumentInfo
    sha256: str
    path: str
    passages: int
    units: int


class Manifest(Frozen):
    """What a generation was made from. `created` is UTC, ISO 8601; `method` as in `method_of`."""

    id: str
    created: str
    method: str
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


def method_of(embedder: Embedder) -> str:
    """How text becomes vectors: the embedder, and what is embedded of each unit."""
    return f"{embedder.fingerprint}/{Passage.context_version}"
