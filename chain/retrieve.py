"""Finds the passages to answer from.

a question -> retrieved;  "summarise X" -> the beginning of document X
a task     -> the passages that the last answer cites
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.runnables import RunnableLambda

from chain.request import Query
from chain.understanding.meaning import Interpretation
from core.source import Scope, ScoredPassage
from vectorstore.search import language_of
from vectorstore.segments import document_key
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
    """Passages, best first, and the translations that they were searched by as well."""

    passages: tuple[ScoredPassage, ...]
    translations: Mapping[str, str] = field(default_factory=dict)


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
    with what stands beside those found.

    Args:
        translate: for documents in other languages than the question's.
    """
    wanted = max(results, FOUND)
    if meaning.last:
        cited = tuple(index.cited(meaning.last.cited, meaning.question, query.scope))
        if cited or not meaning.brief:
            return Found(cited)
    if meaning.document:
        return Found(_beginning(index, query, meaning.document, wanted))

    said: dict[str, str] = {}

    def translated(found: Sequence[ScoredPassage]) -> Mapping[str, str]:
        """The question in other languages; in none where passages in its own are well ahead."""
        others = other_languages(index, query)
        ahead = lead(found, query.language)
        if translate and others and ahead < index.profile.amounts.ranking.own_language:
            said.update(translate(meaning.question, others))
        return said

    def search(question: str) -> list[ScoredPassage]:
        return index.search(
            question,
            wanted,
            query.language,
            scope=query.scope,
            about=meaning.about,
            translate=translated if translate else None,
        )

    made = RunnableLambda(search).with_config(run_name="search")
    found = Found(tuple(made.invoke(meaning.question, query.config)), said)
    if not for_model:
        return found
    asked = {query.language: meaning.question, **found.translations}
    passages = with_surroundings(index, found.passages, asked, results, query.scope)
    return replace(found, passages=passages)


def other_languages(index: Snapshot, query: Query) -> tuple[str, ...]:
    """The languages into which a question is translated for a search."""
    return index.languages_beside(query.language, query.scope)[:_MOST_LANGUAGES]


def lead(found: Sequence[ScoredPassage], language: str) -> float:
    """By how much the best passage in the question's language (ISO 639-1) is ahead of the best in
    another, in log-odds."""
    own = max((one.score for one in found if one.passage.language == language), default=-math.inf)
    other = (one.score for one in found if one.passage.language != language)
    return own - max(other, default=-math.inf) if own > -math.inf else own


def with_surroundings(
    index: Snapshot,
    found: Sequence[ScoredPassage],
    asked: Mapping[str, str],
    first: int,
    scope: Scope = Scope(),
) -> tuple[ScoredPassage, ...]:
    """Passages for a model: the `first` of those found, what stands beside these, the others found
    and what stands beside them; `GIVEN` in all, and more where more were found.

    Args:
        asked: the question, and its translations by their languages.
        scope: of the search, whose day standings are of.
    """
    beside = index.beside([one.passage for one in found])
    names: list[str] = []
    for some in (found[:first], found[first:]):
        names += [one.passage.id for one in some]
        names += [name for one in some for name in beside[one.passage.id]]
    names = list(dict.fromkeys(names))[: max(len(found), GIVEN)]
    known = {one.passage.id: one for one in found}
    own, *_ = asked.values()
    lacking: dict[str, list[str]] = {}
    for name in names:
        if name not in known:
            question = asked.get(language_of(document_key(name)), own)
            lacking.setdefault(question, []).append(name)
    for question, some_names in lacking.items():
        known |= {one.passage.id: one for one in index.cited(some_names, question, scope)}
    return tuple(known[name] for name in names if name in known)


def retrieve_more(
    index: Snapshot,
    query: Query,
    queries: Sequence[str],
    known: Sequence[ScoredPassage],
    results: int,
) -> tuple[ScoredPassage, ...]:
    """The best passages for each of several queries that are not known, the best of each first."""
    found = [index.search(one, results, query.language, scope=query.scope) for one in queries]
    ordered = itertools.chain.from_iterable(itertools.zip_longest(*found))
    before = {one.passage.id for one in known}
    new = {one.passage.id: one for one in ordered if one and one.passage.id not in before}
    return tuple(new.values())


def _beginning(
    index: Snapshot, query: Query, document: str, results: int
) -> tuple[ScoredPassage, ...]:
    """The first passages of a document, among those that its title retrieves."""
    only = query.scope.model_copy(update={"documents": (document,)})
    titles = [one.title for one in index.documents() if one.id == document]
    found = index.search(titles[0], _LOOK, query.language, scope=only, rerank=False)
    return tuple(sorted(found, key=lambda one: one.passage.start)[:results])
