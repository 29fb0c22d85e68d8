"""What passages lack of what a question demands, and how likely they, or a statement, answer it."""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import NamedTuple, cast

import numpy as np

from chain.reading.prepared import PreparedMatch
from chain.reading.quotables import reading
from chain.request import Ranked
from core.prepared import PreparedQuestion
from core.source import Passage, ScoredPassage, Unit
from language.acts import names_of
from language.countries import countries
from language.demands import (
    Demands,
    asks_for,
    attributes_asked,
    demands_of,
    gives_reason,
    may_state,
)
from language.facts import initials
from language.figures import figures, names_money
from language.identify import named
from language.vocabulary import translations
from language.words import fold, plain, words
from prompts import phrases
from vectorstore.embeddings import Embedder, Vectors, kept_passages
from vectorstore.profile import everyday as everyday_sentences
from vectorstore.store import Snapshot

_LETTERS = 4  # length of the character n-grams, as in the keyword index
# Share of a name's n-grams that one word of the evidence must have. Less finds any name in some
# word, more misses its inflections and its spelling in another language.
_NAME_ALIKE = 0.5
_DIGITS = 2  # of a figure that is missed; one digit is a count, a page or part of a name

ON_TOPIC = ("unit", "everyday", "read")
IN_SOURCES = ("read", "lacks")
CHANCE_FEATURES = ("read", "ahead", "share", "asked", "rival")
_UNREAD = -5.0  # log-odds, where there is nothing to read
_KINDS = ("figures", "countries", "names", "amount", "reason")
_MOST_AHEAD = 5.0  # log-odds; more tells nothing more


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
        wanted = plain(name)
        return wanted in known or any(_share(wanted, _runs(word)) >= _NAME_ALIKE for word in known)


def of_passage(passage: Passage, unit: Unit | None = None) -> LanguageText:
    """A passage, or one of its units, with its metadata."""
    document = passage.document
    metadata = (document.title, document.reference, *names_of(document))
    return LanguageText("\n".join((passage.context(unit), *metadata)), passage.language)


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
        return frozenset(words(plain(self._text)))

    @cached_property
    def initials(self) -> frozenset[str]:
        return initials(self._text)

    @cached_property
    def currency(self) -> bool:
        return names_money(self._text)


@lru_cache(maxsize=2048)
def _read(text: LanguageText) -> _Read:
    return _Read(text)


@lru_cache(maxsize=1024)
def _spellings(acronym: str) -> frozenset[str]:
    """An acronym in all languages, each also with a plural s."""
    singular = [plain(name) for name in (acronym, *translations(fold(acronym)))]
    return frozenset((*singular, *(f"{name}s" for name in singular)))


@lru_cache(maxsize=16384)
def _runs(word: str) -> frozenset[str]:
    """Character n-grams of a word, padded with spaces."""
    padded = f" {word} "
    return frozenset(padded[n : n + _LETTERS] for n in range(max(1, len(padded) - _LETTERS + 1)))


def _share(word: str, runs: Iterable[str]) -> float:
    own = _runs(word)
    return len(own.intersection(runs)) / len(own)


