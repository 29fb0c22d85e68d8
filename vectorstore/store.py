"""The index: the generation in use, opened as snapshots that are searched, and tidied up behind."""

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from core import telemetry
from core.settings import Settings
from core.source import (
    DocumentInfo,
    MatchedQuestion,
    Passage,
    PreparedQuestion,
    Scope,
    ScoredPassage,
    Standing,
)
from vectorstore.chroma import store_folder
from vectorstore.embeddings import Embedder, Vectors, make_embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations, Pointer
from vectorstore.keyword_index import KeywordIndex, open_keyword, remove_old_keyword_indexes
from vectorstore.leftovers import Leftovers, LeftoversError, look
from vectorstore.manifest import DocumentEntry, method_of
from vectorstore.profile import Profile, profile_of
from vectorstore.search import Candidate, QuestionSearch, language_of

logger = logging.getLogger(__name__)

_LARGE = 2_000  # passages of a document, of which all are read to find those beside some; 0.3 s
_RESTS = 4  # at most, after a list's first passage: of a list only twelve items are shown

Translating = Callable[[Sequence[ScoredPassage]], Mapping[str, str]]


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
        profile: Callable[[], Profile],
    ) -> None:
        self.embedder = embedder
        self._generation = generation
        self._keyword = keyword
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

    def standings(self, scope: Scope = Scope()) -> Mapping[str, Standing]:
        """The standings, by key, of the documents that are not in force, or give way, on the day of
        a scope (`core.source.standings`)."""
        return self._generation.standings(scope.day)

    def passages(self, documents: Collection[str] | None = None) -> list[Passage]:
        """All passages, every language version, or those of documents with these keys."""
        return list(self._generation.all_passages(documents))

    def named(self, ids: Collection[str]) -> list[Passage]:
        """The passages with these ids; unknown ids are left out."""
        return self._generation.passages([*ids])

    def search(
        self,
        query: str,
        k: int = 6,
        language: str | None = None,
        *,
        scope: Scope = Scope(),
        about: Sequence[str] = (),
        translate: Translating | None = None,
        prepared: Sequence[MatchedQuestion] | None = None,
    ) -> list[ScoredPassage]:
        """The k best passages for a question, best first.

        Args:
            language: the question's (ISO 639-1). Of a document in several languages only the
                version in this language is used, else the English one, else the first.
            about: ids of passages; their documents are meant if the question names none.
            translate: gives the question in other languages (ISO 639-1), given what is found by it;
                passages in these are then found by it in their language.
            prepared: the prepared questions near it, if they are known already (`prepared`).
        """
        evidence = self.evidence(query, k, language, scope, about, prepared)
        found = [candidate.scored for candidate in evidence]
        if translate is not None and (translations := translate(found)):
            return self._by_each(found, translations, k, language or "", scope, about)
        return found

    def _by_each(
        self,
        found: Sequence[ScoredPassage],
        translations: Mapping[str, str],
        k: int,
        language: str,
        scope: Scope,
        about: Sequence[str],
    ) -> list[ScoredPassage]:
        """The best passages, each by the question in its own language: scores of languages are on
        one scale."""
        allowed = self._generation.versions(language, scope)
        each = [scored for scored in found if scored.passage.language not in translations]
        for spoken, question in translations.items():
            by_it = self.search(question, k, spoken, scope=scope, about=about)
            own = (scored for scored in by_it if scored.passage.language == spoken)
            each += (scored for scored in own if scored.passage.document.key in allowed)
        return sorted(each, key=lambda scored: (-scored.score, scored.passage.id))[:k]

    def languages_beside(self, language: str, scope: Scope = Scope()) -> tuple[str, ...]:
        """The other languages of the documents that are searched for a question in a language
        (ISO 639-1), that of most documents first."""
        spoken = Counter(map(language_of, self._generation.versions(language, scope)))
        others = (other for other in spoken if other != language)
        return tuple(sorted(others, key=lambda other: (-spoken[other], other)))

    def evidence(
        self,
        query: str,
        k: int,
        language: str | None = None,
        scope: Scope = Scope(),
        about: Sequence[str] = (),
        prepared: Sequence[MatchedQuestion] | None = None,
    ) -> list[Candidate]:
        """As `search`, with the ranking features."""
        if not query.strip():
            return []
        return self._search(query, language, scope).find(k, about, prepared)

    def _search(self, query: str, language: str | None, scope: Scope) -> QuestionSearch:
        given = query, language or "", self.embedder.query(query), scope
        return QuestionSearch(self._generation, self._keyword, self.profile, *given)

    def prepared(
        self, query: str, language: str | None = None, scope: Scope = Scope()
    ) -> tuple[MatchedQuestion, ...]:
        """The prepared questions near a question that ask the same as far as facts tell, nearest
        first; arguments as in `search`."""
        return self._search(query, language, scope).matches()

    def asked_nearby(
        self, query: str, language: str, count: int, scope: Scope = Scope()
    ) -> list[MatchedQuestion]:
        """The prepared questions nearest to a question in meaning, whatever they ask; arguments as
        in `search`."""
        return self._search(query, language, scope).near(count)

    def questions(self, documents: Collection[str]) -> Iterator[PreparedQuestion]:
        """All prepared questions of the documents with these keys; read in batches."""
        return self._generation.all_questions(documents)

    def trying(
        self, questions: Sequence[PreparedQuestion], instead_of: Collection[str] = ()
    ) -> "Snapshot":
        """The same as it would be with these prepared questions, in place of those with these ids
        or their own; nothing is stored. It is used as long as this one is."""
        vectors = self.embedder.queries([prepared.question for prepared in questions])
        generation = self._generation.trying(questions, vectors, instead_of)
        return Snapshot(generation, self._keyword, self.embedder, self._profile)

    def vectors(self, passages: Sequence[Passage]) -> list[Vectors]:
        """The vectors of the units of each of these passages, shape (units, width)."""
        return list(self._generation.units(passages))

    def similarities(self, query: str, passages: Sequence[Passage]) -> dict[str, tuple[float, ...]]:
        """Maps the id of each of these passages to the cosines of a question and its units."""
        vector, on_scale = self.profile.towards(self.embedder.query(query)), self.profile.on_scale
        return {
            passage.id: tuple(on_scale("unit", float(unit @ vector)) for unit in units)
            for passage, units in zip(passages, self._generation.units(passages), strict=True)
        }

    def cited(self, ids: Sequence[str], query: str, scope: Scope = Scope()) -> list[ScoredPassage]:
        """The passages with these ids, in that order, with their similarity to a question and their
        standing on the day of a scope; unknown ids are left out."""
        passages, standings = self._generation.passages(ids), self.standings(scope)
        cosines = self.similarities(query, passages)
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

    def list_continuations(
        self, passages: Sequence[Passage], query: str, scope: Scope = Scope()
    ) -> list[ScoredPassage]:
        """The passages that continue the last lists of these and are not among them, as `cited`
        gives them."""
        known = {passage.id for passage in passages}
        rests: list[str] = []
        for passage in passages:
            for _ in range(_RESTS):
                if not passage.continued_in or passage.continued_in in known:
                    break
                rests.append(passage.continued_in)
                known.add(passage.continued_in)
                (passage,) = self._generation.passages([passage.continued_in])
        return self.cited(rests, query, scope) if rests else []

    def beside(self, passages: Sequence[Passage]) -> Mapping[str, Sequence[str]]:
        """Maps the id of each of these passages to the ids of that before it and that after it in
        its document; of a document of more than 2,000 passages to nothing."""
        sizes = {entry.info.key: entry.passages for entry in self.entries()}
        keys = {passage.document.key for passage in passages}
        stored = self.passages([key for key in keys if sizes.get(key, 0) <= _LARGE])
        ordered = sorted(stored, key=lambda passage: (passage.document.key, passage.start))
        beside: dict[str, list[str]] = {}
        for before, after in itertools.pairwise(ordered):
            if before.document.key == after.document.key:
                beside.setdefault(before.id, []).append(after.id)
                beside.setdefault(after.id, []).append(before.id)
        return {passage.id: beside.get(passage.id, ()) for passage in passages}

    def knows(self, word: str) -> bool:
        """Whether a passage in any language has this word or a similar one."""
        return self._keyword.knows(word)


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
    """The generation in use, of which `snapshot` gives one state; safe to share between threads.

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
        self._lock = threading.Lock()
        self._measuring = threading.Lock()
        self._profile: Profile | None = None
        self._opened: tuple[Pointer, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """The generation in use, or the trial; opened anew when the pointer has moved. Raises
        StoreError: there is no trial any more."""
        generations, opened = self._generations, self._opened
        whole = generations.pointer()
        pointer = whole if self._trial else whole.published
        if opened is None or opened[0] != pointer:
            with self._lock:
                open_it = generations.trial if self._trial else generations.made_by
                generation = open_it(method_of(self.embedder))
                words = open_keyword(self._settings, generation)
                snapshot = Snapshot(generation, words, self.embedder, lambda: self.profile)
                self._opened = opened = pointer, snapshot
                if not self._trial:
                    entries = generation.manifest.documents
                    telemetry.index_in_use(generation.id, sum(entry.passages for entry in entries))
            if self._settings.chroma_url and pointer.kept and not self._trial:
                # Another host may have published, so nobody else tidies this one's folder. What is
                # newer than all that is kept may be under construction.
                kept = (*pointer.kept, snapshot.generation, whole.trial)
                remove_old_keyword_indexes(self._settings, kept, before=min(pointer.kept))
        return opened[1]

    @property
    def profile(self) -> Profile:
        """The embedder's profile; measured at the first use if need be."""
        with self._measuring:  # only one thread measures
            if self._profile is None:
                self._profile = profile_of(self.embedder, self._settings.data_dir / "embedders")
            return self._profile

    def documents(self) -> tuple[DocumentInfo, ...]:
        """All documents in use, every language version."""
        return self.snapshot().documents()


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
    """The leftovers of removed generations in the store's folder; None on a server. Raises as
    `look`."""
    return None if settings.chroma_url else look(store_folder(settings))
