"""Finds the passages to answer from.

a question -> retrieved;  "summarise X" -> the beginning of document X
a task     -> the passages that the last answer cites
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from langchain_core.runnables import RunnableLambda

from chain.request import Query
from chain.understanding.meaning import Interpretation
from core.source import MatchedQuestion, Scope, ScoredPassage
from vectorstore.search import language_of
from vectorstore.store import Snapshot

FOUND = 24
"""Passages that are looked for where a language model answers."""
GIVEN = 36
"""Passages that it is given with those beside them, as many as its context takes
(docs/decisions/0007)."""

_LOOK = 50  # passages retrieved of a document; with fewer its beginning may not be among them
_MOST_LANGUAGES = 3  # into which a question is translated; each costs a search

Translate = Callable[[str, Sequence[str]], Mapping[str, str]]
"""Gives a question in other languages; of none where that fails."""


@dataclass(frozen=True)
class Found:
    """What was found for a question."""

    passages: tuple[ScoredPassage, ...]  # best first
    # The question in the other languages that were searched, by language.
    translations: Mapping[str, str] = field(default_factory=dict)
    prepared: tuple[MatchedQuestion, ...] = ()  # prepared questions near it, nearest first


def retrieve(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    results: int,
    *,
    for_model: bool,
    translate: Translate | None = None,
) -> Found:
    """The passages: the `results` best, best first; and for a model more, as many as it is given,
    with what stands beside those found. `translate` is for documents in other languages than the
    question's."""
    wanted = max(results, FOUND)
    if meaning.last:
        cited = tuple(index.cited(meaning.last.cited, meaning.question, query.scope))
        if cited or not meaning.brief:
            return Found(cited)
    if meaning.document:
        return Found(_beginning(index, query, meaning.document, wanted))

    translations: dict[str, str] = {}

    def translated(found: Sequence[ScoredPassage]) -> Mapping[str, str]:
        """The question in other languages; in none where passages in its own are well ahead."""
        others = other_languages(index, query)
        ahead = _lead(found, query.language)
        if translate and others and ahead < index.profile.amounts.ranking.own_language:
            translations.update(translate(meaning.question, others))
        return translations

    prepared = index.prepared(meaning.question, query.language, query.scope)

    def search(question: str) -> list[ScoredPassage]:
        return index.search(
            question,
            wanted,
            query.language,
            scope=query.scope,
            about=meaning.about,
            translate=translated if translate else None,
            prepared=prepared,
        )

    traced = RunnableLambda(search).with_config(run_name="search")
    passages = tuple(traced.invoke(meaning.question, query.config))
    if for_model:
        questions = {query.language: meaning.question, **translations}
        passages = with_surroundings(index, passages, questions, results, query.scope)
    return Found(passages, translations, () if meaning.is_given else prepared)


def other_languages(index: Snapshot, query: Query) -> tuple[str, ...]:
    """The languages into which a question is translated for a search."""
    return index.languages_beside(query.language, query.scope)[:_MOST_LANGUAGES]


def _lead(found: Sequence[ScoredPassage], language: str) -> float:
    """By how much (log-odds) the best passage in this language is ahead of others."""
    own = [scored.score for scored in found if scored.passage.language == language]
    others = (scored.score for scored in found if scored.passage.language != language)
    return max(own) - max(others, default=-math.inf) if own else -math.inf


def with_surroundings(
    index: Snapshot,
    found: Sequence[ScoredPassage],
    questions: Mapping[str, str],
    first: int,
    scope: Scope = Scope(),
) -> tuple[ScoredPassage, ...]:
    """Passages for a model: the `first` of those found, what stands beside these, the others found
    and what stands beside them; `GIVEN` in all, and more where more were found. `questions` are the
    question and its translations, by their languages; standings are of the day of the `scope`."""
    beside = index.beside([scored.passage for scored in found])
    names: list[str] = []
    for group in (found[:first], found[first:]):
        own = [scored.passage.id for scored in group]
        names += [*own, *itertools.chain.from_iterable(beside[name] for name in own)]
    names = list(dict.fromkeys(names))[: max(len(found), GIVEN)]
    known = {scored.passage.id: scored for scored in found}
    original, *_ = questions.values()
    lacking: dict[str, list[str]] = {}
    for name in names:
        if name not in known:
            lacking.setdefault(questions.get(language_of(name), original), []).append(name)
    for question, missing in lacking.items():
        cited = index.cited(missing, question, scope)
        known |= {scored.passage.id: scored for scored in cited}
    return tuple(known[name] for name in names if name in known)


def retrieve_more(
    index: Snapshot,
    query: Query,
    queries: Sequence[str],
    known: Sequence[ScoredPassage],
    results: int,
) -> tuple[ScoredPassage, ...]:
    """The best passages for each of several queries that are not known, the best of each first."""
    found = [index.search(text, results, query.language, scope=query.scope) for text in queries]
    ordered = itertools.chain.from_iterable(itertools.zip_longest(*found))
    before = {scored.passage.id for scored in known}
    new = {
        scored.passage.id: scored
        for scored in ordered
        if scored and scored.passage.id not in before
    }
    return tuple(new.values())


def _beginning(
    index: Snapshot, query: Query, document: str, results: int
) -> tuple[ScoredPassage, ...]:
    """The first passages of a document, among those that its title retrieves."""
    only = query.scope.model_copy(update={"documents": (document,)})
    title = next(info.title for info in index.documents() if info.id == document)
    found = index.search(title, _LOOK, query.language, scope=only)
    return tuple(sorted(found, key=lambda scored: scored.passage.start)[:results])
