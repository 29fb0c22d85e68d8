"""A generation of the index: a manifest, and the segments that it uses, read as one. A segment has
the passages of some documents, their units and prepared questions, written once and never changed.
"""

import copy
import datetime
import functools
import itertools
import json
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, cast, get_args

import numpy as np
from pydantic import BaseModel, ValidationError

from core.errors import IndexMismatchError, StoreError
from core.source import Passage, PreparedQuestion, Scope, Standing, standings
from language.facts import DocumentNames, names_in
from vectorstore import chroma
from vectorstore.chroma import translated
from vectorstore.embeddings import Vectors
from vectorstore.manifest import Counts, Manifest, SegmentEntry, total

_REMEMBERED = 1000  # passages in the cache, some 15 MB with the vectors of their units
_SCOPES = 8  # in the cache, some 8 MB each at most: a scope of more passages is searched otherwise
_COHORT = 200  # passages of a language, with which each question is compared: docs/decisions/0004

_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)
Kind = Literal["passages", "units", "questions"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_IDS: chroma.Fields = []
_STORED: Mapping[Kind, chroma.Fields] = {
    "passages": ["documents", "metadatas"],
    "questions": ["metadatas"],
}
# Neighbours examined when a vector is added to the graph and when one is searched for
# (https://docs.trychroma.com/docs/collections/configure); measured in docs/decisions/0005.
_EF_CONSTRUCTION, _EF_SEARCH = 100, 800
_FEW = 100  # documents that Chroma filters by; for more, all are read and filtered here


class Segment:
    """Reads one segment for a generation; writes it while it is being built. Documents that the
    generation does not use here are hidden; `used` counts what the others have."""

    def __init__(
        self, client: chroma.Client, entry: SegmentEntry, documents: frozenset[str], used: Counts
    ) -> None:
        self.id = entry.id
        self.refused: dict[str, str] = {}  # why the store did not take documents, by their keys
        self._client = client
        self._documents = documents
        self._stale = entry.counts.without(used)
        self._collections = {
            kind: client.get_collection(f"{kind}-{entry.id}", None) for kind in _kinds(entry)
        }

    @translated
    def counts(self) -> Counts:
        """The counts of what is stored here, without stale entries."""
        stored = {kind: collection.count() for kind, collection in self._collections.items()}
        return Counts(*(stored.get(kind, 0) for kind in KINDS)).without(self._stale)

    @translated
    def nearest(self, kind: Kind, vector: Vectors, count: int) -> list[tuple[str, float]]:
        """(id, cosine), best first."""
        stale: int = getattr(self._stale, kind)
        if kind not in self._collections:
            return []
        wanted = count + min(stale, count)
        while True:
            hits = chroma.nearest(self._collections[kind], vector, wanted)
            mine = [(name, cosine) for name, cosine in hits if self._has(name)]
            if len(mine) >= count or len(hits) < wanted or wanted >= count + stale:
                return mine[:count]
            wanted = min(4 * wanted, count + stale)  # stale ones were nearer: widen the search

    @translated
    def vectors(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The vectors of those of these ids that are stored here."""
        found: dict[str, Vectors] = {}
        for batch in chroma.batches(ids if kind in self._collections else ()):
            result = self._collections[kind].get(ids=batch, include=["embeddings"])
            embeddings = np.asarray(result["embeddings"], dtype=np.float32)
            found.update(zip(result["ids"], embeddings, strict=True))
        return found

    @translated
    def stored_units(self, ids: Sequence[str]) -> dict[str, None]:
        """Which of these units are stored here, as keys."""
        found = (self._collections["units"].get(ids=b, include=_IDS) for b in chroma.batches(ids))
        return {name: None for result in found for name in result["ids"]}

    def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        """The passages with these ids that are stored here."""
        return self._read("passages", ids, _passage)

    def questions(self, ids: Sequence[str]) -> Mapping[str, PreparedQuestion]:
        """The prepared questions with these ids that are stored here."""
        return self._read("questions", ids, _question)

    def all_passages(self, documents: Collection[str] | None = None) -> Iterator[Passage]:
        """Every passage, or those of these documents; read in batches."""
        return self._all("passages", documents, _passage)

    def all_questions(self, documents: Collection[str] | None = None) -> Iterator[PreparedQuestion]:
        """Every prepared question, or those of these documents; read in batches."""
        return self._all("questions", documents, _question)

    def all_ids(self) -> Iterator[str]:
        """The id of every passage."""
        return filter(self._has, self.stored_ids("passages"))

    def stored_ids(self, kind: Kind) -> Iterator[str]:
        """All ids that are stored here, stale ones included."""
        return (name for records in self._batches(kind, _IDS) for name in records["ids"])

    def _has(self, name: str) -> bool:
        return document_key(name) in self._documents

    @translated
    def _read(
        self, kind: Kind, ids: Sequence[str], decode: Callable[[str, str, Any], _Model]
    ) -> dict[str, _Model]:
        if kind not in self._collections or not ids:
            return {}
        found = self._collections[kind].get(ids=list(ids), include=_STORED[kind])
        return {record[0]: decode(*record) for record in _records(found)}

    def _all(
        self,
        kind: Kind,
        documents: Collection[str] | None,
        decode: Callable[[str, str, Any], _Model],
    ) -> Iterator[_Model]:
        wanted = self._documents if documents is None else self._documents.intersection(documents)
        if kind not in self._collections or not wanted:
            return
        if wanted != self._documents and len(wanted) <= _FEW:
            for batch in chroma.batches(self._ids_of(kind, wanted)):
                found = self._read(kind, batch, decode)
                yield from (found[name] for name in batch)
            return
        for records in self._batches(kind, _STORED[kind]):
            for record in _records(records):
                if document_key(record[0]) in wanted:
                    yield decode(*record)

    @translated
    def _ids_of(self, kind: Kind, documents: Collection[str]) -> list[str]:
        """The ids of what these documents have, in the order in which it was added."""
        ids = sorted({key.rpartition(".")[0] for key in documents})
        where = cast(chroma.Where, {"document": {"$in": ids}})
        found = self._collections[kind].get(where=where, include=_IDS)
        return [name for name in found["ids"] if document_key(name) in documents]

    def _batches(self, kind: Kind, include: chroma.Fields) -> Iterator[chroma.Records]:
        for offset in itertools.count(0, chroma.BATCH):
            records = self._batch(kind, offset, include)
            if not records["ids"]:
                return
            yield records

    @translated
    def _batch(self, kind: Kind, offset: int, include: chroma.Fields) -> chroma.Records:
        collection = self._collections[kind]
        return collection.get(limit=chroma.BATCH, offset=offset, include=include)

    @translated
    def add(self, passages: Sequence[Passage], unit_vectors: Sequence[Vectors]) -> None:
        """Stores passages, each with the vectors of its units, shape (units, dimensions). A
        document that the store does not take is added to `refused`.

        The vector of a passage is the mean of its units': retrieval is as good as with embedded
        passages (docs/decisions/0002), in half the time.
        """
        self._add(
            "passages",
            [passage.id for passage in passages],
            embeddings=np.stack([mean(vectors) for vectors in unit_vectors]),
            documents=[passage.text for passage in passages],
            metadatas=[_encoded(passage) for passage in passages],
        )
        units = [name for passage in passages for name in passage.unit_ids]
        self._add("units", units, embeddings=np.concatenate(unit_vectors))

    @translated
    def add_questions(self, questions: Sequence[PreparedQuestion], vectors: Vectors) -> None:
        """Stores prepared questions with their vectors, shape (questions, dimensions); refusals as
        in `add`."""
        self._add(
            "questions",
            [question.id for question in questions],
            embeddings=vectors,
            metadatas=[_encoded_question(question) for question in questions],
        )

    def _add(self, kind: Kind, ids: Sequence[str], **fields: Sequence[Any] | Vectors) -> None:
        for start in range(0, len(ids), chroma.BATCH):
            batch = slice(start, start + chroma.BATCH)
            some = {name: values[batch] for name, values in fields.items()}
            self._add_batch(kind, ids[batch], some)

    def _add_batch(
        self, kind: Kind, ids: Sequence[str], fields: Mapping[str, Sequence[Any] | Vectors]
    ) -> None:
        """Writes records; where the store refuses some, those of each document alone."""
        try:
            self._collections[kind].add(ids=list(ids), **cast(dict[str, Any], fields))
        except chroma.REFUSALS as error:
            keys = list(dict.fromkeys(map(document_key, ids)))
            if len(keys) == 1:
                reason = chroma.message_of(error, self._client.get_settings())
                self.refused.setdefault(keys[0], reason)
                return
            for key in keys:
                mine = [at for at, name in enumerate(ids) if document_key(name) == key]
                chosen = {name: [values[at] for at in mine] for name, values in fields.items()}
                self._add_batch(kind, [ids[at] for at in mine], chosen)


def mean(vectors: Vectors) -> Vectors:
    """The mean of unit vectors, shape (units, dimensions), scaled to length 1."""
    middle: Vectors = vectors.mean(axis=0)
    return middle / np.linalg.norm(middle)


def _kinds(entry: SegmentEntry) -> list[Kind]:
    """The kinds of its collections; without prepared questions there is none of these."""
    return [kind for kind in KINDS if kind != "questions" or entry.questions]


def create(client: chroma.Client, entry: SegmentEntry, metadata: dict[str, str]) -> None:
    """Makes the empty collections of a segment; that of the passages holds the metadata.

    Chroma writes the graph after every so many vectors. Each process that opens the segment adds
    those after the last write anew, each time a little differently, so that processes find
    different passages; and it writes a graph that was never written. So the graph is written once,
    with the last vector, as the size is known.
    """
    for kind in _kinds(entry):
        client.create_collection(
            f"{kind}-{entry.id}",
            embedding_function=None,
            configuration={
                "hnsw": {
                    "space": "cosine",
                    "ef_construction": _EF_CONSTRUCTION,
                    "ef_search": _EF_SEARCH,
                    "sync_threshold": max(1, getattr(entry, kind)),
                }
            },
            metadata=metadata if kind == "passages" else None,
        )


def document_key(name: str) -> str:
    """The document key in the id of a passage, unit or prepared question."""
    return name.partition(":")[0]


def merged(hits: Iterable[Sequence[tuple[str, float]]], count: int) -> list[tuple[str, float]]:
    """The best `count` hits of several segments, best first."""
    return sorted(itertools.chain(*hits), key=lambda hit: (-hit[1], hit[0]))[:count]


def _records(found: chroma.Records) -> Iterator[tuple[str, str, Any]]:
    """The id, text and metadata of each record; a prepared question has no text."""
    texts = found["documents"] or itertools.repeat("")
    return zip(found["ids"], texts, found["metadatas"] or (), strict=False)


def _encoded(passage: Passage) -> dict[str, Any]:
    fields = passage.model_dump_json(exclude={"id", "text"})
    return {"document": passage.document.id, "passage": fields}


def _passage(name: str, text: str, metadata: Any) -> Passage:
    return _decoded(Passage, name, metadata, "passage", text=text)


def _encoded_question(question: PreparedQuestion) -> dict[str, Any]:
    """Its text is no document of Chroma's, which would index its words, and ids leave out the
    document's key: a question takes a third of the room."""
    key = question.document
    units = [unit.removeprefix(f"{key}:") for unit in question.units]
    fields = question.model_dump(mode="json", exclude={"id", "units"}, exclude_defaults=True)
    packed = {**fields, "units": units}
    content = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
    return {"document": key.rpartition(".")[0], "question": content}


def _question(name: str, _: str, metadata: Any) -> PreparedQuestion:
    question = _decoded(PreparedQuestion, name, metadata, "question")
    units = tuple(f"{question.document}:{unit}" for unit in question.units)
    return question.model_copy(update={"units": units})


def _decoded(kind: type[_Model], name: str, metadata: Any, field: str, **more: str) -> _Model:
    """Raises StoreError: it is not in the form in which it is stored."""
    try:
        fields = json.loads(metadata[field])
        return kind.model_validate({**fields, "id": name, **more}, strict=False)
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError(
            f"{field.capitalize()} {name} cannot be read ({type(error).__name__}). "
            "Build the index anew with: python -m ingest --rebuild"
        ) from error


def _recalled(
    known: dict[str, _T], ids: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, _T]]
) -> Mapping[str, _T]:
    """Cached lookup: the values of these ids from `known`, else from `read`. Most questions find
    the same passages; a full cache starts anew."""
    found = {name: value for name in ids if (value := known.get(name)) is not None}
    found.update(read([name for name in ids if name not in found]))
    if len(known) > _REMEMBERED:
        known.clear()
    known.update(found)
    return found


