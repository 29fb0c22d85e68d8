"""One generation opened for searching; vectorstore/search.py does the search."""

import datetime
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from core.source import (
    DocumentInfo,
    MatchedQuestion,
    Passage,
    PreparedQuestion,
    Scope,
    ScoredPassage,
    Standing,
)
from vectorstore.embeddings import Embedder
from vectorstore.generation import Generation
from vectorstore.keyword_index import KeywordIndex
from vectorstore.manifest import DocumentEntry
from vectorstore.profile import Profile
from vectorstore.rerank import DEPTH, Reranker
from vectorstore.search import Candidate, find, matches, near

_LARGE = 2_000  # passages of a document, of which all are read to find those beside some; 0.3 s
_RESTS = 4  # at most, after a list's first passage: of a list only twelve items are shown


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
        (`core.source.standings`)."""
        return self._generation.standings(datetime.datetime.now(datetime.UTC).date())

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
        rerank: bool = True,
    ) -> list[ScoredPassage]:
        """The k best passages for a question, best first.

        Args:
            query: the question.
            k: how many passages.
            language: the question's language (ISO 639-1). Of a document in several languages only
                the version in this language is used, else the English one, else the first.
            scope: what the search is limited to.
            about: ids of passages; their documents are meant if the question names none.
            rerank: whether to use the reranker, if there is one.
        """
        reranker = self._reranker if rerank else None
        wanted = k if reranker is None else max(k, DEPTH)
        found = [one.scored for one in self.evidence(query, wanted, language, scope, about)]
        if reranker is not None:
            found = reranker.reorder(query, found)
        return found[:k]

    def evidence(
        self,
        query: str,
        k: int,
        language: str | None = None,
        scope: Scope = Scope(),
        about: Sequence[str] = (),
    ) -> list[Candidate]:
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
            about=about,
            profile=self.profile,
        )

    def prepared(
        self, query: str, language: str | None = None, scope: Scope = Scope()
    ) -> tuple[MatchedQuestion, ...]:
        """The prepared questions near a question that ask the same as far as facts tell, nearest
        first; arguments as in `search`."""
        allowed = self._generation.versions(language or "", scope)
        vector = self.embedder.query(query)
        return matches(self._generation, query, language or "", vector, allowed, self.profile)

    def asked_nearby(
        self, query: str, language: str, count: int, scope: Scope = Scope()
    ) -> list[MatchedQuestion]:
        """The prepared questions nearest to a question in meaning, whatever they ask; arguments as
        in `search`."""
        allowed = self._generation.versions(language, scope)
        vector = self.embedder.query(query)
        return near(self._generation, vector, allowed, self.profile, count)

    def questions(self, documents: Collection[str]) -> Iterator[PreparedQuestion]:
        """All prepared questions of the documents with these keys; read in batches."""
        return self._generation.all_questions(documents)

    def similarities(self, query: str, passages: Sequence[Passage]) -> dict[str, tuple[float, ...]]:
        """Maps the id of each of these passages to the cosines of a question and its units."""
        vector, on_scale = self.embedder.query(query), self.profile.on_scale
        return {
            passage.id: tuple(on_scale("unit", float(unit @ vector)) for unit in units)
            for passage, units in zip(passages, self._generation.units(passages), strict=True)
        }

    def cited(self, ids: Sequence[str], query: str) -> list[ScoredPassage]:
        """The passages with these ids, in that order, with their similarity to a question; unknown
        ids are left out."""
        passages, standings = self._generation.passages(ids), self.standings()
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

    def beside(self, passages: Sequence[Passage]) -> Mapping[str, Sequence[str]]:
        """Maps the id of each of these passages to the ids of that before it and that after it in
        its document; of a document of more than 2,000 passages to nothing."""
        sizes = {entry.info.key: entry.passages for entry in self.entries()}
        keys = {one.document.key for one in passages}
        stored = self.passages([key for key in keys if sizes.get(key, 0) <= _LARGE])
        ordered = sorted(stored, key=lambda one: (one.document.key, one.start))
        beside: dict[str, list[str]] = {}
        for before, after in itertools.pairwise(ordered):
            if before.document.key == after.document.key:
                beside.setdefault(before.id, []).append(after.id)
                beside.setdefault(after.id, []).append(before.id)
        return {one.id: beside.get(one.id, ()) for one in passages}

    def knows(self, word: str) -> bool:
        """Whether a passage in any language has this word or a similar one."""
        return self._keyword.knows(word)

    def has(self, word: str) -> bool:
        """Whether a passage in any language has this word, also inside a longer one."""
        return self._keyword.has(word)

    def alike(self, word: str, count: int = 20) -> list[Passage]:
        """Passages in any language with a word that is spelt almost like this one."""
        return self._generation.passages(self._keyword.alike(word, count))
