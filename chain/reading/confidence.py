"""How likely it is that the sources answer a question, and that a statement is the answer."""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import NamedTuple, cast

from chain.reading.quotables import reading
from chain.reading.relevance import Ranked
from chain.understanding.intent import Demands, asks_for, demands_of, gives_reason
from core.source import MatchedQuestion, Passage, PreparedQuestion, ScoredPassage, Unit
from language.dates import names_of
from language.facts import countries, figures, initials, names_money
from language.matching import fold, without_accents
from language.words import translations
from vectorstore.embeddings import Embedder, Vectors, kept_passages
from vectorstore.embeddings import everyday as everyday_sentences
from vectorstore.keyword_index import content_words
from vectorstore.store import Snapshot

_LETTERS = 4  # length of the character n-grams, as in the keyword index
# Share of a name's n-grams that one word of the evidence must have. Less finds any name in some
# word, more misses its inflections and its spelling in another language.
_NAME_ALIKE = 0.5
# Share of a word's n-grams that all words must have: compounds, inflections. More than for a name,
# as the runs of many words are found together by chance.
_WORD_ALIKE = 0.6


class LanguageText(NamedTuple):
    """A text with its language (ISO 639-1)."""

    text: str
    language: str


class Evidence:
    """Texts in which to look up a question's entities."""

    def __init__(self, texts: Iterable[LanguageText], language: str) -> None:
        """`language`: of the question; words are compared only with texts in it."""
        self._read = [_read(text) for text in texts]
        self._same = [read for read in self._read if read.language == language]
        self._language = language

    def figures_missing(self, demands: Demands) -> list[str]:
        known = {figure for read in self._read for figure in read.figures}
        return [written for figure, written in demands.figures.items() if figure not in known]

    def countries_missing(self, demands: Demands) -> list[str]:
        known = {code for read in self._read for code in read.countries}
        return [written for code, written in demands.countries.items() if code not in known]

    def names_missing(self, demands: Demands, in_index: Callable[[str], bool]) -> list[str]:
        """Names that the texts lack; if none is in the question's language, that the index lacks.

        `in_index`: whether a passage in any language has a word like this one.
        """
        if not demands.acronyms and not demands.names:
            return []
        known = frozenset(word for read in self._read for word in read.words)
        missing = [name for name in demands.acronyms if not self._has_acronym(name, known)]
        has = partial(self._has_name, known=known) if self._same else in_index
        return missing + [name for name in demands.names if not has(name)]

    def words_missing(self, demands: Demands) -> list[str]:
        """Words that the texts lack as such, inflected, and within a compound."""
        if not self._same or not demands.words:
            return []
        stems = {stem for read in self._same for stem in read.stems}
        runs = {run for read in self._same for run in read.runs}
        return [
            word
            for word in demands.words
            if not stems & set(content_words(word, self._language, stemmed=True))
            and _share(_plain(word), runs) < _WORD_ALIKE
        ]

    def has_currency(self) -> bool:
        return any(read.currency for read in self._read)

    def _has_acronym(self, name: str, known: frozenset[str]) -> bool:
        spellings = _spellings(name)
        if spellings & known:
            return True
        long = [spelling for spelling in spellings if len(spelling) >= _LETTERS]
        return any(
            spelling in initials
            for read in self._read
            for initials in read.initials
            for spelling in long
        )

    def _has_name(self, name: str, known: frozenset[str]) -> bool:
        plain = _plain(name)
        return plain in known or any(_share(plain, _runs(word)) >= _NAME_ALIKE for word in known)


def of_passage(passage: Passage, unit: Unit | None = None) -> LanguageText:
    """A passage, or one of its units, with its metadata."""
    said = (passage.document.title, passage.document.reference, *names_of(passage.document))
    return LanguageText("\n".join((passage.context(unit), *said)), passage.language)


