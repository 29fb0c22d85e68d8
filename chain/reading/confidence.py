"""How likely passages, or the first statement, answer a question, and what they lack of it.

What is known of the question itself goes in too: the prepared questions near it, read as a
`PreparedMatch`, once an answer.
"""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, cast

import numpy as np

from chain.reading.quotables import reading
from chain.request import Part
from core.source import MatchedQuestion, Passage, PreparedQuestion, ScoredPassage, Unit
from language.demands import (
    Demands,
    asks_for,
    attributes_asked,
    demands_of,
    gives_reason,
    may_state,
)
from language.facts import countries, initials, names_of
from language.figures import figures, names_money
from language.identify import named
from language.vocabulary import translations
from language.words import fold, plain, words
from prompts import phrases
from vectorstore.embeddings import Embedder, Vectors, kept_passages
from vectorstore.profile import CosineAmounts
from vectorstore.profile import everyday as everyday_sentences
from vectorstore.store import Snapshot

_LETTERS = 4  # length of the character n-grams, as in the keyword index
# Share of a name's n-grams that one word of the evidence must have. Less finds any name in some
# word, more misses its inflections and its spelling in another language.
_NAME_ALIKE = 0.5
_DIGITS = 2  # of a figure that is missed; one digit is a count, a page or part of a name

_UNREAD = -5.0  # log-odds, where there is nothing to read
_KINDS = ("figures", "countries", "names", "amount", "reason")
_MOST_AHEAD = 5.0  # log-odds; more tells nothing more


class PreparedMatch(NamedTuple):
    """What the prepared questions near a question say of its first statement and its answer."""

    asked: float  # closeness (0-1) of the nearest that the statement answers
    rival: float  # how much closer one is that it does not answer
    is_close: bool  # the nearest that the statement answers is close
    # The nearest that it answers, if that has almost the words of the question.
    in_other_words: PreparedQuestion | None
    is_unanswered: bool  # the nearest is one that nothing in the statement's document answers
    same: MatchedQuestion | None  # asks the same: its answer is given, whatever else is found
    answer: MatchedQuestion | None  # `same`, else the one whose answer the statement belongs to


def match(part: Part, amounts: CosineAmounts) -> PreparedMatch:
    """Reads the prepared questions near a question; the amounts have the limits."""
    near, ranked = part.prepared, part.ranked
    first = part.found[ranked[0].passage].passage if ranked else None
    core = {first.unit_ids[number] for number in ranked[0].statement.core} if first else set()
    answered = [matched for matched in near if not core.isdisjoint(matched.prepared.units)]
    asked = max((matched.closeness for matched in answered), default=0.0)
    rival = max((matched.closeness for matched in near), default=0.0) - asked
    nearest = near[0].prepared if near else None
    is_worded = bool(answered) and answered[0].closeness >= amounts.the_same
    same = next((each for each in near if _is_the_same(each, part.question, amounts)), None)
    return PreparedMatch(
        asked,
        rival,
        is_close=asked >= amounts.close,
        in_other_words=answered[0].prepared if is_worded else None,
        is_unanswered=nearest is not None
        and first is not None
        and not nearest.units
        and rival > 0
        and nearest.document == first.document.key,
        same=same,
        answer=same or _answering(answered, part.language, amounts),
    )


def _is_the_same(matched: MatchedQuestion, question: str, amounts: CosineAmounts) -> bool:
    """Whether a prepared question that has an answer asks the same: in all but the words, or, if it
    is approved, in its own words."""
    prepared = matched.prepared
    in_its_words = prepared.approved is not None and prepared.asks(question)
    return bool(prepared.units) and (in_its_words or matched.closeness >= amounts.the_same)


def _answering(
    answered: Sequence[MatchedQuestion], language: str, amounts: CosineAmounts
) -> MatchedQuestion | None:
    """The nearest that is close enough, for which an approved one may be less close; one in the
    reader's language (ISO 639-1) that is almost as near goes before."""
    close = [
        matched
        for matched in answered
        if matched.closeness
        >= (amounts.very_close if matched.prepared.approved else amounts.closest)
    ]
    readable = (
        matched
        for matched in close
        if matched.prepared.language == language
        and matched.cosine >= close[0].cosine - amounts.almost
    )
    return next(readable, close[0] if close else None)


