"""The words of a language by which figures, dates and denials are told in a text.

Months, scales ("million"), percentages, currencies and measures come from Unicode's CLDR by way of
Babel; negations and numbers in words from `words.yaml`. All are folded (`core.matching.fold`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale
from babel.numbers import format_compact_decimal, get_currency_name, get_currency_symbol
from babel.units import format_unit

from core.dates import months
from core.matching import fold

PERCENT = "%"

_WORDS = Path(__file__).with_name("words.yaml")
_SCALES = (1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000)
_COUNTS = (1, 2, 5, 21)  # between them they bring out every plural form of the EU's languages
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


@dataclass(frozen=True)
class Vocabulary:
    """Folded words and what they mean; a field is empty where nothing is known."""

    months: Mapping[str, int]  # 1-12
    scales: Mapping[str, int]  # "billion": what the figure before it is multiplied by
    units: Mapping[str, str]  # "euros": "EUR", "per cent": "%"
    numbers: Mapping[str, int]
    negations: frozenset[str]
    no_negation: tuple[str, ...]  # phrases with a word of `negations` that deny nothing
    pointing: tuple[str, ...]  # what opens a sentence that points to the one before
    no_pointing: tuple[str, ...]  # what opens one that does not, with a word of `pointing`
    linking: frozenset[str]  # words that `demonstratives` may stand behind
    demonstratives: frozenset[str]  # point back behind `linking` words
    same: frozenset[str]  # point back wherever they are among the first words
    consequences: frozenset[str]  # "therefore": what follows from the sentence before
    summaries: tuple[str, ...]  # what a summary calls itself
    asks: Mapping[str, tuple[str, ...]]  # kind of answer -> what asks for it, without phrases


@cache
def vocabulary(language: str) -> Vocabulary:
    """The words of an official language of the EU (ISO 639-1)."""
    ours: Mapping[str, Any] = _ours().get(language, {})
    locale = Locale.parse(language)
    return Vocabulary(
        months=months(language),
        scales=_scales(locale) | ours.get("scales", {}),
        units=_units(locale) | ours.get("units", {}),
        numbers={fold(word): value for word, value in ours.get("numbers", {}).items()},
        negations=frozenset(map(fold, ours.get("negations", ()))),
        no_negation=tuple(map(fold, ours.get("no_negation", ()))),
        pointing=tuple(map(fold, ours.get("pointing", ()))),
        no_pointing=tuple(map(fold, ours.get("no_pointing", ()))),
        linking=frozenset(map(fold, ours.get("linking", ()))),
        demonstratives=frozenset(map(fold, ours.get("demonstratives", ()))),
        same=frozenset(map(fold, ours.get("same", ()))),
        consequences=frozenset(map(fold, ours.get("consequences", ()))),
        summaries=tuple(map(fold, ours.get("summaries", ()))),
        asks={kind: tuple(words) for kind, words in ours.get("asks", {}).items()},
    )


@cache
def translations(acronym: str) -> frozenset[str]:
    """A folded acronym in all languages, as far as it is known to be translated."""
    groups = (frozenset(map(fold, group)) for group in _ours()["acronyms"])
    return frozenset().union(*(group for group in groups if acronym in group))


@cache
def telling(language: str) -> frozenset[str]:
    """Folded words of a question that tell it is in this language: question words, "is", "the"."""
    return frozenset(map(fold, _ours()[language]["telling"]))


@cache
def _ours() -> Mapping[str, Any]:
    words: Mapping[str, Any] = yaml.safe_load(_WORDS.read_text("utf-8"))
    return words


def _scales(locale: Locale) -> dict[str, int]:
    found: dict[str, int] = {}
    for scale in _SCALES:
        for count in _COUNTS:
            try:
                text = format_compact_decimal(count * scale, format_type="long", locale=locale)
            except KeyError:  # CLDR has no such words for this language
                continue
            if text.strip().startswith(str(count)):
                found |= dict.fromkeys(_bare(text), scale)
    return found


def _units(locale: Locale) -> dict[str, str]:
    found: dict[str, str] = {}
    for count in _COUNTS:
        for name, unit in _UNITS.items():
            words = _bare(format_unit(count, name, locale=locale))
            found |= {word: unit for word in words if word != name}  # CLDR lacks some
        for code in _CURRENCIES:
            found[fold(get_currency_name(code, count=count, locale=locale))] = code
    for code in _CURRENCIES:
        found |= {fold(code): code, fold(get_currency_symbol(code, locale="en")): code}
    # In the language itself, the last word stands for the whole ("dollars" of "US dollars").
    found |= {"dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "%": PERCENT}
    return found


def _bare(text: str) -> Iterator[str]:
    """The words of a formatted amount without its figure."""
    word = fold(re.sub(r"[\d.,]+", "", text)).strip()
    if word and not any(character.isdigit() for character in word):
        yield word