class _Read:
    """Comparable features of a text, computed on first use."""

    def __init__(self, text: LanguageText) -> None:
        self._text, self.language = text

    @cached_property
    def figures(self) -> frozenset[str]:
        """Figures, and the parts of a reference: 2011 of 2011/93."""
        found = figures(self._text)
        return found | {part for figure in found for part in figure.split("/")}

    @cached_property
    def countries(self) -> frozenset[str]:
        return frozenset(countries(self._text, self.language))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", _plain(self._text)))

    @cached_property
    def initials(self) -> frozenset[str]:
        return initials(self._text)

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(content_words(self._text, self.language, stemmed=True))

    @cached_property
    def runs(self) -> frozenset[str]:
        return frozenset(run for word in self.words for run in _runs(word))

    @cached_property
    def currency(self) -> bool:
        return names_money(self._text)


@lru_cache(maxsize=2048)
def _read(text: LanguageText) -> _Read:
    return _Read(text)


@lru_cache(maxsize=1024)
def _spellings(acronym: str) -> frozenset[str]:
    """An acronym in all languages, each also with a plural s."""
    singular = [_plain(name) for name in (acronym, *translations(fold(acronym)))]
    return frozenset((*singular, *(f"{name}s" for name in singular)))


def _plain(text: str) -> str:
    return without_accents(fold(text))


@lru_cache(maxsize=16384)
def _runs(word: str) -> frozenset[str]:
    """Character n-grams of a word, padded with spaces."""
    padded = f" {word} "
    return frozenset(padded[n : n + _LETTERS] for n in range(max(1, len(padded) - _LETTERS + 1)))


def _share(word: str, runs: Iterable[str]) -> float:
    own = _runs(word)
    return len(own.intersection(runs)) / len(own)


# Confidence: probability that the retrieved passages answer the question.


_UNITS = 2  # best units that are searched for the question's figures: docs/decisions/0006
_MOST_NAMES = 2  # missing names that count; more add no information


class Confidence(NamedTuple):
    """Two probabilities: the question is on topic; the passages answer it if it is."""

    on_topic: float
    in_sources: float

    @property
    def value(self) -> float:
        """Probability (0-1) that the sources answer the question."""
        return self.on_topic * self.in_sources

    @property
    def off_topic(self) -> bool:
        return self.on_topic < 0.5


