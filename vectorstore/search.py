"""Search in a generation: by vectors and words, fused; prepared questions; language levels."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from core.prepared import MatchedQuestion
from core.source import STEPS_BACK, Scope, ScoredPassage, Standing
from language.acts import named
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation
from vectorstore.keyword_index import KeywordIndex
from vectorstore.prepared_matches import closest, matches
from vectorstore.profile import LOOK, Profile, RankingAmounts, mean_cosine, passage_fits
from vectorstore.segments import document_key

RANKING_FEATURES = ("words", "letters", "unit", "passage", "across", "asked")
Features = Mapping[str, float]
_FEW_IN_COHORT = 10  # a cohort of this size counts half: n / (n + _FEW); few passages tell little
_CANDIDATES = 60  # passages taken from each list before filtering: docs/decisions/0004
_UNITS_PER_PASSAGE = 4  # unit hits for each passage wanted: a passage has about five units
_MORE = 2  # candidates for each passage to rank, as recitals lose places
_LANGUAGES = 4  # more languages do not widen the search further: each costs its time again
# A scope with at most this share and this number of passages has hardly any among the nearest of
# all, so all its passages are compared.
_RARE, _FEW = 0.05, 1000


class LanguageBaseline(NamedTuple):
    """A language's mean of three features of vectorstore/search.py, minus the mean of all
    languages."""

    words: float = 0.0
    letters: float = 0.0
    unit: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """A passage found, with its ranking features (vectorstore/search.py)."""

    scored: ScoredPassage
    features: Features


def find(
    generation: Generation,
    keyword: KeywordIndex,
    query: str,
    own: Vectors,
    *,
    k: int,
    language: str,
    scope: Scope,
    about: Sequence[str],
    profile: Profile,
    prepared: Sequence[MatchedQuestion] | None = None,
) -> list[Candidate]:
    """The k best passages, best first; arguments as in `Index.search`, `own` is the vector of the
    query, to compare with those of other questions."""
    allowed = generation.versions(language, scope)
    if not allowed:
        return []
    vector = profile.towards(own)
    wanted, size = max(k, LOOK), sum(allowed.values())
    if size <= min(_FEW, _RARE * generation.manifest.passages):
        nearness = _nearness_of_all(generation, frozenset(allowed), vector)
    else:
        nearness = _nearest(generation, keyword, query, language, vector, allowed, wanted)
    asked_for = named(query, generation.names).intersection(allowed)
    if about and not asked_for:
        before = frozenset(map(_document_id, about))
        asked_for = frozenset(key for key in allowed if _document_id(key) in before)
    if asked_for and sum(map(allowed.__getitem__, asked_for)) <= _FEW:
        nearness |= _nearness_of_all(generation, asked_for, vector)
    if prepared is None:
        prepared = matches(generation, query, language, own, allowed, profile)
    answering = closest(prepared)
    answering_passages = _by_passage(answering.items())
    unseen = generation.passages([name for name in answering_passages if name not in nearness])
    if unseen:
        stack = generation.stacked(unseen)
        nearness |= dict(zip(stack.names, map(float, stack.best(vector)), strict=True))
    level = language_baselines(generation, keyword, query, language, vector, allowed, profile)
    features = _Features(
        keyword.shares(query, language, nearness),
        level,
        language,
        generation.standings(scope.day),
        asked_for,
        answering_passages,
        answering,
        profile.amounts.ranking,
    )
    first_look = {
        name: score(features.of(name, profile.on_scale("unit", unit)), profile.ranking)
        + features.of_document(document_key(name))
        for name, unit in nearness.items()
    }
    likely = sorted(first_look, key=lambda name: (-first_look[name], name))[: _MORE * wanted]
    for passage in generation.passages(likely):
        first_look[passage.id] -= features.amounts.preamble * passage.preamble
    likely = sorted(likely, key=lambda name: (-first_look[name], name))[:wanted]
    return _ranked(generation, likely, features, vector, profile)[:k]


def _document_id(name: str) -> str:
    """The id of the document in the id of a passage or the key of a document."""
    return document_key(name).rpartition(".")[0]


def _nearest(
    generation: Generation,
    keyword: KeywordIndex,
    query: str,
    language: str,
    vector: Vectors,
    allowed: Mapping[str, int],
    wanted: int,
) -> dict[str, float]:
    """The cosine of the best unit of each passage that is near in meaning or words."""
    total, total_units = generation.manifest.passages, generation.manifest.units
    # The nearest are mostly in the question's language: widen the search for the other languages.
    count = max(wanted, _CANDIDATES) * min(_LANGUAGES, len({*map(language_of, allowed)}))
    enough = min(wanted, sum(allowed.values()))
    while True:
        similar = _filtered(generation.nearest_passages(vector, min(count, total)), allowed)
        by_unit = generation.nearest_units(vector, min(count * _UNITS_PER_PASSAGE, total_units))
        units = _filtered(_by_passage(by_unit).items(), allowed)
        words = _filtered(keyword.nearest(query, language, count), allowed)
        if len(similar) >= enough or count >= total:
            break
        count *= 4  # the filters left too few: look further
    farthest = by_unit[-1][1]  # a unit that was not found is at most this near
    return {name: units.get(name, farthest) for name in (*units, *similar, *words)}


def _nearness_of_all(
    generation: Generation, documents: frozenset[str], vector: Vectors
) -> dict[str, float]:
    """The cosine of the best unit of each passage of a few documents."""
    stack = generation.scope(documents)
    return dict(zip(stack.names, map(float, stack.best(vector)), strict=True))


def _ranked(
    generation: Generation,
    likely: Sequence[str],
    features: "_Features",
    vector: Vectors,
    profile: Profile,
) -> list[Candidate]:
    """Ranks the likely passages by all their units; those after the first `LOOK` stay behind."""
    passages = generation.passages(likely)
    units = generation.units(passages)
    found = []
    for passage, vectors, fit in zip(passages, units, passage_fits(vector, units), strict=True):
        cosines = profile.on_scale("unit", vectors @ vector)
        own = {
            **features.of(passage.id, float(cosines.max())),
            "passage": profile.on_scale("fit", fit),
        }
        key = passage.document.key
        scored = ScoredPassage(
            passage=passage,
            score=score(own, profile.ranking)
            + features.of_document(key)
            - features.amounts.preamble * passage.preamble,
            similarity=profile.on_scale("passage", mean_cosine(vectors, vector)),
            unit_similarities=tuple(float(cosine) for cosine in cosines),
            level=features.level(passage.id).unit,
            standing=features.standings.get(key, "in_force"),
            named=key in features.named,
            asked=tuple(features.answering.get(name, 0.0) for name in passage.unit_ids),
        )
        found.append(Candidate(scored, own))
    first = _best_first(found[:LOOK])
    return [*first, *(_behind(first[-1], candidate) for candidate in _best_first(found[LOOK:]))]


def _best_first(found: Iterable[Candidate]) -> list[Candidate]:
    return sorted(
        found, key=lambda candidate: (-candidate.scored.score, candidate.scored.passage.id)
    )


def _behind(last: Candidate, candidate: Candidate) -> Candidate:
    """The same evidence, with a score no higher than the last one's."""
    lowest = min(candidate.scored.score, last.scored.score)
    return replace(candidate, scored=candidate.scored.model_copy(update={"score": lowest}))


