"""Builds a generation: composes its manifest from segments, and writes what is new."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np

from core.source import Passage, PreparedQuestion, SourceDocument
from ingest.publishing.plan import Plan, reading_of, segments_to_merge
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.generation import Generation
from vectorstore.manifest import DocumentEntry, Manifest, SegmentEntry, new_id, total
from vectorstore.segments import document_key

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
        changed=created,
    )


# Fills a new generation with copied, reused and new vectors.


_STORED_AT_ONCE = 64  # passages in one write, each of which costs 0.1 s
_COPIED_AT_ONCE = 500  # passages in one write; their vectors are in memory together

_T = TypeVar("_T")

Progress = Callable[[int, int], None]
"""Called with the number of passages that are done, and that of all."""


class Stored(NamedTuple):
    """Where the vectors of a passage's units are: in a generation, under a passage id."""

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


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
