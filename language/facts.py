"""Facts of a text: what it states exactly, in a form that is the same in every language.

text -> figures with scale and unit, dates, references, names, countries
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from language.calendar_names import calendar_names
from language.countries import countries
from language.dates import Date, dates_in
from language.document_numbers import references_in
from language.matching import fold
from language.proper_names import capitals, initials
from language.quantities import Quantity, quantities, spelt_out
from language.vocabulary import vocabulary


@dataclass(frozen=True)
class Facts:
    """The facts of a text in one language.

    `names` are folded words with a capital, but for the first word of a sentence, which is among
    `openings`: of these the capital does not tell whether they are names.
    """

    language: str
    quantities: frozenset[Quantity]
    worded: frozenset[Quantity]  # spelt-out numbers
    dates: frozenset[Date]
    references: frozenset[str]
    acronyms: frozenset[str]
    initials: frozenset[str]  # of names of several words, which an acronym may stand for
    names: frozenset[str]
    openings: frozenset[str]
    countries: frozenset[str]  # ISO 3166 codes
    calendar: frozenset[str]  # months and days of the week, in English
    words: frozenset[str]
    is_of_the_speaker: bool  # it speaks of itself: "I", "my"


@lru_cache(maxsize=4096)  # a unit is evidence of many sentences
def facts(text: str, language: str) -> Facts:
    """The facts of a text; `language` in ISO 639-1."""
    folded = fold(text)
    dates, rest = dates_in(folded, language)
    references, rest = references_in(rest)
    with_capitals = capitals(text, language)
    return Facts(
        language=language,
        quantities=quantities(rest, language),
        worded=frozenset((Decimal(number), "") for number in spelt_out(rest, language)),
        dates=dates,
        references=references,
        acronyms=with_capitals.acronyms,
        initials=initials(text),
        names=with_capitals.names,
        openings=with_capitals.openings,
        countries=frozenset(countries(text, language)),
        calendar=calendar_names(text, language),
        words=frozenset(re.findall(r"\w+", folded)),
        is_of_the_speaker=_is_of_the_speaker(folded, language),
    )


def _is_of_the_speaker(folded: str, language: str) -> bool:
    """Whether a text says "my", or begins with "I": within it, that may be a numeral."""
    words = re.findall(r"\w+", folded)
    own = vocabulary(language).speaker
    return bool(words) and (words[0] in own or any(len(word) > 1 and word in own for word in words))
