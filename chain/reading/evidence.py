"""Looks up the entities of a question in texts.

Figures, countries and acronyms are compared across languages. Other names and rare words are
compared only with texts in the question's language; without such texts, names are looked up in the
whole index.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

from chain.understanding.demands import Demands
from core.passage import Passage, Unit
from language.acts import names_of
from language.countries import countries
from language.matching import fold, without_accents
from language.proper_names import initials
from language.quantities import figures, names_money
from language.vocabulary import translations
from vectorstore.keyword import content_words

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