def confidence(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> Confidence:
    """Confidence that the passages answer the question.

    Args:
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages, best first.
        ranked: their statements, best first.
        index: the passages come from it.
    """
    if not found or not re.search(r"\w", question):  # "?" asks nothing
        return Confidence(0.0, 0.0)
    weights = index.profile.confidence
    near = similarities(question, language, _in_language(found, ranked), index)
    return Confidence(
        probability(weights["on_topic"], near),
        probability(weights["in_sources"], near | lacks(question, language, found, ranked, index)),
    )


def everyday(question: str, index: Snapshot) -> float:
    """Cosine of the question with the nearest sentence in `everyday.txt`, a cohort of off-topic
    sentences from daily life, office work and EU policy.

    Short questions are near to everything, also to the sources. One that is near to the cohort as
    well is hardly about the sources: cohort normalisation, as in speaker verification
    (Auckenthaler et al. 2000).
    """
    embedder = index.embedder
    nearest = float((_everyday(cast(Hashable, embedder)) @ embedder.query(question)).max())
    return index.profile.on_scale("everyday", nearest)


@lru_cache(maxsize=4)
def _everyday(embedder: Hashable) -> Vectors:
    return kept_passages(cast(Embedder, embedder), everyday_sentences())


def similarities(
    question: str, language: str, found: Sequence[ScoredPassage], index: Snapshot
) -> dict[str, float]:
    """Similarity features, without unit.

    `passage`, `unit`: cosine of the question with the best passage, the best sentence or item.
    `same_language`: 1 if a passage is in the question's language, else 0.
    `everyday`: cosine with the nearest off-topic sentence.
    """
    return {
        "passage": max((scored.similarity for scored in found), default=0.0),
        "unit": max((fit for scored in found for fit in scored.unit_similarities), default=0.0),
        "same_language": float(any(scored.passage.language == language for scored in found)),
        "everyday": everyday(question, index),
    }


def lacks(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> dict[str, float]:
    """Mismatch features: what the question asks for and the passages lack; 1 if lacking, else 0.

    `figures`: the two best units have none of the question's figures.
    `countries`: the passages mention none of its countries.
    `names`: how many of its names, at most two, no passage has. If passages and question differ in
        language, a name other than an acronym is looked up in the whole index.
    `amount`: it asks for an amount of money, and no passage has one.
    `said_amount`, `said_reason`: it asks for one, and the best statement has none.
    `said_countries`: the best statement's passage lacks one of its countries.

    For `figures` and `countries` one of several is enough: the question is then answered in part.
    Only passages in the language of the best statement count.
    """
    demands = demands_of(question, language)
    words, said, passage = _best(found, ranked)
    found = _in_language(found, ranked)
    units = sorted(
        ((fit, -place, n) for place, one in enumerate(found) for n, fit in _fits(one)), reverse=True
    )[:_UNITS]
    best = [(found[-place].passage, number) for _, place, number in units]
    in_units = Evidence(
        (of_passage(passage, passage.units[number]) for passage, number in best), language
    )
    anywhere = Evidence((of_passage(scored.passage) for scored in found), language)
    around = Evidence([of_passage(passage)], language)
    wants_amount = "amount" in demands.kinds
    lacks_amount = wants_amount and not Evidence([said], language).has_currency()
    lacks_reason = "reason" in demands.kinds and not gives_reason(words, said.language)
    return {
        "figures": _none_of(demands.figures, in_units.figures_missing(demands)),
        "countries": _none_of(demands.countries, anywhere.countries_missing(demands)),
        "names": float(min(_MOST_NAMES, len(anywhere.names_missing(demands, index.knows)))),
        "amount": float(wants_amount and not anywhere.has_currency()),
        "said_amount": float(lacks_amount),
        "said_reason": float(lacks_reason),
        "said_countries": float(bool(around.countries_missing(demands))),
    }


def _in_language(
    found: Sequence[ScoredPassage], ranked: Sequence[Ranked]
) -> Sequence[ScoredPassage]:
    """The passages in the language of the best statement: features from another language tell
    nothing about it."""
    if not found:
        return found
    language = _best(found, ranked)[2].language
    return [scored for scored in found if scored.passage.language == language]


def _best(
    found: Sequence[ScoredPassage], ranked: Sequence[Ranked]
) -> tuple[str, LanguageText, Passage]:
    """The best statement: its text, its text with headings and title, and its passage."""
    passage = found[ranked[0].passage].passage if ranked else found[0].passage
    units = [passage.units[number] for number in ranked[0].statement.units] if ranked else []
    words = "\n".join(reading(passage, unit) for unit in units)
    about = (*passage.headings, passage.document.title, passage.document.reference)
    return words, LanguageText("\n".join((words, *about)), passage.language), passage


def _fits(scored: ScoredPassage) -> Sequence[tuple[int, float]]:
    return list(enumerate(scored.unit_similarities))


def _none_of(asked: Mapping[str, str], missing: Sequence[str]) -> float:
    return float(0 < len(asked) == len(missing))


def probability(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    """The probability of a logistic model: weights by feature, and "intercept"."""
    total = weights["intercept"] + sum(weights[name] * value for name, value in values.items())
    return 1.0 / (1.0 + math.exp(-total))


# Chance that the first statement answers the question, as a reader would say.


FEATURES = ("ahead", "passage_ahead", "cosine", "lacks", "unknown_words")
PREPARED_FEATURES = (*FEATURES, "asked")
_MOST_AHEAD = 5.0  # log-odds; more tells nothing more
_MOST_LACKING = 3


class Chance(NamedTuple):
    """Probability (0-1) that a statement answers the question, from which one it is given as the
    answer, whether it lacks a detail that the question demands, and whether it answers the nearest
    prepared question, which is close."""

    value: float
    enough: float
    lacks: bool
    prepared: bool = False

    @property
    def is_sure(self) -> bool:
        return self.value >= self.enough and not self.lacks


def chance(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    prepared: Sequence[MatchedQuestion],
    index: Snapshot,
) -> Chance:
    """The chance that the first of the statements answers the question; 0 without any.

    Args:
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages, best first.
        ranked: their statements, best first.
        prepared: the prepared questions near it.
        index: the passages come from it.
    """
    profile = index.profile
    enough = profile.amounts.chance.sure
    if not ranked:
        return Chance(0.0, enough, lacks=True)
    told = features(question, language, found, ranked, prepared, index)
    values = dict(zip(PREPARED_FEATURES, told, strict=True))
    closest = _closest(prepared)
    is_close, lacks = closest >= profile.amounts.cosines.close, values["lacks"] > 0
    if not is_close:
        value = probability(profile.chance, {name: values[name] for name in FEATURES})
        return Chance(value, enough, lacks)
    if values["asked"] < closest:
        return Chance(0.0, enough, lacks)
    enough = profile.amounts.prepared.sure
    return Chance(probability(profile.prepared, values), enough, lacks, prepared=True)


def features(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    prepared: Sequence[MatchedQuestion],
    index: Snapshot,
) -> tuple[float, ...]:
    """The features of the first statement, in the order of `PREPARED_FEATURES`.

    ahead          its score minus that of the next, in log-odds, at most 5
    passage_ahead  the score of the best passage minus that of the next, at most 5
    cosine         of question and statement (its best unit), above the level of its language
    lacks          how many details that the question demands it lacks, with its headings and
                   document, and with a prepared question in almost the same words that it
                   answers: figures, countries, names, an amount, a reason; at most 3
    unknown_words  share of the question's rare words that its passage lacks
    asked          closeness (0-1) of the nearest prepared question that it answers
    """
    first = ranked[0]
    scored = found[first.passage]
    names = scored.passage.unit_ids
    own = {names[number] for number in first.statement.core}
    answered = [one for one in prepared if not own.isdisjoint(one.prepared.units)]
    scores = [one.score for one in ranked[:2]]
    passages = [one.score for one in found[:2]]
    cosines = [scored.unit_similarities[number] for number in first.statement.core]
    least = index.profile.amounts.cosines.the_same
    same = [one.prepared for one in answered[:1] if one.closeness >= least]
    lacking, unknown = _lacking(question, language, scored, first, same, index)
    return (
        _ahead(scores),
        _ahead(passages),
        max(cosines) - scored.level,
        float(min(_MOST_LACKING, lacking)),
        unknown,
        _closest(answered),
    )


def _closest(prepared: Iterable[MatchedQuestion]) -> float:
    return max((one.closeness for one in prepared), default=0.0)


def _ahead(scores: Sequence[float]) -> float:
    if len(scores) < 2:
        return _MOST_AHEAD
    return min(_MOST_AHEAD, max(0.0, scores[0] - scores[1]))


def _lacking(
    question: str,
    language: str,
    scored: ScoredPassage,
    first: Ranked,
    same: Sequence[PreparedQuestion],
    index: Snapshot,
) -> tuple[int, float]:
    """The number of details that are lacking, and the share of rare words. What the same prepared
    question says is not lacking: whoever prepared it saw to that."""
    asked = [LanguageText(one.question, one.language) for one in same]
    known = {kind for one in same for kind in asks_for(one.question, one.language)}
    demands, passage = demands_of(question, language), scored.passage
    units = [passage.units[number] for number in first.statement.units]
    said = Evidence([*(of_passage(passage, unit) for unit in units), *asked], language)
    around = Evidence([of_passage(passage), *asked], language)
    words = "\n".join(reading(passage, unit) for unit in units)
    lacking = (
        len(said.figures_missing(demands))
        + len(around.countries_missing(demands))
        + len(around.names_missing(demands, index.knows))
    )
    text = Evidence([LanguageText(words, passage.language)], language)
    kinds = demands.kinds - known
    lacking += "amount" in kinds and not text.has_currency()
    lacking += "reason" in kinds and not gives_reason(words, passage.language)
    unknown = len(around.words_missing(demands)) / max(1, len(demands.words))
    return lacking, unknown
