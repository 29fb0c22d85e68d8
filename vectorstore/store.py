"""Search over the generation in use: vectors and words, fused into one score.

    question -> query vector -> nearest passages  \\
                             -> nearest units     -> allowed ones -> z-scores added -> best k
             -> words        -> keyword matches   /
"""

import shutil
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.errors import IndexMismatchError
from core.settings import Settings
from core.types import DocumentInfo, Passage, ScoredPassage
from vectorstore.chroma import GenerationGone
from vectorstore.embeddings import Embedder, Vectors, make_embedder
from vectorstore.generations import Generation, Generations, unit_ids
from vectorstore.keyword import KeywordIndex
from vectorstore.manifest import method_of

_CANDIDATES = 60  # passages taken from each list before filtering
_UNITS_PER_PASSAGE = 4
_FALLBACK_LANGUAGE = "en"


def open_index(settings: Settings) -> "Index":
    """The index in use.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: it was made by another embedder.
        StoreError: the store cannot be used.
    """
    index = Index(settings, Generations(settings), make_embedder(settings))
    index.documents()
    return index


class Index:
    """Searches whatever generation is in use at each question; safe to share between threads."""

    def __init__(self, settings: Settings, generations: Generations, embedder: Embedder) -> None:
        self.embedder = embedder
        self._generations = generations
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: tuple[Generation, KeywordIndex] | None = None

    @property
    def generation(self) -> str:
        """The id of the generation in use."""
        return self._current()[0].id

    @property
    def created(self) -> str:
        """When the generation in use was made (UTC, ISO 8601)."""
        return self._current()[0].manifest.created

    def documents(self) -> tuple[DocumentInfo, ...]:
        """All documents in use, every language version."""
        return tuple(entry.info for entry in self._current()[0].manifest.documents)

    def passages(self) -> list[Passage]:
        """All passages in use, every language version."""
        return list(self._current()[0].all_passages())

    def search(
        self,
        query: str,
        k: int = 6,
        language: str | None = None,
        areas: Collection[str] | None = None,
    ) -> list[ScoredPassage]:
        """The k best passages for a question, best first.

        Args:
            query: the question.
            k: how many passages.
            language: the question's language (ISO 639-1). Of a document in several languages only
                the version in this language is used, else the English one, else the first.
            areas: only documents of these areas; None or empty for all.
        """
        try:
            return self._search(query, k, language or "", areas or ())
        except GenerationGone:  # replaced and removed since we opened it: ask the new one
            self._opened = None
            return self._search(query, k, language or "", areas or ())

    def _search(
        self, query: str, k: int, language: str, areas: Collection[str]
    ) -> list[ScoredPassage]:
        if not query.strip():
            return []
        generation, keyword = self._current()
        allowed = _allowed_versions(
            (entry.info for entry in generation.manifest.documents), language, areas
        )
        if not allowed:
            return []
        vector = self.embedder.query(query)
        total, total_units = generation.manifest.passages, generation.manifest.units
        count = max(_CANDIDATES, 8 * k)
        while True:
            similar = _filtered(generation.nearest_passages(vector, min(count, total)), allowed)
            by_unit = generation.nearest_units(vector, min(count * _UNITS_PER_PASSAGE, total_units))
            similar_units = _filtered(_best_per_passage(by_unit), allowed)
            words = _filtered(keyword.nearest(query, language, count), allowed)
            if len(similar) >= k or count >= total:
                break
            count *= 4  # the filters left too few: look further
        scores = _fuse((1.0, similar), (2.0, similar_units), (1.0, words))
        best = sorted(scores, key=lambda name: (-scores[name], name))[:k]
        return self._scored(generation, best, scores, vector)

    def _scored(
        self,
        generation: Generation,
        ids: Sequence[str],
        scores: Mapping[str, float],
        vector: Vectors,
    ) -> list[ScoredPassage]:
        passages = generation.passages(ids)
        vectors = generation.passage_vectors(ids)
        units = generation.unit_vectors([name for p in passages for name in unit_ids(p)])
        return [
            ScoredPassage(
                passage=passage,
                score=scores[passage.id],
                similarity=float(vectors[passage.id] @ vector),
                unit_similarities=tuple(float(units[u] @ vector) for u in unit_ids(passage)),
            )
            for passage in passages
        ]

    def _current(self) -> tuple[Generation, KeywordIndex]:
        """The generation in use and its keyword index; opened anew when the pointer moved."""
        opened = self._opened
        if opened and opened[0].id == self._generations.pointer().current:
            return opened
        with self._lock:
            generation = self._generations.current()
            made_by, configured = generation.manifest.method, method_of(self.embedder)
            if made_by != configured:
                raise IndexMismatchError(
                    f"The index was made by {made_by}, but {configured} is configured. "
                    "Rebuild it with: make ingest"
                )
            self._opened = generation, open_keyword(self._settings, generation)
            return self._opened


def open_keyword(settings: Settings, generation: Generation) -> KeywordIndex:
    """The keyword index of a generation, built from Chroma if it is missing or out of date."""
    place = _keyword_folder(settings) / generation.id
    try:
        return KeywordIndex(place)
    except ValueError:
        return KeywordIndex.build(place, generation.all_passages())


def remove_old_keyword_indexes(settings: Settings, kept: Collection[str]) -> None:
    """Removes the keyword indexes of generations that are no longer kept."""
    for place in _keyword_folder(settings).glob("*"):
        if place.name not in kept:
            shutil.rmtree(place, ignore_errors=True)


def _keyword_folder(settings: Settings) -> Path:
    return settings.data_dir / "keyword"


def _allowed_versions(
    documents: Iterable[DocumentInfo], language: str, areas: Collection[str]
) -> set[str]:
    """Keys of the documents to search: one language version each, of the wanted areas."""
    versions: dict[str, DocumentInfo] = {}
    for document in documents:
        if areas and document.area not in areas:
            continue
        best = versions.get(document.id)
        if best is None or _preference(document, language) < _preference(best, language):
            versions[document.id] = document
    return {document.key for document in versions.values()}


def _preference(document: DocumentInfo, language: str) -> tuple[bool, bool, str]:
    return (
        document.language != language,
        document.language != _FALLBACK_LANGUAGE,
        document.language,
    )


def _filtered(hits: Iterable[tuple[str, float]], allowed: set[str]) -> dict[str, float]:
    return {name: score for name, score in hits if name.partition(":")[0] in allowed}


def _best_per_passage(unit_hits: Iterable[tuple[str, float]]) -> Iterable[tuple[str, float]]:
    best: dict[str, float] = {}
    for name, similarity in unit_hits:  # best first
        best.setdefault(name.partition("#")[0], similarity)
    return best.items()


def _fuse(*weighted: tuple[float, Mapping[str, float]]) -> dict[str, float]:
    """The weighted sum of the z-scores that each kind of evidence gives the candidates.

    A candidate that one kind did not find gets the lowest score found, or 0 where nothing was.
    Compared with reciprocal rank fusion in docs/decisions/0002.
    """
    names = list(dict.fromkeys(name for _, scores in weighted for name in scores))
    total = np.zeros(len(names))
    for weight, scores in weighted:
        lowest = min(scores.values(), default=0.0)
        values = np.array([scores.get(name, lowest) for name in names])
        spread = values.std() if len(names) else 0.0
        if spread > 0:
            total += weight * (values - values.mean()) / spread
    return dict(zip(names, total.tolist(), strict=True))
