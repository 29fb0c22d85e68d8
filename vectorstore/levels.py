"""Language levels: how near any text of a language is to a question, whatever its topic.

A question has more words, letters and meaning in common with texts in its own language than with
others, and more with a related language than with a far one. So when documents in several languages
are searched, a passage is ranked by how much it exceeds the level of its language: the mean of a
cohort of passages in it, as in speaker verification (Auckenthaler et al. 2000).
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np

from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation, Stack
from vectorstore.keyword_index import KeywordIndex
from vectorstore.profile import Profile

_T = TypeVar("_T")

_COHORT = 200  # passages of a language, with which each question is compared: docs/decisions/0004
_FEW = 10  # a cohort of this size counts half: n / (n + _FEW); few passages tell little


class Level(NamedTuple):
    """A language's mean of three features of vectorstore/ranking.py, minus the mean of all
    languages."""

    words: float = 0.0
    letters: float = 0.0
    unit: float = 0.0


NONE = Level()


def language_of(document: str) -> str:
    """The language in a document key."""
    return document.rpartition(".")[2]


def levels(
    generation: Generation,
    keyword: KeywordIndex,
    query: str,
    language: str,
    vector: Vectors,
    documents: Collection[str],
    profile: Profile,
) -> Mapping[str, Level]:
    """The level of each language of the documents (keys); empty when they are in one language.

    Args:
        query, language, vector: the question, its language and its vector.
    """
    spoken = sorted({language_of(document) for document in documents})
    if len(spoken) < 2:
        return {}
    found, sizes = [], []
    for one in spoken:
        cohort = _cohort(generation, one)
        shares = keyword.shares(query, language, cohort.names)
        words, letters = np.mean([shares.get(name, (0.0, 0.0)) for name in cohort.names], axis=0)
        unit = float(cohort.best(vector).mean())
        found.append((words, letters, profile.on_scale("unit", unit)))
        sizes.append(len(cohort.names))
    above = np.array(found) - np.mean(found, axis=0)
    above *= (np.array(sizes) / (np.array(sizes) + _FEW))[:, None]
    return {one: Level(*map(float, of)) for one, of in zip(spoken, above, strict=True)}


@lru_cache(maxsize=24)
def _cohort(generation: Generation, language: str) -> Stack:
    """Passages of a language, evenly spread over its documents."""
    keys = sorted(entry.info.key for entry in generation.manifest.documents)
    chosen = _spread([key for key in keys if language_of(key) == language], _COHORT)
    return generation.stacked(_spread(list(generation.all_passages(chosen)), _COHORT))


def _spread(values: Sequence[_T], count: int) -> list[_T]:
    """At most `count` of the values, evenly spaced."""
    places = np.linspace(0, len(values) - 1, min(count, len(values)))
    return [values[place] for place in places.round().astype(int)]
