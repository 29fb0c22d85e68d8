"""The generation in use, opened for searching; vectorstore/search.py does the search."""

import datetime
import logging
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from core.settings import Settings
from core.types import DocumentInfo, Passage, Scope, ScoredPassage, Standing
from vectorstore.chroma import GenerationGone
from vectorstore.embeddings import Embedder, make_embedder
from vectorstore.generations import Generation, Generations, store_folder
from vectorstore.keyword import KeywordIndex
from vectorstore.leftovers import Leftovers, LeftoversError, look
from vectorstore.manifest import DocumentEntry, Pointer, method_of
from vectorstore.profile import Profile, profile_of
from vectorstore.rerank import DEPTH, Reranker, make_reranker
from vectorstore.search import Evidence, find, similarities

logger = logging.getLogger(__name__)

_RESTS = 4  # at most, after the first passage of a list

_T = TypeVar("_T")


def open_index(settings: Settings, *, trial: bool = False) -> "Index":
    """The index in use, or the trial.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: it was made by another embedder.
        StoreError: the store cannot be used, or there is no trial.
    """
    index = Index(settings, Generations(settings), make_embedder(settings), trial=trial)
    index.documents()
    return index


class Snapshot:
    """One generation opened for searching, so that several queries see the same state.

    Its methods raise `GenerationGone` once the generation is removed, which is when
    `keep_generations` others were published after it.
    """

    def __init__(
        self,
        generation: Generation,
        keyword: KeywordIndex,
        embedder: Embedder,
        reranker: Reranker | None,
        profile: Callable[[], Profile],
    ) -> None:
        self.embedder = embedder
        self._generation = generation
        self._keyword = keyword
        self._reranker = reranker
        self._profile = profile

    @property
    def generation(self) -> str:
        """Its id."""
        return self._generation.id

    @property
    def profile(self) -> Profile:
        """The profile of the embedder that its cosines are of."""
        return self._profile()

    @property
    def created(self) -> str:
        """When it was made (UTC, ISO 8601)."""
        return self._generation.manifest.created

    def documents(self) -> tuple[DocumentInfo, ...]:
        """All its documents, every language version."""
        return tuple(entry.info for entry in self._generation.manifest.documents)

    def entries(self) -> tuple[DocumentEntry, ...]:
        """The manifest entries of `documents`."""
        return self._generation.manifest.documents

    def standings(self) -> Mapping[str, Standing]:
        """The standings, by key, of the documents that give way to others today
        (`core.versions.standings`)."""
        return self._generation.standings(datetime.datetime.now(datetime.UTC).date())

    def passages(self, documents: Collection[str] | None = None) -> list[Passage]:
        """All passages, every language version, or those of documents with these keys."""
        return list(self._generation.all_passages(documents))

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
            rerank: whether to use the reranker, if there is one.
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
        """As `search` without reranking, with the ranking features."""
        if not query.strip():
            return []
        return find(
            self._generation,
            self._keyword,
            query,
            self.embedder.query(query),
            k=k,
            language=language or "",
            scope=scope,
            profile=self.profile,
        )

    def similarities(self, query: str, passages: Sequence[Passage]) -> dict[str, tuple[float, ...]]:
        """Maps the id of each passage to the cosines of a question and its units.

        Unknown passages are left out.
        """
        return similarities(self._generation, self.embedder.query(query), passages, self.profile)

    def cited(self, ids: Sequence[str], query: str) -> list[ScoredPassage]:
        """The passages with these ids, in that order, with their similarity to a question; unknown
        ids are left out."""
        generation, standings = self._generation, self.standings()
        passages = generation.passages(ids)
        cosines = similarities(generation, self.embedder.query(query), passages, self.profile)
        return [
            ScoredPassage(
                passage=passage,
                score=0.0,  # not from a search
                similarity=max(cosines[passage.id]),
                unit_similarities=cosines[passage.id],
                standing=standings.get(passage.document.key, "in_force"),
            )
            for passage in passages
        ]

    def rests(self, passages: Sequence[Passage], query: str) -> list[ScoredPassage]:
        """The passages that continue the last lists of these and are not among them, with their
        similarity to a question."""
        known = {passage.id for passage in passages}
        rests: list[str] = []
        for passage in passages:
            for _ in range(_RESTS):
                if not passage.continued_in or passage.continued_in in known:
                    break
                rests.append(passage.continued_in)
                known.add(passage.continued_in)
                (passage,) = self._generation.passages([passage.continued_in])
        return self.cited(rests, query) if rests else []

    def knows(self, word: str) -> bool:
        """Whether a passage in any language has this word or a similar one."""
        return self._keyword.knows(word)

    def has(self, word: str) -> bool:
        """Whether a passage in any language has this word, also inside a longer one."""
        return self._keyword.has(word)

    def alike(self, word: str, count: int = 20) -> list[Passage]:
        """Passages in any language with a word that is spelt almost like this one."""
        return self._generation.passages(self._keyword.alike(word, count))


