"""The plan of an ingest (which documents are new, changed, renamed or gone) and its generation."""

import datetime
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.batches import batches
from core.prepared import PreparedQuestion
from core.source import Frozen, Passage, SourceDocument
from ingest.reading.formats import FORMATS, READERS, Reader
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.generation import Generation
from vectorstore.manifest import DocumentEntry, Manifest, SegmentEntry, new_id, total
from vectorstore.segments import document_key

# The fingerprint of what turns a file into passages: versions of our code and of libraries.


# Raised by whoever changes what a document of any format is described by and cut into: cleaning,
# front matter, Markdown, sentences, units, passages, prepared questions. What only one format gives
# has its own version, in READERS.
VERSION = 3
# Distributions that all formats are read with. None is missing: tests/policy/test_fingerprint.py.
LIBRARIES = ("babel", "markdown-it-py", "mdit-py-plugins", "py3langid", "pyyaml", "sentencex")


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
    libraries = [f"{one} {version(one)}" for one in (*LIBRARIES, *reader.libraries)]
    whole = (name, reader.version, shared, sys.version_info[:2], libraries)
    return sha256(repr(whole).encode()).hexdigest()[:12]


# The plan of an ingest run: documents compared with the generation in use by content hash.


_SMALL = 500  # passages; they are copied in about two seconds
_GROWTH = 4  # at most about five segments at 100,000 passages: docs/decisions/0005


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
        return frozenset((*self.added, *self.changed, *(one.key for one in self.renamed)))

    @property
    def gone(self) -> frozenset[str]:
        """The documents whose passages in the generation in use are dropped."""
        former = (one.former_key for one in self.renamed)
        return frozenset((*self.changed, *self.removed, *former))


def known_files(manifest: Manifest | None, method: str) -> dict[str, DocumentEntry]:
    """Maps paths to entries of the generation in use; empty if the embedding method changed."""
    if manifest is None or manifest.method != method:
        return {}
    return {entry.path: entry for entry in manifest.documents}


