"""The plan of a run: which documents are added, changed, renamed, removed or unchanged."""

import json
import sys
from collections.abc import Collection, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from core.source import Frozen, SourceDocument
from ingest.reading.formats import FORMATS, READERS, Reader
from vectorstore.generation import DocumentEntry, Manifest

# Raised by whoever changes what a document of any format is described by and cut into: cleaning,
# front matter, Markdown, sentences, units, passages, prepared questions. What only one format gives
# has its own version, in READERS.
VERSION = 3
# Distributions that all formats are read with. None is missing: tests/policy/test_fingerprint.py.
LIBRARIES = ("babel", "markdown-it-py", "mdit-py-plugins", "py3langid", "pyyaml", "sentencex")

Document = SourceDocument | DocumentEntry
"""Loaded, or as the generation in use knows it."""


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


class Rename(Frozen):
    """A document whose content moved to another path, with the same key or another."""

    key: str
    path: str
    former_key: str
    former_path: str


class Plan(Frozen):
    """Keys of documents ("csa-strategy.nl"), by what happens to them."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[Rename, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the generation in use is up to date."""
        return not (self.written or self.removed)

    @property
    def written(self) -> frozenset[str]:
        """The documents whose passages are written, with new or known vectors."""
        return frozenset((*self.added, *self.changed, *(rename.key for rename in self.renamed)))

    @property
    def gone(self) -> frozenset[str]:
        """The documents whose passages in the generation in use are dropped."""
        former = (rename.former_key for rename in self.renamed)
        return frozenset((*self.changed, *self.removed, *former))


def known_files(manifest: Manifest | None, method: str) -> dict[str, DocumentEntry]:
    """Maps paths to entries of the generation in use; empty if the embedding method changed."""
    if manifest is None or manifest.method != method:
        return {}
    return {entry.path: entry for entry in manifest.documents}


def make_plan(
    documents: Sequence[Document],
    manifest: Manifest | None,
    method: str,
    renamed: Sequence[Rename] = (),
) -> Plan:
    """Compares the source texts with the manifest of the generation in use.

    Args:
        documents: all documents that the index should hold.
        manifest: of the generation in use, or None when there is none.
        method: the embedding method.
        renamed: the result of `renames` for these documents.
    """
    keys = {document.key for document in documents}
    before = {entry.key for entry in manifest.documents} if manifest else set()
    known = known_files(manifest, method)
    unchanged = {
        document.key
        for document in documents
        if (entry := known.get(document.path)) is not None and _content(entry) == _content(document)
    }
    now = {rename.key for rename in renamed}
    former = {rename.former_key for rename in renamed}
    return Plan(
        added=tuple(sorted(keys - before - now)),
        changed=tuple(sorted((keys & before) - unchanged - now)),
        renamed=tuple(renamed),
        removed=tuple(sorted(before - keys - former)),
        unchanged=tuple(sorted(unchanged)),
    )


def _content(document: Document) -> tuple[str, str, str, str]:
    """Key, content, kind and reader of a document: it has changed when any of these differs. The
    kind is also decided by a person's confirmation."""
    return document.key, document.sha256, document.info.kind, reading_of(document)


def reading_of(document: Document) -> str:
    """Fingerprint of what read a document: now, or for the generation in use."""
    if isinstance(document, SourceDocument):
        return reading_fingerprint(document.path)
    return document.reading


def renames(
    documents: Sequence[Document], files: Collection[str], manifest: Manifest | None
) -> tuple[Rename, ...]:
    """The documents whose content left one path and stands at another.

    Args:
        documents: the current documents.
        files: the paths of all files that exist.
        manifest: of the generation in use, or None when there is none.
    """
    entries = manifest.documents if manifest else ()
    left = {entry.sha256: entry for entry in entries if entry.sha256 and entry.path not in files}
    keys, paths = {entry.key for entry in entries}, {entry.path for entry in entries}
    now = {document.key: document for document in documents if document.path not in paths}
    taken = {document.key for document in documents}
    found = []
    for _, document in sorted(now.items()):
        entry = left.get(document.sha256)
        if entry is None:
            continue
        if entry.key == document.key or (entry.key not in taken and document.key not in keys):
            del left[document.sha256]
            found.append(
                Rename(
                    key=document.key,
                    path=document.path,
                    former_key=entry.key,
                    former_path=entry.path,
                )
            )
    return tuple(found)


def plan_fingerprint(
    documents: Sequence[Document], failed: Sequence[str], manifest: Manifest | None, method: str
) -> str:
    """Fingerprint of a planned run.

    Args:
        documents: all documents that the index should hold.
        failed: the files that failed, and why.
        manifest: of the generation in use, or None when there is none.
        method: the embedding method.
    """
    contents = sorted((*_content(document), document.path) for document in documents)
    before = manifest.id if manifest else ""
    whole = (contents, sorted(failed), before, method)
    return sha256(json.dumps(whole).encode()).hexdigest()[:16]
