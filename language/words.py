"""The words of a text, and what words mean in each language: months, numbers, acronyms."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.numbers import format_compact_decimal, get_currency_name, get_currency_symbol
from babel.units import format_unit

from core.yaml_files import read_yaml
from language.matching import fold

PERCENT = "%"
SPOKEN = ("nl", "en", "fr", "de")
"""The languages of the pages and of the assistant's own phrases (ISO 639-1); docs/languages.md."""

FOLDER = Path(__file__).parent
"""The word lists."""
_WORDS = FOLDER / "words.yaml"
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


def words(text: str) -> list[str]:
    """The folded words and figures of a text, in order.

    >>> words("Meer dan 725 000 video's")
    ['meer', 'dan', '725000', 'video', 's']
    """
    return re.findall(r"\w+", fold(text))


@cache
def months(language: str) -> dict[str, int]:
    """Maps the folded month names of a language (ISO 639-1, or with a country: de_AT) to 1-12; they
    are those of Unicode's CLDR."""
    locale = Locale.parse(language)
    return {
        fold(name).rstrip("."): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in locale.months[context][width].items()
        if not name.isdigit()
    }


@dataclass(frozen=True)
class Vocabulary:
    """Folded words of one language and their meaning; a field is empty if nothing is known."""

    months: Mapping[str, int]  # 1-12
    scales: Mapping[str, int]  # "billion": 1_000_000_000
    units: Mapping[str, str]  # "euros": "EUR", "per cent": "%"
    numbers: Mapping[str, int]
    pointing: tuple[str, ...]  # openings of a sentence that refers to the one before
    no_pointing: tuple[str, ...]  # exceptions to `pointing`
    linking: frozenset[str]  # words that may precede `demonstratives`
    demonstratives: frozenset[str]  # refer back at the start or behind `linking` words
    same: frozenset[str]  # refer back anywhere among the first words
    consequences: frozenset[str]  # "therefore"
    excepting: tuple[str, ...]  # phrases by which a sentence takes back some of the one before
    negations: frozenset[str]  # turn a question round
    speaker: frozenset[str]  # "I" and its forms
    openings: frozenset[str]  # rare words that begin a sentence and are no names
    summaries: tuple[str, ...]  # names that a summary has for itself


@cache
def vocabulary(language: str) -> Vocabulary:
    """Word lists of an official language of the EU (ISO 639-1)."""
    ours: Mapping[str, Any] = _ours().get(language, {})
    locale = Locale.parse(language)
    return Vocabulary(
        months=months(language),
        scales=_scales(locale) | ours.get("scales", {}),
        units=_units(locale) | ours.get("units", {}),
        numbers={fold(word): value for word, value in ours.get("numbers", {}).items()},
        pointing=tuple(map(fold, ours.get("pointing", ()))),
        no_pointing=tuple(map(fold, ours.get("no_pointing", ()))),
        linking=frozenset(map(fold, ours.get("linking", ()))),
        demonstratives=frozenset(map(fold, ours.get("demonstratives", ()))),
        same=frozenset(map(fold, ours.get("same", ()))),
        consequences=frozenset(map(fold, ours.get("consequences", ()))),
        excepting=tuple(map(fold, ours.get("excepting", ()))),
        negations=frozenset(map(fold, ours.get("negations", ()))),
        speaker=frozenset(map(fold, ours.get("speaker", ()))),
        openings=frozenset(map(fold, ours.get("openings", ()))),
        summaries=tuple(map(fold, ours.get("summaries", ()))),
    )


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