class LanguageText(NamedTuple):
    """A text with its language (ISO 639-1)."""

    text: str
    language: str


class Evidence:
    """Texts in which to look up a question's entities."""

    def __init__(self, texts: Iterable[LanguageText], language: str) -> None:
        """`language`: of the question; words are compared only with texts in it."""
        self._texts = tuple(texts)
        self._has_same = any(text.language == language for text in self._texts)

    def figures_missing(self, demands: Demands) -> list[str]:
        known = frozenset().union(*(_figures(text) for text, _ in self._texts))
        return [written for figure, written in demands.figures.items() if figure not in known]

    def countries_missing(self, demands: Demands) -> list[str]:
        known = frozenset().union(*(_countries(*text) for text in self._texts))
        return [written for code, written in demands.countries.items() if code not in known]

    def names_missing(self, demands: Demands, in_index: Callable[[str], bool]) -> list[str]:
        """Names that the texts lack; if none is in the question's language, the index."""
        if not demands.acronyms and not demands.names:
            return []
        known = frozenset().union(*(_words(text) for text, _ in self._texts))
        missing = [name for name in demands.acronyms if not self._has_acronym(name, known)]
        has = partial(_has_name, known=known) if self._has_same else in_index
        return missing + [name for name in demands.names if not has(name)]

    def _has_acronym(self, name: str, known: frozenset[str]) -> bool:
        spellings = _spellings(name)
        long = {spelling for spelling in spellings if len(spelling) >= _LETTERS}
        return bool(spellings & known) or any(
            spelling in named
            for text, _ in self._texts
            for named in _initials(text)
            for spelling in long
        )


def _has_name(name: str, known: frozenset[str]) -> bool:
    wanted = plain(name)
    own = _runs(wanted)
    return wanted in known or any(
        len(own & _runs(word)) / len(own) >= _NAME_ALIKE for word in known
    )


def of_passage(passage: Passage, unit: Unit | None = None) -> LanguageText:
    """A passage, or one of its units, with its metadata."""
    document = passage.document
    metadata = (document.title, document.reference, *names_of(document))
    return LanguageText("\n".join((passage.context(unit), *metadata)), passage.language)


@lru_cache(maxsize=2048)  # many questions find the same texts
def _figures(text: str) -> frozenset[str]:
    """Figures, and the parts of a reference: 2011 of 2011/93."""
    found = figures(text)
    return found | {part for figure in found for part in figure.split("/")}


@lru_cache(maxsize=2048)
def _countries(text: str, language: str) -> frozenset[str]:
    return frozenset(countries(text, language))


@lru_cache(maxsize=2048)
def _words(text: str) -> frozenset[str]:
    return frozenset(words(plain(text)))


_initials = lru_cache(maxsize=2048)(initials)


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


