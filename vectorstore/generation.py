"""A generation of the index: a manifest, and the segments that it uses, read as one."""

import copy
import datetime
import functools
import itertools
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar, cast

import numpy as np
from pydantic import ValidationError

from core.errors import IndexMismatchError
from core.prepared import PreparedQuestion
from core.source import Passage, Scope, Standing, standings
from language.facts import DocumentNames, names_in
from vectorstore import chroma
from vectorstore.chroma import translated
from vectorstore.embeddings import Vectors
from vectorstore.manifest import Counts, Manifest, total
from vectorstore.segments import Kind, Segment, document_key, merged

_REMEMBERED = 1000  # passages in the cache, some 15 MB with the vectors of their units
_SCOPES = 8  # in the cache, some 8 MB each at most: a scope of more passages is searched otherwise
_COHORT = 200  # passages of a language, with which each question is compared: docs/decisions/0004

_T = TypeVar("_T")


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
        """The manifest of this generation.

        Raises:
            IndexMismatchError: another version of this program made it.
        """
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
        return set(self._from_segments(ids, lambda s, i: dict.fromkeys(s.present("units", i))))

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

    def add(self, passages: Sequence[Passage], unit_vectors: Sequence[Vectors]) -> None:
        """Stores passages in this generation's own segment; see `Segment.add`."""
        self._segments[self.id].add(passages, unit_vectors)

    def add_questions(self, questions: Sequence[PreparedQuestion], vectors: Vectors) -> None:
        """Stores prepared questions likewise; see `Segment.add_questions`."""
        self._segments[self.id].add_questions(questions, vectors)
