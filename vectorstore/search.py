"""Search in a generation: by vectors and words, fused; prepared questions; language levels."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from core.source import STEPS_BACK, MatchedQuestion, Scope, ScoredPassage, Standing
from language.demands import demands_of, differ
from language.facts import documents_named
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation, Stack, document_key
from vectorstore.keyword_index import KeywordIndex
from vectorstore.profile import LOOK, Profile, RankingAmounts, mean_cosine, passage_fits

Features = Mapping[str, float]
_FEW_IN_COHORT = 10  # a cohort of this size counts half: n / (n + _FEW); few passages tell little
_UNKNOWN = "en"  # for a question of unknown language
_NEAREST = 24  # prepared questions compared: of a topic there are some ten, in several languages
_WIDER = 4  # times as many are looked at, as a document has versions that are not searched
_CANDIDATES = 60  # passages taken from each list before filtering: docs/decisions/0004
_UNITS_PER_PASSAGE = 4  # unit hits for each passage wanted: a passage has about five units
_MORE = 2  # candidates for each passage to rank, as recitals lose places
_LANGUAGES = 4  # more languages do not widen the search further: each costs its time again
# A scope with at most this share and this number of passages has hardly any among the nearest of
# all, so all its passages are compared.
_RARE, _FEW = 0.05, 1000


class LanguageBaseline(NamedTuple):
    """A language's mean of three ranking features, minus the mean of all languages."""

    words: float = 0.0
    letters: float = 0.0
    unit: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """A passage found, with its ranking features."""

    scored: ScoredPassage
    features: Features