def missing(question: str, language: str, found: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Figures and countries of the question that no passage found has, its title and date included,
    and the attributes that it asks for and none of them may state.

    Figures and countries are in the question's words and order. A country must have a capital, and
    be no language: "en français", "auf Deutsch".
    """
    demands = demands_of(question, language)
    everything = Evidence(_with_dates(found), language)
    numbers = everything.figures_missing(demands)
    lacking = [
        *(number for number in numbers if sum(map(str.isdigit, number)) >= _DIGITS),
        *(
            country
            for country in everything.countries_missing(demands)
            if country[0].isupper() and not named(country, language)
        ),
    ]
    texts = [LanguageText(scored.passage.context(), scored.passage.language) for scored in found]
    attributes = [
        phrases(language).attributes[attribute]
        for attribute in attributes_asked(question, language)
        if texts and not any(may_state(attribute, *text) for text in texts)
    ]
    return (*sorted(dict.fromkeys(lacking), key=question.find), *attributes)


def _with_dates(found: Sequence[ScoredPassage]) -> Iterator[LanguageText]:
    for scored in found:
        yield of_passage(scored.passage)
        yield LanguageText(str(scored.passage.document.date or ""), scored.passage.language)


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
    values = evidence(question, language, found, ranked, index)
    return Confidence(*(probability(weights[name], values) for name in Confidence._fields))


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


def evidence(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
) -> dict[str, float]:
    """The features of the confidence, without unit; arguments as of `confidence`.

    unit      cosine of the question with the best sentence or item
    everyday  with the nearest off-topic sentence
    read      score of the first statement
    lacks     how many kinds of detail it lacks that the question demands
    """
    return {
        "unit": max((fit for scored in found for fit in scored.unit_similarities), default=0.0),
        "everyday": everyday(question, index),
        "read": ranked[0].score if ranked else _UNREAD,
        "lacks": len(lacks(question, language, found, ranked, index)),
    }


def lacks(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    index: Snapshot,
    same: PreparedQuestion | None = None,
) -> frozenset[str]:
    """The kinds of detail that a question demands and the first statement lacks; all without any:

    figures           of the statement, with headings and document, one is missing
    countries, names  of its passage one is missing; if that is in another language than the
                      question, a name other than an acronym is looked up in the whole index
    amount, reason    the question asks for one, and the statement has none

    What a prepared question says that asks the `same` is not lacking: whoever prepared it saw to
    that.
    """
    if not ranked:
        return frozenset(_KINDS)
    demands, passage = demands_of(question, language), found[ranked[0].passage].passage
    prepared = [LanguageText(same.question, same.language)] if same else []
    units = [passage.units[number] for number in ranked[0].statement.units]
    statement = Evidence([*(of_passage(passage, unit) for unit in units), *prepared], language)
    around = Evidence([of_passage(passage), *prepared], language)
    shown = "\n".join(reading(passage, unit) for unit in units)
    text = Evidence([LanguageText(shown, passage.language)], language)
    kinds = demands.kinds - (asks_for(same.question, same.language) if same else set())
    lacking = (
        statement.figures_missing(demands),
        around.countries_missing(demands),
        around.names_missing(demands, index.knows),
        "amount" in kinds and not text.has_currency(),
        "reason" in kinds and not gives_reason(shown, passage.language),
    )
    return frozenset(kind for kind, is_lacking in zip(_KINDS, lacking, strict=True) if is_lacking)


def probability(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    """The probability of a logistic model: weights by feature, of which there are values, and
    "intercept"."""
    own = (weight * values[name] for name, weight in weights.items() if name != "intercept")
    total = weights["intercept"] + sum(own)
    return 1.0 / (1.0 + math.exp(-total))


class Chance(NamedTuple):
    """The chance that a statement answers the question, as a reader would say."""

    value: float  # probability (0-1)
    enough: float  # from which one the statement is given as the answer
    # It lacks a detail that the question demands, or the nearest prepared question is one that
    # nothing in its document answers.
    lacks: bool
    is_prepared: bool = False  # it answers a prepared question that is close

    @property
    def is_sure(self) -> bool:
        return self.value >= self.enough and not self.lacks


def chance(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    ranked: Sequence[Ranked],
    prepared: PreparedMatch,
    index: Snapshot,
) -> Chance:
    """The chance that the first of the statements answers the question; 0 without any.

    Args:
        question: stands alone, without the conversation.
        language: of the question (ISO 639-1).
        found: its retrieved passages, best first.
        ranked: their statements, best first.
        prepared: what the prepared questions near it say of the first.
        index: the passages come from it.
    """
    enough = index.profile.amounts.chance.sure
    if not ranked:
        return Chance(0.0, enough, lacks=True)
    value = probability(index.profile.chance, features(ranked, prepared))
    lacking = lacks(question, language, found, ranked, index, prepared.in_other_words)
    is_against = bool(lacking) or prepared.is_unanswered
    return Chance(value, enough, is_against, prepared.is_close)


def features(ranked: Sequence[Ranked], prepared: PreparedMatch) -> dict[str, float]:
    """The features of the first statement.

    read    its score
    ahead   the same minus that of the next, at most 5
    share   log of the chance that it answers rather than another that was read, or none
    asked   closeness (0-1) of the nearest prepared question that it answers
    rival   how much closer one is that it does not answer
    """
    first = ranked[0].score
    scores = [each.score for each in ranked if each.is_read]
    return {
        "read": first,
        "ahead": min(_MOST_AHEAD, max(0.0, first - scores[1])) if scores[1:] else _MOST_AHEAD,
        "share": first - float(np.logaddexp.reduce([0.0, *scores])),
        "asked": prepared.asked,
        "rival": prepared.rival,
    }
