"""The generation in use, opened for searching; who searches it is vectorstore/search.py."""

import datetime
import shutil
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from core.settings import Settings
from core.types import DocumentInfo, Passage, Scope, ScoredPassage, Standing
from vectorstore.chroma import GenerationGone
from vectorstore.embeddings import Embedder, make_embedder
from vectorstore.generations import Generation, Generations
from vectorstore.keyword import KeywordIndex
from vectorstore.manifest import DocumentEntry, Pointer, method_of
from vectorstore.profile import Profile, profile_of
from vectorstore.rerank import DEPTH, make_reranker
from vectorstore.search import Evidence, find, similarities


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
        self._reranker = make_reranker(settings)
        self._lock = threading.Lock()
        self._profile: Profile | None = None
        self._opened: tuple[Pointer, Generation, KeywordIndex] | None = None

    @property
    def generation(self) -> str:
        """The id of the generation in use."""
        return self._current()[0].id

    @property
    def profile(self) -> Profile:
        """What its cosines are read with; an embedder without one is measured at the first use."""
        with self._lock:  # one thread measures
            if self._profile is None:
                self._profile = profile_of(self.embedder, self._settings.data_dir / "embedders")
            return self._profile

    @property
    def created(self) -> str:
        """When the generation in use was made (UTC, ISO 8601)."""
        return self._current()[0].manifest.created

    def documents(self) -> tuple[DocumentInfo, ...]:
        """All documents in use, every language version."""
        return tuple(entry.info for entry in self._current()[0].manifest.documents)

    def entries(self) -> tuple[DocumentEntry, ...]:
        """As `documents`, with what the generation in use knows of each."""
        return self._current()[0].manifest.documents

    def standings(self) -> Mapping[str, Standing]:
        """The documents, by key, that step back for others today (`core.versions.standings`)."""
        return self._current()[0].standings(datetime.datetime.now(datetime.UTC).date())

    def passages(self, documents: Collection[str] | None = None) -> list[Passage]:
        """All passages in use, every language version, or those of documents with these keys."""
        return list(self._current()[0].all_passages(documents))

    def search(
        self,
        query: str,
        k: int = 6,
        language: str | None = None,
        areas: Collection[str] | None = None,
        *,
        scope: Scope = Scope(),
        rerank: bool = True,
    ) -> list[ScoredPassage]:
        """The k best passages for a question, best first.

        Args:
            query: the question.
            k: how many passages.
            language: the question's language (ISO 639-1). Of a document in several languages only
                the version in this language is used, else the English one, else the first.
            areas: short for a scope with these areas.
            scope: what the search is limited to.
            rerank: whether a reranker, where there is one, has the last word.
        """
        reranker = self._reranker if rerank else None
        wanted = k if reranker is None else max(k, DEPTH)
        found = [one.scored for one in self.evidence(query, wanted, language, scope.within(areas))]
        if reranker is not None:
            found = reranker.reorder(query, found)
        return found[:k]

    def evidence(
        self,
        query: str,
        k: int,
        language: str | None = None,
        scope: Scope = Scope(),
    ) -> list[Evidence]:
        """As `search`, before any reranking, with what the order rests on."""
        try:
            return self._evidence(query, k, language or "", scope)
        except GenerationGone:  # replaced and removed since we opened it: ask the new one
            self._opened = None
            return self._evidence(query, k, language or "", scope)

    def similarities(self, query: str, passages: Sequence[Passage]) -> dict[str, tuple[float, ...]]:
        """Passage id -> the cosines of a question and each of its units.

        Passages that the generation in use no longer has are left out.
        """
        try:
            return self._similarities(query, passages)
        except GenerationGone:  # as in `evidence`
            self._opened = None
            return self._similarities(query, passages)

    def cited(self, ids: Sequence[str], query: str) -> list[ScoredPassage]:
        """The passages with these ids, in that order, as close to a question as they are; without
        those that the generation in use no longer has."""
        try:
            return self._cited(ids, query)
        except GenerationGone:  # as in `evidence`
            self._opened = None
            return self._cited(ids, query)

    def knows(self, word: str) -> bool:
        """Whether a passage, in whatever language, has this word or one like it."""
        return self._current()[1].knows(word)

    def has(self, word: str) -> bool:
        """Whether a passage, in whatever language, has this word, also inside a longer one."""
        return self._current()[1].has(word)

    def alike(self, word: str, count: int = 20) -> list[Passage]:
        """Passages, in whatever language, with a word that is spelt nearly like this."""
        generation, keyword = self._current()
        return generation.passages(keyword.alike(word, count))

    def _similarities(
        self, query: str, passages: Sequence[Passage]
    ) -> dict[str, tuple[float, ...]]:
        vector = self.embedder.query(query)
        return similarities(self._current()[0], vector, passages, self.profile)

    def _evidence(self, query: str, k: int, language: str, scope: Scope) -> list[Evidence]:
        if not query.strip():
            return []
        generation, keyword = self._current()
        vector = self.embedder.query(query)
        return find(
            generation,
            keyword,
            query,
            vector,
            k=k,
            language=language,
            scope=scope,
            profile=self.profile,
        )

    def _cited(self, ids: Sequence[str], query: str) -> list[ScoredPassage]:
        generation, standings = self._current()[0], self.standings()
        passages = generation.passages(ids)
        cosines = similarities(generation, self.embedder.query(query), passages, self.profile)
        return [
            ScoredPassage(
                passage=passage,
                score=0.0,  # none was searched for
                similarity=max(cosines[passage.id]),
                unit_similarities=cosines[passage.id],
                standing=standings.get(passage.document.key, "in_force"),
            )
            for passage in passages
        ]

    def _current(self) -> tuple[Generation, KeywordIndex]:
        """The generation to search and its keyword index; opened anew when the pointer moved."""
        pointer, opened = self._generations.pointer(), self._opened
        if opened is None or opened[0] != pointer:
            with self._lock:
                generation = self._generations.made_by(method_of(self.embedder))
                opened = pointer, generation, open_keyword(self._settings, generation)
                self._opened = opened
        return opened[1:]


def open_keyword(settings: Settings, generation: Generation) -> KeywordIndex:
    """The keyword index of a generation, built from Chroma if it is missing or out of date."""
    place = keyword_folder(settings, generation.id)
    try:
        return KeywordIndex(place)
    except ValueError:
        return KeywordIndex.build(place, generation.all_passages())


def carry_keyword(
    settings: Settings,
    old: Generation,
    new: Generation,
    *,
    gone: Iterable[str],
    fresh: Iterable[Passage],
) -> None:
    """Makes the keyword index of a generation from that of the one before.

    Without one, nothing: `open_keyword` builds it from all passages.

    Args:
        settings: where the indexes are.
        old: the generation before.
        new: the generation that is being built.
        gone: keys of documents that changed or went.
        fresh: the passages of those that changed or came.
    """
    base = keyword_folder(settings, old.id)
    try:
        KeywordIndex(base)
    except ValueError:
        return
    KeywordIndex.build(keyword_folder(settings, new.id), fresh, base, gone)


def remove_old_keyword_indexes(settings: Settings, kept: Collection[str]) -> None:
    """Removes the keyword indexes of generations that are no longer kept."""
    for place in keyword_folder(settings).glob("*"):
        if place.name.partition(".")[0] not in kept:  # after the dot: one that is being made
            shutil.rmtree(place, ignore_errors=True)


def keyword_folder(settings: Settings, generation_id: str = "") -> Path:
    """Where the keyword index of a generation is; without one, where all are."""
    return settings.data_dir / "keyword" / generation_id
