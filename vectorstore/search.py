"""One search: vectors and words find candidates, one model ranks them.

    question -> query vector -> nearest passages  \\
                             -> nearest units     -> allowed ones -> a first look: words, best unit
             -> words        -> keyword matches   /   -> the first 12: all their units -> best k

What they are ranked by is told in vectorstore/ranking.py.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.types import Passage, Scope, ScoredPassage, Standing
from vectorstore import ranking
from vectorstore.embeddings import Vectors
from vectorstore.generations import Generation, unit_ids
from vectorstore.keyword import KeywordIndex
from vectorstore.ranking import Features
from vectorstore.segments import document_key

_CANDIDATES = 60  # passages taken from each list before filtering
_UNITS_PER_PASSAGE = 4
# What a document that is not in force loses: it must be 20 times (e^3) as likely to come first, so
# it is only found for what the text that took its place does not say.
_STEP_BACK = 3.0

Shares = Mapping[str, tuple[float, float]]  # passage id -> (words, letters)


@dataclass(frozen=True)
class Evidence:
    """A passage found, and what it is ranked by; `features` as in vectorstore/ranking.py."""

    scored: ScoredPassage
    features: Features


def find(
    generation: Generation,
    keyword: KeywordIndex,
    query: str,
    vector: Vectors,
    *,
    k: int,
    language: str,
    scope: Scope,
) -> list[Evidence]:
    """The k best passages, best first; arguments as in `Index.search`, `vector` is the query's."""
    allowed = generation.versions(language, scope)
    if not allowed:
        return []
    total, total_units = generation.manifest.passages, generation.manifest.units
    wanted, count = max(k, ranking.LOOK), max(k, _CANDIDATES)
    enough = min(wanted, sum(allowed.values()))
    while True:
        similar = _filtered(generation.nearest_passages(vector, min(count, total)), allowed)
        by_unit = generation.nearest_units(vector, min(count * _UNITS_PER_PASSAGE, total_units))
        units = _filtered(_best_per_passage(by_unit), allowed)
        words = _filtered(keyword.nearest(query, language, count), allowed)
        if len(similar) >= enough or count >= total:
            break
        count *= 4  # the filters left too few: look further
    names = list(dict.fromkeys((*units, *similar, *words)))
    shares = keyword.shares(query, language, names)
    farthest = by_unit[-1][1]  # a unit that was not found is at most this near
    standings = generation.standings(scope.as_of or datetime.datetime.now(datetime.UTC).date())
    first_look = {
        name: ranking.score(_features(name, shares, units.get(name, farthest)))
        - _STEP_BACK * (document_key(name) in standings)
        for name in names
    }
    likely = sorted(names, key=lambda name: (-first_look[name], name))[:wanted]
    return _ranked(generation, likely, shares, vector, standings)[:k]


def similarities(
    generation: Generation, vector: Vectors, passages: Sequence[Passage]
) -> dict[str, tuple[float, ...]]:
    """Passage id -> the cosines of a vector and each of its units, if the generation has them."""
    stored = generation.unit_vectors([name for passage in passages for name in unit_ids(passage)])
    return {
        passage.id: tuple(float(stored[name] @ vector) for name in unit_ids(passage))
        for passage in passages
        if all(name in stored for name in unit_ids(passage))
    }


def _ranked(
    generation: Generation,
    likely: Sequence[str],
    shares: Shares,
    vector: Vectors,
    standings: Mapping[str, Standing],
) -> list[Evidence]:
    """The likely passages ranked by all their units; those after the first `LOOK` stay behind."""
    passages = generation.passages(likely)
    of_unit = generation.unit_vectors([name for p in passages for name in unit_ids(p)])
    units = [np.stack([of_unit[name] for name in unit_ids(p)]) for p in passages]
    found = []
    for passage, vectors, fit in zip(
        passages, units, ranking.passage_fits(vector, units), strict=True
    ):
        cosines = vectors @ vector
        mean = vectors.mean(axis=0)
        features = {**_features(passage.id, shares, float(cosines.max())), "passage": fit}
        standing = standings.get(passage.document.key, "in_force")
        scored = ScoredPassage(
            passage=passage,
            score=ranking.score(features) - _STEP_BACK * (standing != "in_force"),
            similarity=float(mean @ vector / np.linalg.norm(mean)),
            unit_similarities=tuple(float(cosine) for cosine in cosines),
            standing=standing,
        )
        found.append(Evidence(scored, features))
    first = _best_first(found[: ranking.LOOK])
    return [*first, *(_behind(first[-1], one) for one in _best_first(found[ranking.LOOK :]))]


def _best_first(found: Iterable[Evidence]) -> list[Evidence]:
    return sorted(found, key=lambda one: (-one.scored.score, one.scored.passage.id))


def _behind(last: Evidence, one: Evidence) -> Evidence:
    """The same evidence, with a score that is no higher than the last one's."""
    score = min(one.scored.score, last.scored.score)
    return replace(one, scored=one.scored.model_copy(update={"score": score}))


def _features(name: str, shares: Shares, unit: float) -> dict[str, float]:
    words, letters = shares.get(name, (0.0, 0.0))
    return {"words": words, "letters": letters, "unit": unit}


def _filtered(hits: Iterable[tuple[str, float]], allowed: Collection[str]) -> dict[str, float]:
    return {name: score for name, score in hits if document_key(name) in allowed}


def _best_per_passage(unit_hits: Iterable[tuple[str, float]]) -> Iterable[tuple[str, float]]:
    best: dict[str, float] = {}
    for name, similarity in unit_hits:  # best first
        best.setdefault(name.partition("#")[0], similarity)
    return best.items()