def make_plan(
    documents: Sequence[SourceDocument | DocumentEntry],
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
    now, former = {one.key for one in renamed}, {one.former_key for one in renamed}
    return Plan(
        added=tuple(sorted(keys - before - now)),
        changed=tuple(sorted((keys & before) - unchanged - now)),
        renamed=tuple(renamed),
        removed=tuple(sorted(before - keys - former)),
        unchanged=tuple(sorted(unchanged)),
    )


def _content(document: SourceDocument | DocumentEntry) -> tuple[str, str, str, str]:
    """Key, content, kind and reader of a document: it is another one when any of these differs. The
    kind is not only what its files say."""
    return document.key, document.sha256, document.info.kind, reading_of(document)


def reading_of(document: SourceDocument | DocumentEntry) -> str:
    """Fingerprint of what read a document: now, or for the generation in use."""
    if isinstance(document, SourceDocument):
        return reading_fingerprint(document.path)
    return document.reading


def renames(
    documents: Sequence[SourceDocument | DocumentEntry],
    files: Collection[str],
    manifest: Manifest | None,
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
    documents: Sequence[SourceDocument | DocumentEntry],
    failed: Sequence[str],
    manifest: Manifest | None,
    method: str,
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
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def segments_to_merge(manifest: Manifest, plan: Plan, fresh: int) -> frozenset[str]:
    """The segments whose unchanged documents move into the new one, so that segments stay few.

    Smallest first: those that are small, that are at most `_GROWTH` times what is written anyway,
    or that hold more stale passages than used ones. So segments grow in steps of `_GROWTH`: a
    search asks a handful, and a passage is rarely copied.

    Args:
        manifest: of the generation in use.
        plan: what changes.
        fresh: the number of passages that the new segment gets anyway.
    """
    unchanged, used = set(plan.unchanged), dict.fromkeys((s.id for s in manifest.segments), 0)
    for entry in manifest.documents:
        if entry.info.key in unchanged:
            used[entry.segment] += entry.passages
    merged, size = set(), fresh
    for segment in sorted(manifest.segments, key=lambda segment: (used[segment.id], segment.id)):
        here = used[segment.id]
        if here <= max(_SMALL, _GROWTH * size) or 2 * here < segment.passages:
            merged.add(segment.id)
            size += here
    return frozenset(merged)


# Builds a generation: composes its manifest from segments, and writes what is new.


# The manifest of a new generation: its documents, and the segments that they are in.


def compose(
    documents: Sequence[SourceDocument | DocumentEntry],
    plan: Plan,
    fresh: Sequence[Passage],
    questions: Sequence[PreparedQuestion],
    before: Manifest | None,
    method: str,
) -> Manifest:
    """The manifest of a new generation.

    Args:
        documents: all documents of the generation.
        plan: the plan of the run.
        fresh: the passages that are written.
        questions: the prepared questions of the documents that are written.
        before: the manifest of the generation in use, or None when there is none.
        method: the embedding method.
    """
    now = datetime.datetime.now(datetime.UTC)
    created = now.isoformat(timespec="milliseconds")
    own = new_id(now)
    made: dict[str, list[Passage]] = {}
    for passage in fresh:
        made.setdefault(passage.document.key, []).append(passage)
    asked = Counter(document_key(one.id) for one in questions)
    unchanged = frozenset(plan.unchanged)
    merged = segments_to_merge(before, plan, len(fresh)) if before else frozenset()
    kept = {
        entry.key: entry.model_copy(update={"segment": own}) if entry.segment in merged else entry
        for entry in (before.documents if before else ())
        if entry.key in unchanged
    }
    entries = tuple(
        kept.get(document.key)
        or _entry(document, made.get(document.key, ()), asked[document.key], own, created)
        for document in sorted(documents, key=lambda document: document.key)
    )
    new = [entry for entry in entries if entry.segment == own]
    shared = {entry.segment for entry in entries} - {own}
    counts = total(entries)
    return Manifest(
        id=own,
        created=created,
        method=method,
        before=before.id if before else "",
        documents=entries,
        segments=(
            *(segment for segment in (before.segments if before else ()) if segment.id in shared),
            SegmentEntry(id=own, **total(new)._asdict()),
        ),
        **counts._asdict(),
    )


def _entry(
    document: SourceDocument | DocumentEntry,
    passages: Sequence[Passage],
    questions: int,
    segment: str,
    created: str,
) -> DocumentEntry:
    """The manifest entry of a document whose passages this run writes."""
    return DocumentEntry(
        info=document.info,
        sha256=document.sha256,
        path=document.path,
        reading=reading_of(document),
        passages=len(passages),
        units=sum(len(passage.units) for passage in passages),
        questions=questions,
        segment=segment,
        pages=len(document.page_starts) if isinstance(document, SourceDocument) else document.pages,
        left_out=document.left_out,
        changed=created,
    )


# Fills a new generation with copied, reused and new vectors.


_STORED_AT_ONCE = 64  # passages in one write, each of which costs 0.1 s
_COPIED_AT_ONCE = 500  # passages in one write; their vectors are in memory together

Progress = Callable[[int, int], None]
"""Called with the number of passages that are done, and that of all."""


class Stored(NamedTuple):
    """The place of the vectors of a passage's units: in a generation, under a passage id."""

    generation: Generation
    passage_id: str


def known_passages(
    sources: Sequence[Generation],
    passages: Sequence[Passage],
    method: str,
    twins: Mapping[str, str],
) -> dict[str, Stored]:
    """Maps the id of a passage to the first generation that has the vectors of all its units.

    Args:
        sources: generations to look in.
        passages: those to find.
        method: the embedding method; vectors of another one are not used.
        twins: key of a document -> key of one with the same content, whose vectors fit too.
    """
    known: dict[str, Stored] = {}
    for generation in sources:
        if generation.manifest.method != method:
            continue
        wanted = [
            (passage, name)
            for passage in passages
            if passage.id not in known
            for name in _stored_as(passage.id, passage.document.key, twins)
        ]
        there = generation.stored_units([u for p, name in wanted for u in _units(p, name)])
        for passage, name in wanted:
            if there.issuperset(_units(passage, name)):
                known.setdefault(passage.id, Stored(generation, name))
    return known


def _stored_as(name: str, key: str, twins: Mapping[str, str]) -> Iterator[str]:
    """The ids that a passage or prepared question of this document may be stored under."""
    yield name
    if twins.get(key, key) != key:
        yield twins[key] + name.removeprefix(key)


def _units(passage: Passage, name: str) -> list[str]:
    """The ids of a passage's units when it is stored under this id."""
    return [name + unit.removeprefix(passage.id) for unit in passage.unit_ids]


def copy_unchanged(old: Generation, new: Generation, plan: Plan) -> None:
    """Copies the passages and prepared questions of those unchanged documents that move into the
    new segment."""
    moved = {*plan.unchanged} & new.manifest.used(new.id)[0]
    _copy(old.all_passages(moved), lambda passage: Stored(old, passage.id), new)
    for batch in batches(old.all_questions(moved), _COPIED_AT_ONCE):
        vectors = old.question_vectors([one.id for one in batch])
        new.add_questions(batch, np.stack([vectors[one.id] for one in batch]))


def embed_questions(
    questions: Sequence[PreparedQuestion],
    sources: Sequence[Generation],
    twins: Mapping[str, str],
    kept: Mapping[str, Vectors],
    embedder: Embedder,
    new: Generation,
    progress: Progress,
) -> None:
    """Stores prepared questions, with vectors that one of the generations has, that are kept beside
    their file (by id), or new ones.

    `sources` and `twins` are as in `known_passages`.
    """
    method, done = new.manifest.method, 0
    sources = [one for one in sources if one.manifest.method == method]
    for batch in batches(questions, _COPIED_AT_ONCE):
        vectors = {one.id: kept[one.id] for one in batch if one.id in kept}
        for generation in sources:
            names = {
                name: one.id
                for one in batch
                if one.id not in vectors
                for name in _stored_as(one.id, document_key(one.id), twins)
            }
            found = generation.question_vectors(list(names))
            vectors |= {names[name]: vector for name, vector in found.items()}
        missing = [one for one in batch if one.id not in vectors]
        if missing:
            made = embedder.queries([one.question for one in missing])
            vectors |= {one.id: vector for one, vector in zip(missing, made, strict=True)}
        new.add_questions(batch, np.stack([vectors[one.id] for one in batch]))
        done += len(batch)
        progress(done, len(questions))


def embed(
    passages: Sequence[Passage],
    known: Mapping[str, Stored],
    embedder: Embedder,
    new: Generation,
    progress: Progress,
) -> None:
    """Stores the passages, with known vectors or new ones."""
    _copy((p for p in passages if p.id in known), lambda passage: known[passage.id], new)
    total, done = len(passages) - len(known), 0
    for batch in batches((p for p in passages if p.id not in known), _STORED_AT_ONCE):
        vectors: list[Vectors] = []
        for group in _groups(batch, embedder.at_once):
            texts = [passage.context(unit) for passage in group for unit in passage.units]
            ends = np.cumsum([len(passage.units) for passage in group])[:-1]
            vectors += np.split(embedder.passages(texts), ends)
            for _ in group:
                done += 1
                progress(done, total)
        new.add(batch, vectors)


def _copy(passages: Iterable[Passage], place: Callable[[Passage], Stored], new: Generation) -> None:
    for batch in batches(passages, _COPIED_AT_ONCE):
        vectors: dict[str, Vectors] = {}
        places = [place(passage) for passage in batch]
        names = [_units(p, at.passage_id) for p, at in zip(batch, places, strict=True)]
        for generation in {id(at.generation): at.generation for at in places}.values():
            here = zip(names, places, strict=True)
            vectors |= generation.unit_vectors(
                [unit for units, at in here if at.generation is generation for unit in units]
            )
        new.add(batch, [np.stack([vectors[unit] for unit in units]) for units in names])


def _groups(passages: Sequence[Passage], texts: int) -> Iterator[list[Passage]]:
    """The passages in groups that have at least so many units, but for the last."""
    group: list[Passage] = []
    for passage in passages:
        group.append(passage)
        if sum(len(one.units) for one in group) >= texts:
            yield group
            group = []
    if group:
        yield group
