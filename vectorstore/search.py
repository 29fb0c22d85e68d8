"""One search: vectors and words find candidates, one model ranks them.

    question -> query vector -> nearest passages  \\
                             -> nearest units     -> allowed ones -> a first look: words, best unit
                             -> prepared questions    -> the first 12: all their units -> best k
             -> words        -> keyword matches   /
    (a narrow scope) ----------> all its passages -/

The ranking is described in vectorstore/ranking.py.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.passage import ScoredPassage
from core.source import Scope, Standing
from language.acts import named
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation, Stack
from vectorstore.keyword_index import KeywordIndex
from vectorstore.levels import NONE, Level, language_of, levels
from vectorstore.prepared_matches import closest, matches
from vectorstore.profile import LOOK, Profile, mean_cosine, passage_fits
from vectorstore.ranking import Features, score
from vectorstore.segments import document_key

_CANDIDATES = 60  # passages taken from each list before filtering: docs/decisions/0004
_UNITS_PER_PASSAGE = 4  # unit hits for each passage wanted: a passage has about five units
_MORE = 2  # candidates for each passage to rank, as recitals lose places
_LANGUAGES = 4  # more languages do not widen the search further: each costs its time again
# A scope with at most this share and this number of passages has hardly any among the nearest of
# all, so all its passages are compared. The last `_SCOPES` are cached, some 8 MB each at most.
_RARE, _FEW, _SCOPES = 0.05, 1000, 8
# Penalty of a document not in force: it must be 20 times (e^3) as likely to come first, so it is
# only found for what its successor does not say.
_STEP_BACK = 3.0
_NAMED = 3.0  # bonus of a document that the question names; 1 to 4 are alike: docs/decisions/0004
# Penalty of a recital or a memorandum: an article that says the same is to be cited.
_PREAMBLE = 2.0


@dataclass(frozen=True)
class Candidate:
    """A passage found, with its ranking features (vectorstore/ranking.py)."""

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
    about: Sequence[str],
    profile: Profile,
) -> list[Candidate]:
    """The k best passages, best first; arguments as in `Index.search`, `vector` is the query's."""
    allowed = generation.versions(language, scope)
    if not allowed:
        return []
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
    answering = closest(matches(generation, query, language, vector, allowed, profile))
    prepared = _by_passage(answering.items())
    unseen = generation.passages([name for name in prepared if name not in nearness])
    if unseen:
        stack = generation.stacked(unseen)
        nearness |= dict(zip(stack.names, map(float, stack.best(vector)), strict=True))
    level = levels(generation, keyword, query, language, vector, allowed, profile)
    day = scope.as_of or datetime.datetime.now(datetime.UTC).date()
    features = _Features(
        keyword.shares(query, language, nearness),
        level,
        language,
        generation.standings(day),
        asked_for,
        prepared,
        answering,
    )
    first_look = {
        name: score(features.of(name, profile.on_scale("unit", unit)), profile.ranking)
        + features.of_document(document_key(name))
        for name, unit in nearness.items()
    }
    likely = sorted(first_look, key=lambda name: (-first_look[name], name))[: _MORE * wanted]
    for passage in generation.passages(likely):
        first_look[passage.id] -= _PREAMBLE * passage.preamble
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
    stack = _units_of(generation, documents)
    return dict(zip(stack.names, map(float, stack.best(vector)), strict=True))


@lru_cache(maxsize=_SCOPES)
def _units_of(generation: Generation, documents: frozenset[str]) -> Stack:
    return generation.stacked(list(generation.all_passages(documents)))


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
            - _PREAMBLE * passage.preamble,
            similarity=profile.on_scale("passage", mean_cosine(vectors, vector)),
            unit_similarities=tuple(float(cosine) for cosine in cosines),
            level=features.level(passage.id).unit,
            standing=features.standings.get(key, "in_force"),
            named=key in features.named,
            asked=tuple(features.answering.get(name, 0.0) for name in passage.unit_ids),
        )
        found.append(Candidate(scored, own))
    first = _best_first(found[:LOOK])
    return [*first, *(_behind(first[-1], one) for one in _best_first(found[LOOK:]))]


def _best_first(found: Iterable[Candidate]) -> list[Candidate]:
    return sorted(found, key=lambda one: (-one.scored.score, one.scored.passage.id))


def _behind(last: Candidate, one: Candidate) -> Candidate:
    """The same evidence, with a score no higher than the last one's."""
    lowest = min(one.scored.score, last.scored.score)
    return replace(one, scored=one.scored.model_copy(update={"score": lowest}))


@dataclass(frozen=True)
class _Features:
    """The ranking features of passages but `passage`, relative to the levels of their languages."""

    shares: Mapping[str, tuple[float, float]]  # passage id -> (words, letters)
    levels: Mapping[str, Level]
    language: str  # of the question
    standings: Mapping[str, Standing]  # of the documents that step back
    named: frozenset[str]  # documents, in the question
    prepared: Mapping[str, float]  # passage id -> closeness of the nearest prepared question
    answering: Mapping[str, float]  # unit id -> the same

    def of_document(self, key: str) -> float:
        """The bonus or penalty of a document."""
        return _NAMED * (key in self.named) - _STEP_BACK * (key in self.standings)

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

    def level(self, name: str) -> Level:
        return self.levels.get(language_of(document_key(name)), NONE)


def _filtered(hits: Iterable[tuple[str, float]], allowed: Collection[str]) -> dict[str, float]:
    return {name: score for name, score in hits if document_key(name) in allowed}


def _by_passage(unit_hits: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The best of the units of each passage."""
    best: dict[str, float] = {}
    for name, value in unit_hits:
        passage = name.partition("#")[0]
        best[passage] = max(best.get(passage, value), value)
    return best
