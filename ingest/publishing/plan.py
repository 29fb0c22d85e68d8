"""The plan of a run: which documents are added, changed, removed or unchanged."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from pydantic import ConfigDict

from core.source import Frozen, SourceDocument
from ingest.reading.formats import FORMATS, READERS, Reader
from vectorstore.manifest import DocumentEntry

# Raised by whoever changes what a document of any format is described by and cut into: cleaning,
# front matter, Markdown, sentences, units, passages, prepared questions. What only one format gives
# has its own version, in READERS.
VERSION = 4
# Distributions that all formats are read with. None is missing: tests/policy/test_fingerprint.py.
LIBRARIES = (
    "babel", "charset-normalizer", "markdown-it-py", "mdit-py-plugins", "py3langid", "pyyaml",
    "sentencex",
)  # fmt: skip

Document = SourceDocument | DocumentEntry  # loaded, or as the generation in use knows it


def reading_fingerprint(path: str) -> str:
    """Fingerprint of what reads and cuts a file of this name; when it changes, its document is
    "changed".

    It covers our versions, those of the libraries for its format, and that of Python. Passages that
    come out the same keep their vectors.
    """
    name = FORMATS.get(Path(path).suffix.lower())
    return _fingerprint(name, READERS[name], VERSION) if name else ""


@cache
def _fingerprint(name: str, reader: Reader, shared: int) -> str:
    libraries = [f"{library} {version(library)}" for library in (*LIBRARIES, *reader.libraries)]
    whole = (name, reader.version, shared, sys.version_info[:2], libraries)
    return sha256(repr(whole).encode()).hexdigest()[:12]


class Plan(Frozen):
    """Keys of documents ("csa-strategy.nl"), by what happens to them."""

    model_config = ConfigDict(extra="ignore")  # a kept one of an earlier version has more
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the generation in use is up to date."""
        return not (self.written or self.removed)

    @property
    def written(self) -> frozenset[str]:
        """The documents whose passages are written, with new or known vectors."""
        return frozenset((*self.added, *self.changed))

    @property
    def gone(self) -> frozenset[str]:
        """The documents whose passages in the generation in use are dropped."""
        return frozenset((*self.changed, *self.removed))


def make_plan(
    documents: Sequence[Document],
    entries: Sequence[DocumentEntry],
    known: Mapping[str, DocumentEntry],
) -> Plan:
    """Compares all documents that the index should hold with the entries of the generation in use;
    `known` are those that may stay unchanged, by path."""
    keys = {document.key for document in documents}
    before = {entry.key for entry in entries}
    unchanged = {
        document.key
        for document in documents
        if (entry := known.get(document.path)) is not None and content(entry) == content(document)
    }
    return Plan(
        added=tuple(sorted(keys - before)),
        changed=tuple(sorted((keys & before) - unchanged)),
        removed=tuple(sorted(before - keys)),
        unchanged=tuple(sorted(unchanged)),
    )


def content(document: Document) -> tuple[str, str, str, str]:
    """Key, content, kind and reader of a document: it has changed when any of these differs. The
    kind is also decided by a person's confirmation."""
    return document.key, document.sha256, document.info.kind, reading_of(document)


def reading_of(document: Document) -> str:
    """Fingerprint of what read a document: now, or for the generation in use."""
    if isinstance(document, SourceDocument):
        return reading_fingerprint(document.path)
    return document.reading
