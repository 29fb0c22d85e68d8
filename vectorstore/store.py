"""The generation in use: opened for readers, and tidied up behind."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from core import telemetry
from core.settings import Settings
from core.source import DocumentInfo, Passage, Scope, ScoredPassage
from vectorstore.chroma import GenerationGone, store_folder
from vectorstore.embeddings import Embedder, make_embedder
from vectorstore.generations import Generations, Pointer
from vectorstore.keyword_files import open_keyword, remove_old_keyword_indexes
from vectorstore.leftovers import Leftovers, LeftoversError, look
from vectorstore.manifest import method_of
from vectorstore.profile import Profile, profile_of
from vectorstore.rerank import make_reranker
from vectorstore.snapshot import Snapshot

logger = logging.getLogger(__name__)

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
                if not self._trial:
                    entries = generation.manifest.documents
                    telemetry.index_in_use(generation.id, sum(one.passages for one in entries))
            if self._settings.chroma_url and not self._trial and pointer.kept:
                # Another host may have published, so nobody else tidies this one's folder. What is
                # newer than all that is kept may be under construction.
                kept = (*pointer.kept, self._generations.pointer().trial, snapshot.generation)
                remove_old_keyword_indexes(self._settings, kept, before=min(pointer.kept))
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
        *,
        scope: Scope = Scope(),
        about: Sequence[str] = (),
    ) -> list[ScoredPassage]:
        """As `Snapshot.search`."""
        return self._asked(lambda now: now.search(query, k, language, scope=scope, about=about))

    def _asked(self, question: Callable[[Snapshot], _T]) -> _T:
        try:
            return question(self.snapshot())
        except GenerationGone:  # removed since the pointer was read
            return question(self.snapshot())


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
