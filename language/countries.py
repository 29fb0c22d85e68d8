"""Countries that a text names: by name, by language or people, and by adjective."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from language.words import shared_start, without_accents

_CALLED_AFTER = {
    "bg": "BG", "cs": "CZ", "da": "DK", "de": "DE", "el": "GR", "es": "ES", "et": "EE", "fi": "FI",
    "fr": "FR", "ga": "IE", "hr": "HR", "hu": "HU", "is": "IS", "it": "IT", "ja": "JP", "lt": "LT",
    "lv": "LV", "mk": "MK", "mt": "MT", "nb": "NO", "nl": "NL", "no": "NO", "pl": "PL", "pt": "PT",
    "ro": "RO", "ru": "RU", "sk": "SK", "sl": "SI", "sq": "AL", "sr": "RS", "sv": "SE", "tr": "TR",
    "uk": "UA", "zh": "CN",
}  # fmt: skip
_VARIANTS = ("en_GB", "en_US", "fr_CA", "nl_BE", "de_AT", "fr_CH", "pt_BR", "es_MX")
_NO_COUNTRIES = ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
_SHORT = {"US": "US", "USA": "US", "VS": "US", "UK": "GB", "VK": "GB"}
_KEY = 4  # first letters that index the names; the shortest of most languages (Cuba) have no more
_WHOLE = 5  # letters: a name up to this length must match in full, as so few begin many words
# Least share of a name's letters in the common prefix. Less takes other words for countries, more
# misses inflections; an adjective needs more, as it may be written small as other words are.
_SAME = {"name": 0.65, "adjective": 0.8}
_ENDING = 5  # letters a word may have after the common prefix: endings, no second word


class _Name(NamedTuple):
    text: str
    country: str
    kind: str


class _Names(NamedTuple):
    """Names of several words -> country code; single words by their first letters."""

    long: Mapping[str, str]
    by_letters: Mapping[str, list[_Name]]


def countries(text: str, language: str) -> dict[str, str]:
    """Countries in a text: ISO 3166 code -> first mention. Names need their capital, adjectives do
    not."""
    text = unicodedata.normalize("NFC", text)
    found: dict[str, str] = {}
    plain = _lower(text)
    for name, code in _names(language).long.items():
        if name in plain:
            start = plain.index(name)
            found.setdefault(code, text[start : start + len(name)])
    for word in re.findall(r"[^\W\d_]+", text):
        code = _country(word, language)
        if code:
            found.setdefault(code, word)
    return found


@lru_cache(maxsize=32768)
def _country(word: str, language: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    plain = _lower(word)
    best, most = "", 0.0
    for name in _names(language).by_letters.get(plain[:_KEY], ()):
        same = shared_start(plain, name.text)
        share = same / len(name.text)
        needed = 1.0 if len(name.text) <= _WHOLE else _SAME[name.kind]
        cased = word[0].isupper() or name.kind == "adjective"
        if cased and share >= needed and share > most and len(plain) - same <= _ENDING:
            best, most = name.country, share
    return best


def _lower(text: str) -> str:
    """Lower case without accents; keeps character offsets in all but a few scripts."""
    return without_accents(text.lower())


@cache
def _names(language: str) -> _Names:
    try:
        locale = Locale(language)
    except UnknownLocaleError:
        locale = Locale("en")
    long: dict[str, str] = {}
    single = []
    for code, name in locale.territories.items():
        if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRIES:
            plain = _lower(name)
            if plain.isalpha():
                # German adjectives have no capital: "belgisch", "österreichisch".
                single += [_Name(plain, code, kind) for kind in ("name", "adjective")]
            else:
                long[plain] = code
    single += [
        _Name(_lower(locale.languages[name]), code, "adjective")
        for name, code in _CALLED_AFTER.items()
        if name in locale.languages
    ]
    for variant in _VARIANTS:  # "American English" minus "English" gives the adjective
        base, _, code = variant.partition("_")
        names = (_lower(locale.languages.get(key, "")).split() for key in (variant, base))
        single += [_Name(word, code, "adjective") for word in set(next(names)) - set(next(names))]
    by_letters: dict[str, list[_Name]] = {}
    for known in single:
        if len(known.text) >= _KEY:
            by_letters.setdefault(known.text[:_KEY], []).append(known)
    return _Names(long, by_letters)