class Index:
    """The generation in use; safe to share between threads.

    For several answers on one state, take a `snapshot`. The other methods take one each, and try
    once more if the generation was removed meanwhile.

    With `trial` it is the trial, for as long as there is one.
    """

    def __init__(
        self,
        settings: Settings,
        generations: Generations,
        embedder: Embedder,
        *,
        trial: bool = False,
    ) -> None:
        self.embedder = embedder
        self._trial = trial
        self._generations = generations
        self._settings = settings
        self._reranker = make_reranker(settings)
        self._lock = threading.Lock()
        self._measuring = threading.Lock()
        self._profile: Profile | None = None
        self._opened: tuple[Pointer, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """The generation in use; opened anew when the pointer has moved.

        Raises:
            StoreError: the trial has ended.
        """
        pointer, opened = self._generations.pointer(), self._opened
        if not self._trial:
            pointer = pointer.published
        if opened is None or opened[0] != pointer:
            with self._lock:
                generations = self._generations
                find_it = generations.trial if self._trial else generations.made_by
                generation = find_it(method_of(self.embedder))
                words = open_keyword(self._settings, generation)
                snapshot = Snapshot(
                    generation, words, self.embedder, self._reranker, lambda: self.profile
                )
                self._opened = opened = pointer, snapshot
        return opened[1]

    @property
    def profile(self) -> Profile:
        """The embedder's profile; measured at the first use if need be."""
        with self._measuring:  # only one thread measures
            if self._profile is None:
                self._profile = profile_of(self.embedder, self._settings.data_dir / "embedders")
            return self._profile

    @property
    def generation(self) -> str:
        """The id of the generation in use."""
        return self.snapshot().generation

    def documents(self) -> tuple[DocumentInfo, ...]:
        """All documents in use, every language version."""
        return self.snapshot().documents()

    def passages(self, documents: Collection[str] | None = None) -> list[Passage]:
        """All passages in use, as `Snapshot.passages`."""
        return self._asked(lambda now: now.passages(documents))

    def search(
        self,
        query: str,
        k: int = 6,
        language: str | None = None,
        areas: Collection[str] | None = None,
        *,
        scope: Scope = Scope(),
    ) -> list[ScoredPassage]:
        """As `Snapshot.search`."""
        return self._asked(lambda now: now.search(query, k, language, areas, scope=scope))

    def evidence(
        self, query: str, k: int, language: str | None = None, scope: Scope = Scope()
    ) -> list[Evidence]:
        """As `Snapshot.evidence`."""
        return self._asked(lambda now: now.evidence(query, k, language, scope))

    def _asked(self, question: Callable[[Snapshot], _T]) -> _T:
        try:
            return question(self.snapshot())
        except GenerationGone:  # removed since the pointer was read
            return question(self.snapshot())


def open_keyword(settings: Settings, generation: Generation) -> KeywordIndex:
    """The keyword index of a generation, built from Chroma if it is missing or out of date."""
    place = keyword_folder(settings, generation.id)
    try:
        return KeywordIndex(place)
    except ValueError:
        return KeywordIndex.build(place, generation.all_passages())


def carry_keyword(
    settings: Settings, old: Generation, new: Generation, fresh: Iterable[Passage]
) -> None:
    """Makes the keyword index of a generation from that of the one before, all of whose passages it
    has.

    Does nothing if there is none: `open_keyword` then builds it from all passages.

    Args:
        settings: where the indexes are.
        old: the generation before.
        new: the generation that is being built.
        fresh: the passages that are added.
    """
    base = keyword_folder(settings, old.id)
    try:
        KeywordIndex(base)
    except ValueError:
        return
    KeywordIndex.build(keyword_folder(settings, new.id), fresh, base)


def tidy(settings: Settings, generations: Generations) -> None:
    """Removes what neither a kept generation nor the trial uses, from the store, its folder and the
    keyword indexes."""
    generations.remove_unpublished()
    pointer = generations.pointer()
    remove_old_keyword_indexes(settings, (*pointer.kept, pointer.trial))
    try:
        if leftovers(settings):
            look(store_folder(settings), remove=True)
    except LeftoversError as error:  # it does no harm: the next run tries again
        logger.warning("What removed generations left behind is still there: %s", error)


def leftovers(settings: Settings) -> Leftovers | None:
    """The leftovers of removed generations in the store's folder; None on a server.

    Raises:
        LeftoversError: they could not be counted.
    """
    return None if settings.chroma_url else look(store_folder(settings))


def remove_old_keyword_indexes(settings: Settings, kept: Collection[str]) -> None:
    """Removes the keyword indexes of generations that are not kept."""
    for place in keyword_folder(settings).glob("*"):
        if place.name.partition(".")[0] not in kept:  # a name with a dot is an index being built
            shutil.rmtree(place, ignore_errors=True)


def keyword_folder(settings: Settings, generation_id: str = "") -> Path:
    """The folder of a generation's keyword index; without an id, the folder of all."""
    return settings.data_dir / "keyword" / generation_id
