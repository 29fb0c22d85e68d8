"""What words mean in each language: months, numbers, acronyms; and the cues of questions.

A question tells by its cues what it asks for, and a sentence what it is for.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from babel import Locale
from babel.numbers import format_compact_decimal, get_currency_name, get_currency_symbol
from babel.units import format_unit

from core.source import Frozen
from core.yaml_files import checked, read_yaml
from language.words import fold

PERCENT = "%"
SPOKEN = ("nl", "en", "fr", "de")
"""The languages of the pages and of the assistant's own phrases (ISO 639-1); docs/languages.md."""

FOLDER = Path(__file__).parent
"""The word lists."""
_WORDS = FOLDER / "words.yaml"
CUES = FOLDER / "cues.yaml"
_FALLBACK_LANGUAGE = "en"
# CLDR has a word for each of these: thousand, million, billion, trillion.
_SCALES = (1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000)
_COUNTS = (1, 2, 5, 21)  # together they cover every plural form of the EU's languages
_CURRENCIES = ("EUR", "USD", "GBP")
_UNITS = {
    "concentr-percent": PERCENT,
    "duration-year": "year",
    "duration-month": "month",
    "duration-week": "week",
    "duration-day": "day",
    "duration-hour": "hour",
    "mass-kilogram": "kilogram",
    "mass-tonne": "tonne",
    "length-kilometer": "kilometre",
}


@cache
def months(language: str) -> dict[str, int]:
    """Folded month names of a language (ISO 639-1, or with a country: de_AT) -> 1-12, by CLDR."""
    locale = Locale.parse(language)
    return {
        fold(name).rstrip("."): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in locale.months[context][width].items()
        if not name.isdigit()
    }


class Vocabulary(Frozen):
    """Folded words of one language and their meaning; a field is empty if nothing is known."""

    months: Mapping[str, int]  # 1-12
    scales: Mapping[str, int]  # "billion": 1_000_000_000
    units: Mapping[str, str]  # "euros": "EUR", "per cent": "%"
    numbers: Mapping[str, int] = {}
    pointing: tuple[str, ...] = ()  # openings of a sentence that refers to the one before
    no_pointing: tuple[str, ...] = ()  # exceptions to `pointing`
    linking: frozenset[str] = frozenset()  # words that may precede `demonstratives`
    # Refer back at the start or behind `linking` words.
    demonstratives: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()  # refer back anywhere among the first words
    consequences: frozenset[str] = frozenset()  # "therefore"
    # Phrases by which a sentence takes back some of the one before.
    excepting: tuple[str, ...] = ()
    negations: frozenset[str] = frozenset()  # turn a question round
    speaker: frozenset[str] = frozenset()  # "I" and its forms
    openings: frozenset[str] = frozenset()  # rare words that begin a sentence and are no names
    summaries: tuple[str, ...] = ()  # names that a summary has for itself
    telling: frozenset[str] = frozenset()  # as of `telling`


@cache
def vocabulary(language: str) -> Vocabulary:
    """Word lists of an official language of the EU (ISO 639-1)."""
    ours, locale = _ours().get(language, {}), Locale.parse(language)
    lists = {name: _folded(listed) for name, listed in ours.items()}
    lists["months"] = months(language)
    lists["scales"] = _scales(locale) | ours.get("scales", {})
    lists["units"] = _units(locale) | ours.get("units", {})
    return Vocabulary.model_validate(lists)


def _folded(listed: Any) -> Any:
    """A list of words, or words with their meaning, folded."""
    if isinstance(listed, dict):
        return {fold(word): meaning for word, meaning in listed.items()}
    return tuple(map(fold, listed))


@cache
def translations(acronym: str) -> frozenset[str]:
    """Known translations of a folded acronym, itself included; empty if there are none."""
    groups = (frozenset(map(fold, group)) for group in _ours()["acronyms"])
    return frozenset().union(*(group for group in groups if acronym in group))


@cache
def confirmed() -> tuple[str, ...]:
    """Words of all languages by which a sentence would say that it was checked."""
    return tuple(_ours()["confirmed"])


