"""Tells whether two questions that sound alike ask different things.

"How many reports in 2021?" and "How many reports in 2019?" are near for any embedder. So facts
decide: figures and dates, countries, bodies and other names, a negation, and the kind of answer.

Two questions differ where each has a fact of a kind that the other lacks; one that says less than
the other ("how many reports?") does not differ from it, but for a country, which is a limit.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from language.countries import countries
from language.cues import asks, cues_of, has_cues
from language.matching import fold
from language.proper_names import capitals
from language.quantities import figures_as_written
from language.vocabulary import translations, vocabulary

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_COUNT = {"number", "amount"}  # "how much" is either


class Asked(NamedTuple):
    """What a question is specific about."""

    figures: frozenset[str]
    countries: frozenset[str]
    acronyms: frozenset[str]
    names: frozenset[str]
    language: str
    negated: bool
    kinds: frozenset[str]


@lru_cache(maxsize=20_000)
def asked(question: str, language: str) -> Asked:
    """The specifics of a question; `language` in ISO 639-1."""
    words = _WORD.findall(fold(question))
    padded = f" {' '.join(words)} "
    with_capitals = capitals(question, language)
    numbers = vocabulary(language).numbers
    return Asked(
        figures=frozenset(figures_as_written(unicodedata.normalize("NFKC", question)))
        | {str(numbers[word]) for word in words if numbers.get(word, 0) > 1}
        | _ordinals(words, language),
        countries=frozenset(countries(question, language)),
        acronyms=with_capitals.acronyms,
        names=with_capitals.names,
        language=language,
        negated=not vocabulary(language).negations.isdisjoint(words),
        kinds=frozenset(
            kind
            for kind, cues in asks(language).items()
            if any(f" {fold(cue)} " in padded for cue in cues)
        ),
    )


def differ(one: Asked, other: Asked) -> bool:
    """Whether two questions ask different things, as far as their facts tell."""
    kinds, other_kinds = _together(one.kinds), _together(other.kinds)
    return (
        _exclude(one.figures, other.figures)
        or one.countries != other.countries
        or _exclude(_spelt(one.acronyms), _spelt(other.acronyms))
        or (one.language == other.language and _exclude(one.names, other.names))
        or one.negated != other.negated
        or bool(kinds and other_kinds and kinds.isdisjoint(other_kinds))
    )


def _ordinals(words: Iterable[str], language: str) -> frozenset[str]:
    """The places in an order that are named: "the eighth report" -> {"#8"}."""
    if not has_cues(language):
        return frozenset()
    beginnings = cues_of(language).ordinals
    return frozenset(
        f"#{place}"
        for word in words
        for place, begins in enumerate(beginnings, start=1)
        if word.startswith(fold(begins))
    )


def covers(prepared: Asked, one: Asked) -> bool:
    """Whether a prepared question has all figures of another one, and its kinds of answer."""
    return (
        not differ(one, prepared)
        and one.figures <= prepared.figures
        and _together(one.kinds) == _together(prepared.kinds)
    )


def _exclude(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether each of two sets has something that the other lacks."""
    return bool(some - others) and bool(others - some)


def _spelt(acronyms: frozenset[str]) -> frozenset[str]:
    """Acronyms by one spelling of all languages."""
    return frozenset(min({name, *translations(name)}) for name in acronyms)


def _together(kinds: frozenset[str]) -> frozenset[str]:
    return kinds | _COUNT if kinds & _COUNT else kinds
