"""Segments: the passages of some documents, their units and their prepared questions, written once
and never changed."""

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

_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)
Kind = Literal["passages", "units", "questions"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BY_DOCUMENT = {"by": "document"}
"""Metadata of a collection of prepared questions whose records name their documents, as those of
older versions do not."""
_IDS: chroma.Fields = []
_TEXTS: chroma.Fields = ["documents", "metadatas"]
_METADATA: chroma.Fields = ["metadatas"]
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
        self._passages = client.get_collection(f"passages-{entry.id}", None)
        self._units = client.get_collection(f"units-{entry.id}", None)
        self._questions = (
            client.get_collection(f"questions-{entry.id}", None) if entry.questions else None
        )
        self._questions_by_document = (
            self._questions is not None and self._questions.metadata == BY_DOCUMENT
        )

    @translated
    def counts(self) -> Counts:
        """The counts of what is stored here, without stale entries."""
        questions = self._questions.count() if self._questions else 0
        return Counts(self._passages.count(), self._units.count(), questions).without(self._stale)

    @translated
    def nearest(self, kind: Kind, vector: Vectors, count: int) -> list[tuple[str, float]]:
        """(id of a passage, unit or prepared question, cosine), best first."""
        collections = (self._passages, self._units, self._questions)
        collection = collections[KINDS.index(kind)]
        stale: int = getattr(self._stale, kind)
        if collection is None:
            return []
        wanted = count + min(stale, count)
        while True:
            hits = chroma.nearest(collection, vector, wanted)
            mine = [(name, cosine) for name, cosine in hits if self._has(name)]
            if len(mine) >= count or len(hits) < wanted or wanted >= count + stale:
                return mine[:count]
            wanted = min(4 * wanted, count + stale)  # stale ones were nearer: widen the search

    def _has(self, name: str) -> bool:
        return document_key(name) in self._documents

    @translated
    def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        """The passages with these ids that are stored here."""
        found = self._passages.get(ids=list(ids), include=_TEXTS)
        return {passage.id: passage for passage in decode(found)}

    def all_passages(self, documents: Collection[str] | None = None) -> Iterator[Passage]:
        """Every passage, or those of these documents; read in batches."""
        wanted = self._documents if documents is None else self._documents.intersection(documents)
        if documents is not None and len(wanted) <= _FEW:
            yield from self._each(self._ids_of(self._passages, wanted), self.passages)
            return
        for result in self._batches(self._passages, _TEXTS):
            yield from decode(result, lambda name: document_key(name) in wanted)

    def _each(
        self, names: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, _T]]
    ) -> Iterator[_T]:
        """What is stored under these ids, in that order; read in batches."""
        for start in range(0, len(names), chroma.BATCH):
            found = read(names[start : start + chroma.BATCH])
            yield from (found[name] for name in names[start : start + chroma.BATCH])

    @translated
    def questions(self, ids: Sequence[str]) -> Mapping[str, PreparedQuestion]:
        """The prepared questions with these ids that are stored here."""
        if self._questions is None or not ids:
            return {}
        found = self._questions.get(ids=list(ids), include=_METADATA)
        return {question.id: question for question in decode_questions(found)}

    def all_questions(self, documents: Collection[str] | None = None) -> Iterator[PreparedQuestion]:
        """Every prepared question, or those of these documents; read in batches."""
        wanted = self._documents if documents is None else self._documents.intersection(documents)
        if self._questions is None or not wanted:
            return
        if self._questions_by_document and wanted != self._documents and len(wanted) <= _FEW:
            yield from self._each(self._ids_of(self._questions, wanted), self.questions)
            return
        for result in self._batches(self._questions, _METADATA):
            yield from decode_questions(result, lambda name: document_key(name) in wanted)

    @translated
    def question_vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The vectors of those prepared questions that are stored here."""
        return chroma.vectors(self._questions, ids) if self._questions else {}

    @translated
    def _ids_of(self, collection: chroma.Collection, documents: Collection[str]) -> list[str]:
        """The ids of the records of these documents, in the order in which they were added."""
        ids = sorted({key.rpartition(".")[0] for key in documents})
        where = cast(chroma.Where, {"document": {"$in": ids}})
        found = collection.get(where=where, include=_IDS) if ids else None
        names = found["ids"] if found else []
        return [name for name in names if document_key(name) in documents]

    def all_ids(self) -> Iterator[str]:
        """The id of every passage."""
        return filter(self._has, self.stored_passage_ids())

    def stored_passage_ids(self) -> Iterator[str]:
        """The ids of all passages that are stored here, stale ones included."""
        return (name for result in self._batches(self._passages, _IDS) for name in result["ids"])

    def stored_unit_ids(self) -> Iterator[str]:
        """The ids of all units that are stored here, stale ones included."""
        return (name for result in self._batches(self._units, _IDS) for name in result["ids"])

    def _batches(
        self, collection: chroma.Collection, include: chroma.Fields
    ) -> Iterator[chroma.Records]:
        offsets = range(0, self._count(collection), chroma.BATCH)
        return (self._batch(collection, offset, include) for offset in offsets)

    @translated
    def _count(self, collection: chroma.Collection) -> int:
        return collection.count()

    @translated
    def _batch(
        self, collection: chroma.Collection, offset: int, include: chroma.Fields
    ) -> chroma.Records:
        return collection.get(limit=chroma.BATCH, offset=offset, include=include)

    @translated
    def passage_vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The vectors of those passages that are stored here."""
        return chroma.vectors(self._passages, ids)

    @translated
    def unit_vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The vectors of those units that are stored here."""
        return chroma.vectors(self._units, ids)

    @translated
    def stored_units(self, ids: Sequence[str]) -> set[str]:
        """Which of these units are stored here."""
        return chroma.present(self._units, ids)

    @translated
    def add(self, passages: Sequence[Passage], unit_vectors: Sequence[Vectors]) -> None:
        """Stores passages, each with the vectors of its units, shape (units, dimensions).

        The vector of a passage is the mean of its units': retrieval is as good as with embedded
        passages (docs/decisions/0002), in half the time.

        Raises:
            DocumentRefused: the store does not accept the data of a document.
        """
        means = np.stack([mean(vectors) for vectors in unit_vectors])
        units = [name for passage in passages for name in passage.unit_ids]
        all_vectors = np.concatenate(unit_vectors)
        for start in range(0, len(passages), chroma.BATCH):
            end = start + chroma.BATCH
            self._add(
                self._passages,
                ids=[passage.id for passage in passages[start:end]],
                embeddings=means[start:end],
                documents=[passage.text for passage in passages[start:end]],
                metadatas=[encode(passage) for passage in passages[start:end]],
            )
        for start in range(0, len(units), chroma.BATCH):
            end = start + chroma.BATCH
            self._add(self._units, ids=units[start:end], embeddings=all_vectors[start:end])

    @translated
    def add_questions(self, questions: Sequence[PreparedQuestion], vectors: Vectors) -> None:
        """Stores prepared questions with their vectors, shape (questions, dimensions); raises as
        `add`."""
        for start in range(0, len(questions), chroma.BATCH):
            end = start + chroma.BATCH
            assert self._questions is not None  # noqa: S101 - made where the manifest counts any
            self._add(
                self._questions,
                ids=[question.id for question in questions[start:end]],
                embeddings=vectors[start:end],
                metadatas=[encode_question(question) for question in questions[start:end]],
            )

    def _add(
        self, collection: chroma.Collection, ids: Sequence[str], **fields: Sequence[Any] | Vectors
    ) -> None:
        """Writes records; where the store refuses some, those of each document alone."""
        try:
            collection.add(ids=list(ids), **cast(dict[str, Any], fields))
        except chroma.REFUSALS as error:
            keys = list(dict.fromkeys(map(document_key, ids)))
            if len(keys) == 1:
                reason = chroma.message_of(error, self._client)
                raise chroma.DocumentRefused(keys[0], reason) from error
            for key in keys:
                mine = [at for at, name in enumerate(ids) if document_key(name) == key]
                chosen = {name: [values[at] for at in mine] for name, values in fields.items()}
                self._add(collection, [ids[at] for at in mine], **chosen)


def mean(vectors: Vectors) -> Vectors:
    """The mean of unit vectors, shape (units, dimensions), scaled to length 1."""
    middle: Vectors = vectors.mean(axis=0)
    return middle / np.linalg.norm(middle)


def create(client: chroma.Client, entry: SegmentEntry, metadata: dict[str, str]) -> None:
    """Makes the empty collections of a segment; that of the passages holds the metadata.

    Chroma writes the graph after every so many vectors. Each process that opens the segment adds
    those after the last write anew, each time a little differently, so that processes find
    different passages; and it writes a graph that was never written. So the graph is written once,
    with the last vector, as the size is known.
    """
    each = {"passages": metadata, "questions": BY_DOCUMENT}
    for kind, size in zip(KINDS, entry.counts, strict=True):
        if kind == "questions" and not size:
            continue
        client.create_collection(
            f"{kind}-{entry.id}",
            embedding_function=None,
            configuration={
                "hnsw": {
                    "space": "cosine",
                    "ef_construction": _EF_CONSTRUCTION,
                    "ef_search": _EF_SEARCH,
                    "sync_threshold": max(1, size),
                }
            },
            metadata=each.get(kind),
        )


def document_key(name: str) -> str:
    """The document key in the id of a passage, unit or prepared question."""
    return name.partition(":")[0]


def merged(hits: Iterable[Sequence[tuple[str, float]]], count: int) -> list[tuple[str, float]]:
    """The best `count` hits of several segments, best first."""
    together = [hit for found in hits for hit in found]
    return sorted(together, key=lambda hit: (-hit[1], hit[0]))[:count]


def encode(passage: Passage) -> dict[str, Any]:
    return {
        "document": passage.document.id,
        "passage": passage.model_dump_json(exclude={"id", "text"}),
    }


def decode(result: Any, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Passage]:
    """Decodes the passages of a result whose ids are wanted.

    Raises:
        StoreError: one is not in the form that `encode` gives.
    """
    for name, text, metadata in zip(
        result["ids"], result["documents"], result["metadatas"], strict=True
    ):
        if wanted(name):
            yield _decoded(Passage, name, metadata, "passage", {"text": text})


def encode_question(question: PreparedQuestion) -> dict[str, Any]:
    """Its text is no document of Chroma's, which would index its words, and ids leave out the
    document's key: a question takes a third of the room."""
    key = question.document
    units = [unit.removeprefix(f"{key}:") for unit in question.units]
    fields = question.model_dump(mode="json", exclude={"id", "units"}, exclude_defaults=True)
    packed = {**fields, "units": units}
    content = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
    return {"document": key.rpartition(".")[0], "question": content}


def decode_questions(
    result: Any, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[PreparedQuestion]:
    """Decodes the prepared questions of a result whose ids are wanted.

    Raises:
        StoreError: one is not in the form that `encode_question` gives.
    """
    for name, metadata in zip(result["ids"], result["metadatas"], strict=True):
        if not wanted(name):
            continue
        question = _decoded(PreparedQuestion, name, metadata, "question", {})
        key, _, _ = name.partition(":")
        yield question.model_copy(
            update={"units": tuple(f"{key}:{unit}" for unit in question.units)}
        )


def _decoded(
    kind: type[_Model], name: str, metadata: Any, field: str, more: Mapping[str, str]
) -> _Model:
    try:
        fields = json.loads(metadata[field])
        return kind.model_validate({**fields, "id": name, **more}, strict=False)
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError(
            f"{field.capitalize()} {name} cannot be read ({type(error).__name__}). "
            "Build the index anew with: python -m ingest --rebuild"
        ) from error