def missing(question: str, language: str, found: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Figures and countries of the question that no passage found has, its title and date included,
    and the attributes that it asks for and none of them may state.

    Figures and countries are in the question's words and order. A country must have a capital, and
    be no language: "en français", "auf Deutsch".
    """
    demands = demands_of(question, language)
    passages = [scored.passage for scored in found]
    dates = [LanguageText(str(each.document.date or ""), each.language) for each in passages]
    everything = Evidence([*map(of_passage, passages), *dates], language)
    numbers = everything.figures_missing(demands)
    lacking = [
        *(number for number in numbers if sum(map(str.isdigit, number)) >= _DIGITS),
        *(
            country
            for country in everything.countries_missing(demands)
            if country[0].isupper() and not named(country, language)
        ),
    ]
    texts = [LanguageText(passage.context(), passage.language) for passage in passages]
    attributes = [
        phrases(language).attributes[attribute]
        for attribute in attributes_asked(question, language)
        if texts and not any(may_state(attribute, *text) for text in texts)
    ]
    return (*sorted(dict.fromkeys(lacking), key=question.find), *attributes)


class Confidence(NamedTuple):
    """Two probabilities: the question is on topic; the passages answer it if it is."""

    on_topic: float
    in_sources: float

    @property
    def value(self) -> float:
        """Probability (0-1) that the sources answer the question."""
        return self.on_topic * self.in_sources


def confidence(part: Part, index: Snapshot) -> Confidence:
    """Confidence that the passages found for a question, which come from the index, answer it."""
    if not part.found or not re.search(r"\w", part.question):  # "?" asks nothing
        return Confidence(0.0, 0.0)
    weights, values = index.profile.confidence, evidence(part, index)
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


def evidence(part: Part, index: Snapshot) -> dict[str, float]:
    """The features of the confidence, without unit.

    unit      cosine of the question with the best sentence or item
    everyday  with the nearest off-topic sentence
    read      score of the first statement
    lacks     how many kinds of detail it lacks that the question demands
    """
    return {
        "unit": max(
            (fit for scored in part.found for fit in scored.unit_similarities), default=0.0
        ),
        "everyday": everyday(part.question, index),
        "read": part.ranked[0].score if part.ranked else _UNREAD,
        "lacks": len(lacks(part, index)),
    }


def lacks(part: Part, index: Snapshot, same: PreparedQuestion | None = None) -> frozenset[str]:
    """The kinds of detail that a question demands and the first statement lacks; all without any:

    figures           of the statement, with headings and document, one is missing
    countries, names  of its passage one is missing; if that is in another language than the
                      question, a name other than an acronym is looked up in the whole index
    amount, reason    the question asks for one, and the statement has none

    What a prepared question says that asks the `same` is not lacking: whoever prepared it saw to
    that.
    """
    if not part.ranked:
        return frozenset(_KINDS)
    first, language = part.ranked[0], part.language
    demands, passage = demands_of(part.question, language), part.found[first.passage].passage
    prepared = [LanguageText(same.question, same.language)] if same else []
    units = [passage.units[number] for number in first.statement.units]
    statement = Evidence([*(of_passage(passage, unit) for unit in units), *prepared], language)
    around = Evidence([of_passage(passage), *prepared], language)
    shown = "\n".join(reading(passage, unit) for unit in units)
    kinds = demands.kinds - (asks_for(same.question, same.language) if same else set())
    lacking = (
        statement.figures_missing(demands),
        around.countries_missing(demands),
        around.names_missing(demands, index.knows),
        "amount" in kinds and not names_money(shown),
        "reason" in kinds and not gives_reason(shown, passage.language),
    )
    return frozenset(kind for kind, is_lacking in zip(_KINDS, lacking, strict=True) if is_lacking)


def probability(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    """Probability by a logistic model; its weights are those of the values, and "intercept"."""
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


def chance(part: Part, prepared: PreparedMatch, index: Snapshot) -> Chance:
    """The chance that the first of the statements answers the question; 0 without any."""
    enough = index.profile.amounts.chance.sure
    if not part.ranked:
        return Chance(0.0, enough, lacks=True)
    value = probability(index.profile.chance, features(part, prepared))
    is_against = bool(lacks(part, index, prepared.in_other_words)) or prepared.is_unanswered
    return Chance(value, enough, is_against, prepared.is_close)


def features(part: Part, prepared: PreparedMatch) -> dict[str, float]:
    """The features of the first statement.

    read    its score
    ahead   the same minus that of the next, at most 5
    share   log of the chance that it answers rather than another that was read, or none
    asked   closeness (0-1) of the nearest prepared question that it answers
    rival   how much closer one is that it does not answer
    """
    first = part.ranked[0].score
    scores = [each.score for each in part.ranked if each.is_read]
    return {
        "read": first,
        "ahead": min(_MOST_AHEAD, max(0.0, first - scores[1])) if scores[1:] else _MOST_AHEAD,
        "share": first - float(np.logaddexp.reduce([0.0, *scores])),
        "asked": prepared.asked,
        "rival": prepared.rival,
    }
