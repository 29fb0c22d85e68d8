"""Finds the passages to answer from.

a question -> retrieved;  "summarise X" -> the beginning of document X
a task     -> the passages that the last answer cites
"""

import itertools
from collections.abc import Sequence

from langchain_core.runnables import RunnableLambda

from chain.request import Query
from chain.understanding.meaning import Interpretation
from core.source import ScoredPassage
from vectorstore.store import Snapshot

FOUND = 24
"""Passages that are looked for where a language model answers."""
GIVEN = 36
"""Passages that it is given with those beside them, as many as its context takes
(docs/decisions/0007)."""

_LOOK = 50  # passages retrieved of a document; with fewer its beginning may not be among them


def retrieve(
    index: Snapshot, query: Query, meaning: Interpretation, results: int, *, for_model: bool
) -> tuple[ScoredPassage, ...]:
    """The passages: the `results` best, best first; and for a model more, as many as it is given,
    with what stands beside those found."""
    wanted = max(results, FOUND)
    if meaning.last:
        cited = tuple(index.cited(meaning.last.cited, meaning.question))
        if cited or not meaning.brief:
            return cited
    if meaning.document:
        return _beginning(index, query, meaning.document, wanted)

    def search(question: str) -> list[ScoredPassage]:
        return index.search(
            question, wanted, query.language, scope=query.scope, about=meaning.about
        )

    found = (
        RunnableLambda(search).with_config(run_name="search").invoke(meaning.question, query.config)
    )
    return with_surroundings(index, found, meaning.question, results) if for_model else tuple(found)


def with_surroundings(
    index: Snapshot, found: Sequence[ScoredPassage], question: str, first: int
) -> tuple[ScoredPassage, ...]:
    """Passages for a model: the `first` of those found, what stands beside these, the others found
    and what stands beside them; `GIVEN` in all, and more where more were found."""
    beside = index.beside([one.passage for one in found])
    names: list[str] = []
    for some in (found[:first], found[first:]):
        names += [one.passage.id for one in some]
        names += [name for one in some for name in beside[one.passage.id]]
    names = list(dict.fromkeys(names))[: max(len(found), GIVEN)]
    known = {one.passage.id: one for one in found}
    around = index.cited([name for name in names if name not in known], question)
    known |= {one.passage.id: one for one in around}
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