@dataclass(frozen=True)
class QuestionSearch:
    """A question, and where its answer is searched for."""

    generation: Generation
    keyword: KeywordIndex
    profile: Profile
    question: str
    language: str  # of the question (ISO 639-1); empty: unknown
    vector: Vectors  # of the question, as compared with other questions
    scope: Scope

    @cached_property
    def allowed(self) -> Mapping[str, int]:
        """The documents (keys) that may answer, with their number of passages."""
        return self.generation.versions(self.language, self.scope)

    @cached_property
    def _towards(self) -> Vectors:
        """The vector with which passages and units are compared."""
        return self.profile.towards(self.vector)

    def find(
        self, k: int, about: Sequence[str] = (), prepared: Sequence[MatchedQuestion] | None = None
    ) -> list[Candidate]:
        """The k best passages, best first; arguments as in `Snapshot.search`."""
        generation, allowed = self.generation, self.allowed
        if not allowed:
            return []
        wanted, size = max(k, LOOK), sum(allowed.values())
        if size <= min(_FEW, _RARE * generation.manifest.passages):
            nearness = self._nearness(generation.scope(frozenset(allowed)))
        else:
            nearness = self._nearest(wanted)
        asked_for = documents_named(self.question, generation.names).intersection(allowed)
        if about and not asked_for:
            before = frozenset(map(_document_id, about))
            asked_for = frozenset(key for key in allowed if _document_id(key) in before)
        if asked_for and sum(map(allowed.__getitem__, asked_for)) <= _FEW:
            nearness |= self._nearness(generation.scope(asked_for))
        answering = closest(self.matches() if prepared is None else prepared)
        answering_passages = _by_passage(answering.items())
        unseen = generation.passages([name for name in answering_passages if name not in nearness])
        if unseen:
            nearness |= self._nearness(generation.stacked(unseen))
        features = _Features(
            self.keyword.shares(self.question, self.language, nearness),
            self.baselines(allowed),
            self.language,
            generation.standings(self.scope.day),
            asked_for,
            answering_passages,
            answering,
            self.profile.amounts.ranking,
        )
        first_look = {
            name: score(
                features.of(name, self.profile.on_scale("unit", unit)), self.profile.ranking
            )
            + features.of_document(document_key(name))
            for name, unit in nearness.items()
        }
        likely = sorted(first_look, key=lambda name: (-first_look[name], name))[: _MORE * wanted]
        for passage in generation.passages(likely):
            first_look[passage.id] -= features.amounts.preamble * passage.preamble
        likely = sorted(likely, key=lambda name: (-first_look[name], name))[:wanted]
        return self._ranked(likely, features)[:k]

    def _nearest(self, wanted: int) -> dict[str, float]:
        """The cosine of the best unit of each passage that is near in meaning or words."""
        generation, allowed, vector = self.generation, self.allowed, self._towards
        total, units = generation.manifest.passages, generation.manifest.units
        # The nearest are mostly in the question's language: widen the search for the others.
        count = max(wanted, _CANDIDATES) * min(_LANGUAGES, len({*map(language_of, allowed)}))
        enough = min(wanted, sum(allowed.values()))
        while True:
            similar = _filtered(generation.nearest("passages", vector, min(count, total)), allowed)
            by_unit = generation.nearest("units", vector, min(_UNITS_PER_PASSAGE * count, units))
            by_passage = _filtered(_by_passage(by_unit).items(), allowed)
            words = _filtered(self.keyword.nearest(self.question, self.language, count), allowed)
            if len(similar) >= enough or count >= total:
                break
            count *= 4  # the filters left too few: look further
        farthest = by_unit[-1][1]  # a unit that was not found is at most this near
        return {name: by_passage.get(name, farthest) for name in (*by_passage, *similar, *words)}

    def _nearness(self, stack: Stack) -> dict[str, float]:
        """The cosine of the best unit of each passage."""
        return dict(zip(stack.names, map(float, stack.best(self._towards)), strict=True))

    def _ranked(self, likely: Sequence[str], features: "_Features") -> list[Candidate]:
        """Ranks the likely passages by all their units; those after `LOOK` stay behind."""
        vector, on_scale = self._towards, self.profile.on_scale
        passages = self.generation.passages(likely)
        units = self.generation.units(passages)
        found = []
        for passage, vectors, fit in zip(passages, units, passage_fits(vector, units), strict=True):
            cosines = on_scale("unit", vectors @ vector)
            own = {**features.of(passage.id, float(cosines.max())), "passage": on_scale("fit", fit)}
            key = passage.document.key
            scored = ScoredPassage(
                passage=passage,
                score=score(own, self.profile.ranking)
                + features.of_document(key)
                - features.amounts.preamble * passage.preamble,
                similarity=on_scale("passage", mean_cosine(vectors, vector)),
                unit_similarities=tuple(float(cosine) for cosine in cosines),
                level=features.level(passage.id).unit,
                standing=features.standings.get(key, "in_force"),
                named=key in features.named,
                asked=tuple(features.answering.get(name, 0.0) for name in passage.unit_ids),
            )
            found.append(Candidate(scored, own))
        first = _best_first(found[:LOOK])
        for candidate in _best_first(found[LOOK:]):
            lowest = min(candidate.scored.score, first[LOOK - 1].scored.score)
            scored = candidate.scored.model_copy(update={"score": lowest})
            first.append(replace(candidate, scored=scored))
        return first

    def baselines(self, documents: Iterable[str]) -> Mapping[str, LanguageBaseline]:
        """The level of each language of the documents (keys); empty when they are in one
        language."""
        spoken = sorted({*map(language_of, documents)})
        if len(spoken) < 2:
            return {}
        found, sizes = [], []
        for cohort in map(self.generation.cohort, spoken):
            shares = self.keyword.shares(self.question, self.language, cohort.names)
            of_each = [shares.get(name, (0.0, 0.0)) for name in cohort.names]
            words, letters = np.mean(of_each, axis=0)
            unit = float(cohort.best(self._towards).mean())
            found.append((words, letters, self.profile.on_scale("unit", unit)))
            sizes.append(len(cohort.names))
        above = np.array(found) - np.mean(found, axis=0)
        above *= (np.array(sizes) / (np.array(sizes) + _FEW_IN_COHORT))[:, None]
        baselines = (LanguageBaseline(*map(float, levels)) for levels in above)
        return dict(zip(spoken, baselines, strict=True))

    def near(self, count: int = _NEAREST) -> list[MatchedQuestion]:
        """The prepared questions of the allowed documents that are near the question, nearest
        first; at most `count`."""
        hits = self.generation.nearest("questions", self.vector, count * _WIDER)
        mine = [hit for hit in hits if document_key(hit[0]) in self.allowed][:count]
        known = self.generation.questions([name for name, _ in mine])
        return [
            MatchedQuestion(
                prepared=known[name], cosine=moved, closeness=self.profile.closeness(moved)
            )
            for name, cosine in mine
            for moved in [self.profile.on_scale("question", cosine)]
        ]

    def matches(self) -> tuple[MatchedQuestion, ...]:
        """The prepared questions as `near` gives them, without those that share nothing with the
        question, or that ask something else by their facts."""
        own = demands_of(self.question, self.language or _UNKNOWN)
        near = [(match, match.prepared) for match in self.near() if match.closeness > 0]
        return tuple(
            match
            for match, prepared in near
            if not differ(own, demands_of(prepared.question, prepared.language))
        )


def _document_id(name: str) -> str:
    """The id of the document in the id of a passage or the key of a document."""
    return document_key(name).rpartition(".")[0]


def _best_first(found: Iterable[Candidate]) -> list[Candidate]:
    return sorted(
        found, key=lambda candidate: (-candidate.scored.score, candidate.scored.passage.id)
    )


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
            "across": float(language_of(name) != self.language),
            "asked": self.prepared.get(name, 0.0),
        }

    def level(self, name: str) -> LanguageBaseline:
        return self.levels.get(language_of(name), LanguageBaseline())


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


def language_of(name: str) -> str:
    """The language in a document key, or in the id of a passage."""
    return document_key(name).rpartition(".")[2]


def closest(found: Iterable[MatchedQuestion]) -> Mapping[str, float]:
    """Maps each unit that answers one of these questions to the closeness of the nearest."""
    best: dict[str, float] = {}
    for match in found:
        for unit in match.prepared.units:
            best[unit] = max(best.get(unit, 0.0), match.closeness)
    return best
