"""Months and days of the week that a text names, with or without a date."""

import re
from collections.abc import Mapping
from functools import cache

from babel import Locale

from language.matching import fold

# Languages in which the name of a month or day has this form, but for an ending of `_ENDING`.
READ = frozenset({"da", "de", "en", "es", "fr", "it", "nl", "pt", "sv"})
MONTHS: Mapping[int, str] = Locale.parse("en").months["format"]["wide"]
"""English names of the months, 1-12."""
_ENDING = "(?:s|en)?"  # "Mondays", "zondagen"
_AMBIGUOUS = frozenset({"march", "may"})  # verbs too: names only behind these words
_BEFORE = r"(?<=\bin )|(?<=\bof )|(?<=\bby )|(?<=\bsince )|(?<=\buntil )|(?<=\bfrom )"


def calendar_names(text: str, language: str) -> frozenset[str]:
    """The months and days of the week in a text, by their English names; empty in a language that
    inflects them.

    >>> sorted(calendar_names("Het is in mei op zondagen gesloten.", "nl"))
    ['May', 'Sunday']
    """
    if language not in READ:
        return frozenset()
    named, known = _pattern(language), _names(language)
    return frozenset(known[match["name"]] for match in named.finditer(fold(text)))


@cache
def _pattern(language: str) -> re.Pattern[str]:
    names = set(_names(language))
    ambiguous = names & _AMBIGUOUS if language == "en" else set()
    plain = rf"\b(?!mais\b)(?P<name>{_either(names - ambiguous)}){_ENDING}\b"
    if not ambiguous:
        return re.compile(plain)
    dated = rf"(?:{_BEFORE}|(?<=\d ))(?:{_either(ambiguous)})\b|\b(?:{_either(ambiguous)})(?= \d)"
    return re.compile(rf"(?P<name>(?:{dated})|\b(?:{_either(names - ambiguous)})(?={_ENDING}\b))")


def _either(names: set[str]) -> str:
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


@cache
def _names(language: str) -> Mapping[str, str]:
    """Folded names of months and days, and what they are in English."""
    own, english = Locale.parse(language), Locale.parse("en")
    return {
        fold(name): told["format"]["wide"][number]
        for names, told in ((own.months, english.months), (own.days, english.days))
        for context in ("format", "stand-alone")
        for number, name in names[context]["wide"].items()
    }