def _spread(values: Sequence[_T], count: int) -> list[_T]:
    """At most `count` of the values, evenly spaced."""
    places = np.linspace(0, len(values) - 1, min(count, len(values)))
    return [values[place] for place in places.round().astype(int)]


@functools.lru_cache(maxsize=4)  # a run opens the same manifests again, which can be megabytes
def _read(manifest: str) -> Manifest:
    return Manifest.model_validate_json(manifest)


class Stack(NamedTuple):
    """The unit vectors of some passages in one array, shape (units, dimensions), with the passages'
    ids and the row at which each begins."""

    names: tuple[str, ...]
    vectors: Vectors
    starts: list[int]

    def best(self, vector: Vectors) -> Vectors:
        """The cosine of a vector and the best unit of each passage."""
        nearest: Vectors = np.maximum.reduceat(self.vectors @ vector, self.starts)
        return nearest


class Generation:
    """Reads one generation, and writes it while it is being built."""

    def __init__(self, client: chroma.Client, generation_id: str) -> None:
        self.id = generation_id
        self._client = client
        self._metadata = client.get_collection(f"passages-{generation_id}", None).metadata or {}
        self._passages_read: dict[str, Passage] = {}
        self._units_read: dict[str, Vectors] = {}
        self._tried: Mapping[str, tuple[PreparedQuestion, Vectors]] = {}
        self._left_out: Collection[str] = ()

    @property
    def note(self) -> str:
        """The note of whoever published this generation."""
        return str(self._metadata.get("note", ""))

    @functools.cached_property
    def manifest(self) -> Manifest:
        """The manifest of this generation. Raises IndexMismatchError: another version of this
        program made it."""
        try:
            return _read(str(self._metadata["manifest"]))
        except (KeyError, ValidationError):
            raise IndexMismatchError(
                f"Index generation {self.id} was made by another version of this program. "
                "Rebuild the index with: make ingest"
            ) from None

    @functools.cached_property
    def names(self) -> DocumentNames:
        """The names of its documents, for finding them in questions."""
        return names_in(entry.info for entry in self.manifest.documents)

    @functools.cached_property
    @translated
    def _segments(self) -> dict[str, Segment]:
        opened = {}
        for entry in self.manifest.segments:
            documents, used = self.manifest.used(entry.id)
            opened[entry.id] = Segment(self._client, entry, documents, used)
        return opened

    @functools.cached_property
    def _segment_of(self) -> dict[str, str]:
        return {entry.info.key: entry.segment for entry in self.manifest.documents}

    # The two are looked up at each question, and a manifest can have ten thousand documents.
    @functools.cached_property
    def versions(self) -> Callable[[str, Scope], Mapping[str, int]]:
        """The document versions, as `Manifest.versions`, cached."""
        return functools.lru_cache(maxsize=256)(self.manifest.versions)

    @functools.cached_property
    def standings(self) -> Callable[[datetime.date], Mapping[str, Standing]]:
        """The standings on a day, as `core.source.standings`, cached."""
        documents = [entry.info for entry in self.manifest.documents]
        return functools.lru_cache(maxsize=16)(functools.partial(standings, documents))

    # What these keep goes with the generation: a superseded one is let go at once.
    @functools.cached_property
    def scope(self) -> Callable[[frozenset[str]], Stack]:
        """All passages of the documents with these keys, cached."""
        own = weakref.proxy(self)
        return functools.lru_cache(_SCOPES)(lambda keys: own.stacked([*own.all_passages(keys)]))

    @functools.cached_property
    def cohort(self) -> Callable[[str], Stack]:
        """Passages of a language, evenly spread over its documents, cached."""
        own = weakref.proxy(self)

        def stack(language: str) -> Stack:
            known = (entry.info for entry in own.manifest.documents)
            keys = _spread(sorted(info.key for info in known if info.language == language), _COHORT)
            return cast(Stack, own.stacked(_spread([*own.all_passages(keys)], _COHORT)))

        return functools.lru_cache(maxsize=24)(stack)

    def counts(self) -> Counts:
        """The numbers of stored passages, units and prepared questions."""
        return total(segment.counts() for segment in self.segments)

    def dimensions(self) -> int:
        """The length of its vectors; 0 when it has none."""
        first = list(itertools.islice(self.all_ids(), 1))
        return next((len(vector) for vector in self.vectors("passages", first).values()), 0)

    @property
    def segments(self) -> Iterable[Segment]:
        return self._segments.values()

    def nearest(self, kind: Kind, vector: Vectors, count: int) -> list[tuple[str, float]]:
        """(id of a passage, unit or prepared question, cosine), best first."""
        left_out = self._left_out if kind == "questions" else ()
        wanted = count + len(left_out)
        stored = merged((s.nearest(kind, vector, wanted) for s in self.segments), wanted)
        if not left_out:
            return stored
        tried = [(name, float(vector @ own)) for name, (_, own) in self._tried.items()]
        return merged(([hit for hit in stored if hit[0] not in left_out], tried), count)

    def questions(self, ids: Sequence[str]) -> dict[str, PreparedQuestion]:
        """The prepared questions with these ids that it has."""
        tried = {name: self._tried[name][0] for name in ids if name in self._tried}
        return self._from_segments(ids, Segment.questions) | tried

    def trying(
        self, questions: Sequence[PreparedQuestion], vectors: Vectors, instead_of: Collection[str]
    ) -> "Generation":
        """The same with these prepared questions, in place of those with these ids or their own;
        nothing is stored."""
        other = copy.copy(self)
        pairs = zip(questions, vectors, strict=True)
        other._tried = {question.id: (question, vector) for question, vector in pairs}
        other._left_out = {*other._tried, *instead_of}
        return other

    def all_questions(self, documents: Collection[str] | None = None) -> Iterator[PreparedQuestion]:
        """Every prepared question, or those of the documents with these keys."""
        return itertools.chain.from_iterable(s.all_questions(documents) for s in self.segments)

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        """The passages with these ids, in that order; unknown ids are left out."""

        def read(names: Sequence[str]) -> Mapping[str, Passage]:
            return self._from_segments(names, Segment.passages)

        found = _recalled(self._passages_read, ids, read)
        return [found[wanted] for wanted in ids if wanted in found]

    def units(self, passages: Sequence[Passage]) -> list[Vectors]:
        """The unit vectors of the passages that it has, shape (units, dimensions) each."""
        names = {passage.id: passage.unit_ids for passage in passages}

        def read(ids: Sequence[str]) -> Mapping[str, Vectors]:
            stored = self.vectors("units", [name for id in ids for name in names[id]])
            return {id: np.stack([stored[name] for name in names[id]]) for id in ids}

        found = _recalled(self._units_read, list(names), read)
        return [found[passage.id] for passage in passages]

    def stacked(self, passages: Sequence[Passage]) -> Stack:
        starts = itertools.accumulate((len(passage.units) for passage in passages[:-1]), initial=0)
        names = tuple(passage.id for passage in passages)
        return Stack(names, np.concatenate(self.units(passages)), list(starts))

    def all_passages(self, documents: Collection[str] | None = None) -> Iterator[Passage]:
        """Every passage, or those of the documents with these keys; read in batches."""
        for segment in self.segments:
            for passage in segment.all_passages(documents):
                if documents is not None and len(self._passages_read) < _REMEMBERED:
                    self._passages_read[passage.id] = passage
                yield passage

    def all_ids(self) -> Iterator[str]:
        """The id of every passage; read in batches."""
        return itertools.chain.from_iterable(s.all_ids() for s in self.segments)

    def sample(self, count: int) -> list[str]:
        """The ids of about `count` passages, spread evenly."""
        step = max(1, self.manifest.passages // count)
        return list(itertools.islice(self.all_ids(), 0, None, step))

    def vectors(self, kind: Kind, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of these passages, units or prepared questions by id, without those that this
        generation does not have."""
        return self._from_segments(ids, lambda segment, own: segment.vectors(kind, own))

    def stored_units(self, ids: Sequence[str]) -> set[str]:
        """Which of these units this generation has."""
        return set(self._from_segments(ids, Segment.stored_units))

    def _from_segments(
        self, ids: Sequence[str], read: Callable[[Segment, Sequence[str]], Mapping[str, _T]]
    ) -> dict[str, _T]:
        """Reads each id from the segment that has its document."""
        by_segment: dict[str, list[str]] = {}
        for name in ids:
            segment_id = self._segment_of.get(document_key(name))
            if segment_id is not None:
                by_segment.setdefault(segment_id, []).append(name)
        found: dict[str, _T] = {}
        for segment_id, names in by_segment.items():
            found.update(read(self._segments[segment_id], names))
        return found

    @property
    def refused(self) -> Mapping[str, str]:
        """Why the store did not take documents that were added, by their keys."""
        return self._segments[self.id].refused

    def add(self, passages: Sequence[Passage], unit_vectors: Sequence[Vectors]) -> None:
        """Stores passages in this generation's own segment; see `Segment.add`."""
        self._segments[self.id].add(passages, unit_vectors)

    def add_questions(self, questions: Sequence[PreparedQuestion], vectors: Vectors) -> None:
        """Stores prepared questions likewise; see `Segment.add_questions`."""
        self._segments[self.id].add_questions(questions, vectors)
