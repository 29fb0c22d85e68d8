"""Segments: the passages of some documents, their units and their prepared questions, written once
and never changed."""

import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast, get_args

import numpy as np
from pydantic import BaseModel

from core.errors import StoreError
from core.prepared import PreparedQuestion
from core.source import Passage
from vectorstore import chroma
from vectorstore.chroma import translated
from vectorstore.embeddings import Vectors
from vectorstore.manifest import Counts, SegmentEntry

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
    """Reads one segment for a generation; writes it while it is being built.

    Args:
        client: the store.
        entry: names the collections, and says how much is in them.
        documents: keys of the documents that the generation uses here; others are hidden.
        used: what these documents have here.
    """

    def __init__(
        self, client: chroma.Client, entry: SegmentEntry, documents: frozenset[str], used: Counts
    ) -> None:
        self.id = entry.id
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
        found = self._collections.get(kind)
        return chroma.vectors(found, ids) if found is not None else {}

    @translated
    def present(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        """Which of these ids are stored here."""
        return chroma.present(self._collections[kind], ids)

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
        """Stores passages, each with the vectors of its units, shape (units, dimensions).

        The vector of a passage is the mean of its units': retrieval is as good as with embedded
        passages (docs/decisions/0002), in half the time.

        Raises:
            DocumentRefused: the store does not accept the data of a document.
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
        """Stores prepared questions with their vectors, shape (questions, dimensions); raises as
        `add`."""
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
                reason = chroma.message_of(error, self._client)
                raise chroma.DocumentRefused(keys[0], reason) from error
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
