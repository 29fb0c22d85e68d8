"""What a question demands and the evidence lacks.

Similarity cannot tell "reports in 2019" from "reports in 2015"; what a question names can. Figures,
countries and acronyms are compared across languages; other names and rare words only where the
evidence has the question's language and the project its phrases.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

from chain.countries import countries
from chain.relevance import asks_for
from core.matching import figures, figures_as_written, fold
from core.types import Citation, Passage, ScoredPassage, Unit
from prompts import Kind, languages, phrases
from vectorstore.keyword import content_words

_CAPITALISES_NOUNS = "de"  # a capital tells nothing about a name there
# Institutions and countries whose acronym differs between the languages.
_SAME_ACRONYM = (
    {"emcdda", "ewdd", "oedt", "ebdd"}, {"un", "vn", "onu", "uno"}, {"eu", "ue"},
    {"us", "usa", "vs", "eua"}, {"uk", "vk", "gb"}, {"edps", "cepd", "edsb", "sepd"},
    {"eesc", "cese", "ewsa"}, {"nato", "otan"}, {"ngo", "ong", "nro"}, {"ai", "ki", "ia"},
)  # fmt: skip
_LETTERS = 4  # as in the keyword index
_NAME_ALIKE = 0.5  # share of a name's runs of letters that one word of the evidence has
_WORD_ALIKE = 0.6  # share of a word's runs that all words together have: compounds, inflections
_SHORTEST = 5  # letters; shorter words are mostly general
_UNSURE = 0.7  # confidence; a surer answer may well say it in other words
_ACCENTS = re.compile("[\u0300-\u036f]")
_CURRENCY = re.compile(r"[€$£]|\b(?:eur|euros?|dollars?|usd)\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


class Text(NamedTuple):
    """A piece of evidence, with its language (ISO 639-1)."""

    text: str
    language: str


class Demands(NamedTuple):
    """What a question asks for by name. Keys are as compared, values and words as written.

    `kinds` are the kinds of thing it asks for: "number", "date", "amount" (of money), "reason".
    """

    figures: Mapping[str, str]
    countries: Mapping[str, str]
    acronyms: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[str, ...]
    kinds: frozenset[str]


class Evidence:
    """Texts that may hold what a question demands."""

    def __init__(self, texts: Iterable[Text], language: str) -> None:
        """`language`: of the question; only texts in it have comparable words."""
        self._read = [_read(text) for text in texts]
        self._same = [read for read in self._read if read.language == language]
        self._language = language

    def figures_missing(self, demands: Demands) -> list[str]:
        known = {figure for read in self._read for figure in read.figures}
        return [written for figure, written in demands.figures.items() if figure not in known]

    def countries_missing(self, demands: Demands) -> list[str]:
        known = {code for read in self._read for code in read.countries}
        return [written for code, written in demands.countries.items() if code not in known]

    def names_missing(self, demands: Demands) -> list[str]:
        """Acronyms, and where words can be compared other names."""
        if not demands.acronyms and not demands.names:
            return []
        known = frozenset(word for read in self._read for word in read.words)
        missing = [name for name in demands.acronyms if not _spellings(name) & known]
        if self._same:
            missing += [name for name in demands.names if not self._has_name(name, known)]
        return missing

    def words_missing(self, demands: Demands) -> list[str]:
        """Words that are there neither as such, nor in another form, nor inside another word."""
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

    def _has_name(self, name: str, known: frozenset[str]) -> bool:
        plain = _plain(name)
        return plain in known or any(_share(plain, _runs(word)) >= _NAME_ALIKE for word in known)


def missing(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    citations: Sequence[Citation],
    confidence: float,
) -> tuple[str, ...]:
    """What the question demands and the evidence lacks, in the question's words and order.

    Figures and kinds of figure must stand in a quote (or be said of it: heading, reference, date),
    countries and names in a passage that is quoted, rare words in any passage that was found; these
    only when the answer is unsure. Without citations the found passages are the evidence.
    """
    demands = demands_of(question, language)
    quoted = {citation.passage_id for citation in citations}
    passages = [one.passage for one in found if one.passage.id in quoted or not quoted]
    texts = [_of_citation(citation) for citation in citations] or list(map(of_passage, passages))
    quotes = Evidence(texts, language)
    around = Evidence(map(of_passage, passages), language)
    words = [
        *quotes.figures_missing(demands),
        *around.countries_missing(demands),
        *around.names_missing(demands),
    ]
    if confidence < _UNSURE:
        everything = Evidence((of_passage(one.passage) for one in found), language)
        words += everything.words_missing(demands)
    kinds = phrases(language).demands.kinds
    return (
        *sorted(dict.fromkeys(words), key=question.find),
        *(kinds[kind] for kind in sorted(_kinds_missing(demands, quotes, citations))),
    )


def _kinds_missing(
    demands: Demands, quotes: Evidence, citations: Sequence[Citation]
) -> Iterable[Kind]:
    """The kinds of thing that are asked for and that no quote has."""
    if not citations:
        return
    texts = [citation.quote for citation in citations]
    listed = any(text.count("\n") > 1 for text in texts)  # its items can be counted
    counted = listed or any(figures(text) - demands.figures.keys() for text in texts)
    if "number" in demands.kinds and not counted:
        yield "number"
    if "date" in demands.kinds and not any(_YEAR.search(text) for text in texts):
        yield "date"
    if "amount" in demands.kinds and not quotes.has_currency():
        yield "amount"
    told = {citation.document.language for citation in citations} <= set(languages())
    if "reason" in demands.kinds and told and not any(map(_gives_reason, citations)):
        yield "reason"


def _gives_reason(citation: Citation) -> bool:
    causal = phrases(citation.document.language).demands.causal
    words = " ".join(re.findall(r"\w+", citation.quote.casefold()))
    return any(f" {word} " in f" {words} " for word in causal)


@lru_cache(maxsize=256)
def demands_of(question: str, language: str) -> Demands:
    """What a question asks for by name; its language in ISO 639-1."""
    named = countries(question, language)
    of_countries = {word for name in named.values() for word in re.findall(r"\w+", name)}
    kinds = set(asks_for(question, language) & {"number", "date"})
    acronyms, names, words = [], [], []
    known = phrases(language) if language in languages() else None
    if known:
        asked = set(re.findall(r"\w+", question.casefold()))
        kinds |= {kind for kind, cues in known.demands.cues.items() if asked & set(cues)}
    for match in re.finditer(r"\w+", question):
        word = match.group()
        if word in of_countries or any(letter.isdigit() for letter in word):
            continue
        if sum(letter.isupper() for letter in word) > 1 and len(word) > 1:
            acronyms.append(word)
            continue
        general = not known or fold(word) in _general(language)
        if general or not content_words(word, language):
            continue
        first = not question[: match.start()].rstrip(" \"'«„“‘(¿¡") or re.search(
            r"[.?!:…]\W*$", question[: match.start()]
        )
        if word[0].isupper() and not first and language != _CAPITALISES_NOUNS and len(word) > 2:
            names.append(word)
        elif len(word) >= _SHORTEST:
            words.append(word)
    return Demands(
        figures_as_written(question),
        named,
        tuple(dict.fromkeys(acronyms)),
        tuple(dict.fromkeys(names)),
        tuple(dict.fromkeys(words)),
        frozenset(kinds),
    )


@cache
def _general(language: str) -> frozenset[str]:
    """Words that say how something is asked, not what."""
    said = phrases(language)
    cues = (said.cues.list, said.cues.number, said.cues.date, *said.demands.cues.values())
    several = (*said.demands.causal, *(cue for words in cues for cue in words))
    return said.demands.general | {word for cue in several for word in cue.split()}


def of_passage(passage: Passage, unit: Unit | None = None) -> Text:
    """A passage or one of its units as evidence, with what is said about it."""
    said = (passage.document.title, passage.document.reference)
    return Text("\n".join((passage.context(unit), *said)), passage.language)


def _of_citation(citation: Citation) -> Text:
    document = citation.document
    said = (*citation.headings, document.reference, str(document.date or ""))
    return Text("\n".join((citation.quote, *said)), document.language)


class _Read:
    """What a text has that can be compared; each worked out when it is first asked for."""

    def __init__(self, text: Text) -> None:
        self._text, self.language = text

    @cached_property
    def figures(self) -> frozenset[str]:
        return figures(self._text)

    @cached_property
    def countries(self) -> frozenset[str]:
        return frozenset(countries(self._text, self.language))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", _plain(self._text)))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(content_words(self._text, self.language, stemmed=True))

    @cached_property
    def runs(self) -> frozenset[str]:
        return frozenset(run for word in self.words for run in _runs(word))

    @cached_property
    def currency(self) -> bool:
        return _CURRENCY.search(self._text.casefold()) is not None


@lru_cache(maxsize=2048)
def _read(text: Text) -> _Read:
    return _Read(text)


def _spellings(acronym: str) -> set[str]:
    plain = _plain(acronym)
    return next((same for same in _SAME_ACRONYM if plain in same), {plain})


def _plain(text: str) -> str:
    """Folded and without accents."""
    return _ACCENTS.sub("", unicodedata.normalize("NFD", fold(text)))


@lru_cache(maxsize=16384)
def _runs(word: str) -> frozenset[str]:
    """The runs of letters of a word, over its ends as well."""
    padded = f" {word} "
    return frozenset(padded[n : n + _LETTERS] for n in range(max(1, len(padded) - _LETTERS + 1)))


def _share(word: str, runs: Iterable[str]) -> float:
    own = _runs(word)
    return len(own.intersection(runs)) / len(own)