@cache
def telling(language: str) -> frozenset[str]:
    """Folded function words that identify the language of a question: question words, "is"."""
    return frozenset(map(fold, _ours()[language]["telling"]))


@cache
def _ours() -> Mapping[str, Any]:
    lists: Mapping[str, Any] = read_yaml(_WORDS.read_text("utf-8"))
    return lists


def _scales(locale: Locale) -> dict[str, int]:
    found: dict[str, int] = {}
    for scale in _SCALES:
        for count in _COUNTS:
            try:
                text = format_compact_decimal(count * scale, format_type="long", locale=locale)
            except KeyError:  # missing in CLDR for this language
                continue
            if text.strip().startswith(str(count)):
                found |= dict.fromkeys(_bare(text), scale)
    return found


def _units(locale: Locale) -> dict[str, str]:
    found: dict[str, str] = {}
    for count in _COUNTS:
        for name, unit in _UNITS.items():
            written = _bare(format_unit(count, name, locale=locale))
            found |= {word: unit for word in written if word != name}  # the name: missing in CLDR
        for code in _CURRENCIES:
            found[fold(get_currency_name(code, count=count, locale=locale))] = code
    for code in _CURRENCIES:
        found |= {fold(code): code, fold(get_currency_symbol(code, locale="en")): code}
    # Short names: "dollars" for "US dollars".
    found |= {"dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "%": PERCENT}
    return found


def _bare(text: str) -> Iterator[str]:
    """The words of a formatted amount without its figure."""
    word = fold(re.sub(r"[\d.,]+", "", text)).strip()
    if word and not any(character.isdigit() for character in word):
        yield word


AskedKind = Literal["list", "number", "date", "name", "reason", "amount"]


class Cues(Frozen):
    """Cue words of questions, and patterns of sentences that say what a document is for."""

    opening: tuple[str, ...]  # begin a follow-up
    referring: tuple[str, ...]  # stand for something of before
    ordinals: tuple[str, ...]  # what "first" to "tenth" begin with, in that order
    items: frozenset[str]  # beside an ordinal, leave open what it is the first of
    asking: tuple[str, ...]
    helping: tuple[str, ...]  # verbs that begin a question for yes or no
    addressing: frozenset[str]  # for who asks and who is asked, without accents: in a request
    empty: tuple[str, ...]  # no topic, besides the words that search leaves out anyway
    common: tuple[str, ...]  # names of what every document is about
    joining: tuple[str, ...]  # between the parts of a question
    comparing: tuple[str, ...]  # make it a comparison
    writing: tuple[str, ...]  # ask for what no quote is: a comparison, a timeline, a summary
    versus: tuple[str, ...]  # join and compare
    than: tuple[str, ...]  # join and compare behind a comparative
    # Ask whether a document still applies, until when, or what succeeds it; other words may stand
    # between those of one.
    lasting: tuple[str, ...]
    causal: tuple[str, ...]  # words and phrases that give a reason
    general: frozenset[str]  # say how something is asked, not what
    purpose: tuple[str, ...]  # patterns of sentences on what a document is for, the plainest first
    presented: tuple[str, ...]  # the same of a press release: what was presented, and what for


class _CuesFile(Frozen):
    """Cues of each language; `asks` has all official languages of the EU, and of each which kinds
    of answer are asked for by which words; an "amount" is one of money."""

    asks: Mapping[str, Mapping[AskedKind, tuple[str, ...]]]
    cues: Mapping[str, Cues]


def asks(language: str) -> Mapping[AskedKind, tuple[str, ...]]:
    """Kind of answer -> what asks for it; empty for a language without entry (ISO 639-1)."""
    return _cues_file().asks.get(language, {})


def has_cues(language: str) -> bool:
    """Whether `cues_of` knows this language."""
    return language in _cues_file().cues


def cues_of(language: str) -> Cues:
    """The cues of a language (ISO 639-1), or those of English where there are none."""
    known = _cues_file().cues
    return known.get(language) or known[_FALLBACK_LANGUAGE]


@cache
def _cues_file() -> _CuesFile:
    return checked(CUES, _CuesFile)