@dataclass(frozen=True)
class _Features:
    """The ranking features of passages but `passage`, relative to the levels of their languages."""

    shares: Mapping[str, tuple[float, float]]  # passage id -> (words, letters)
    levels: Mapping[str, LanguageBaseline]
    language: str  # of the question
    standings: Mapping[str, Standing]  # of the documents that are not in force, or give way
    named: frozenset[str]  # documents, in the question
    prepared: Mapping[str, float]  # passage id -> closeness of the nearest prepared question
    answering: Mapping[str, float]  # unit id -> the same
    amounts: RankingAmounts

    def of_document(self, key: str) -> float:
        """The bonus or penalty of a document."""
        named, back = key in self.named, self.standings.get(key) in STEPS_BACK
        return self.amounts.named * named - self.amounts.step_back * back

    def of(self, name: str, unit: float) -> dict[str, float]:
        """The features of a passage (id), given the cosine of its best unit."""
        words, letters = self.shares.get(name, (0.0, 0.0))
        level = self.level(name)
        return {
            "words": words - level.words,
            "letters": letters - level.letters,
            "unit": unit - level.unit,
            "across": float(language_of(document_key(name)) != self.language),
            "asked": self.prepared.get(name, 0.0),
        }

    def level(self, name: str) -> LanguageBaseline:
        return self.levels.get(language_of(document_key(name)), LanguageBaseline())


def _filtered(hits: Iterable[tuple[str, float]], allowed: Collection[str]) -> dict[str, float]:
    return {name: score for name, score in hits if document_key(name) in allowed}


def _by_passage(unit_hits: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The best of the units of each passage."""
    best: dict[str, float] = {}
    for name, value in unit_hits:
        passage = name.partition("#")[0]
        best[passage] = max(best.get(passage, value), value)
    return best


def score(features: Features, weights: Mapping[str, float]) -> float:
    """The weighted sum of the given features."""
    return sum(weights[name] * value for name, value in features.items())


def language_of(document: str) -> str:
    """The language in a document key."""
    return document.rpartition(".")[2]


def language_baselines(
    generation: Generation,
    keyword: KeywordIndex,
    query: str,
    language: str,
    vector: Vectors,
    documents: Collection[str],
    profile: Profile,
) -> Mapping[str, LanguageBaseline]:
    """The level of each language of the documents (keys); empty when they are in one language.

    Args:
        query, language, vector: the question, its language and its vector.
    """
    spoken = sorted({language_of(document) for document in documents})
    if len(spoken) < 2:
        return {}
    found, sizes = [], []
    for cohort in map(generation.cohort, spoken):
        shares = keyword.shares(query, language, cohort.names)
        words, letters = np.mean([shares.get(name, (0.0, 0.0)) for name in cohort.names], axis=0)
        unit = float(cohort.best(vector).mean())
        found.append((words, letters, profile.on_scale("unit", unit)))
        sizes.append(len(cohort.names))
    above = np.array(found) - np.mean(found, axis=0)
    above *= (np.array(sizes) / (np.array(sizes) + _FEW_IN_COHORT))[:, None]
    baselines = (LanguageBaseline(*map(float, levels)) for levels in above)
    return dict(zip(spoken, baselines, strict=True))
