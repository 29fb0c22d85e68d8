"""Facts in a text: names and acronyms, known by their capitals, and all that it states exactly."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from language.acts import references_in
from language.countries import countries
from language.dates import Date, calendar_names, dates_in
from language.figures import Quantity, quantities, spelt_out
from language.identify import CAPITALISES_NOUNS
from language.matching import fold, without_accents
from language.words import vocabulary, words

# Languages that do not inflect names (but for a genitive s) and capitalise only names: a name of a
# sentence is found in this form in its evidence.
_NAMES_STAY = frozenset({"da", "en", "es", "fr", "it", "nl", "pt", "sv"})
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_FOLDED = re.compile(r"\w+")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)[\s\W]*$")
_NAME = re.compile(r"(?:(?<=[^.!?:] )|(?<=[(“\"]))[A-ZÀ-ÞŁŚŻ][\w&-]*(?: [A-ZÀ-ÞŁŚŻ][\w&-]*)*")
_SMALL = r"(?: [a-z]{1,4}){0,2} "  # words that an acronym skips
_FULL_NAME = re.compile(rf"\b[A-Z]\w*(?:{_SMALL}[A-Z]\w*)+")


def is_acronym(word: str) -> bool:
    """Whether a word has several capitals: EMPACT, WePROTECT."""
    return sum(character.isupper() for character in word) > 1


class Capitals(NamedTuple):
    """Folded words with capitals: acronyms, those within a sentence, and those that begin one."""

    acronyms: frozenset[str]
    names: frozenset[str]
    openings: frozenset[str]


def capitals(text: str, language: str) -> Capitals:
    """The words with capitals in a text.

    A word with a capital and a digit ("E2EE") is an acronym here. There are no names and no
    openings in a language that inflects names or capitalises other words.
    """
    _, text = references_in(unicodedata.normalize("NFKC", text))
    acronyms: set[str] = set()
    names: set[str] = set()
    openings: set[str] = set()
    for match in _WORD.finditer(text):
        word = re.sub(r"['’]s$", "", match.group())
        if not word[0].isalpha() or len(word) < 2 or not any(map(str.isupper, word)):
            continue
        # the name in "d'Europol", "dell'UE" and "L'Union"
        pieces = [piece for piece in re.split(r"['’]", word) if any(map(str.isupper, piece))]
        word = max(pieces, key=len)
        name = max(_FOLDED.findall(fold(word)), key=len)
        if name in vocabulary(language).units:  # "EUR" is part of a figure
            continue
        if is_acronym(word) or any(map(str.isdigit, word)):
            acronyms.add(name.removesuffix("s") if word[-1] == "s" else name)
        elif language in _NAMES_STAY and name not in vocabulary(language).months:
            if not _SENTENCE_START.search(text[: match.start()]):
                names.add(name)
            elif name not in vocabulary(language).openings:
                openings.add(name)
    return Capitals(frozenset(acronyms), frozenset(names), frozenset(openings))


def names_as_written(text: str, language: str) -> Iterator[str]:
    """Names in a text, to show: rows of capitalised words within a sentence; none in a language
    like German, which capitalises all nouns.

    >>> list(names_as_written("So said the European Commission and Eurojust.", "en"))
    ['European Commission', 'Eurojust']
    """
    if language == CAPITALISES_NOUNS:
        return iter(())
    return (match[0] for match in _NAME.finditer(text))


def initials(text: str) -> frozenset[str]:
    """Folded initials of the names of several words in a text, which an acronym may stand for.

    >>> initials("the European Economic and Social Committee")
    frozenset({'eesc'})
    """
    names = _FULL_NAME.findall(without_accents(text))
    return frozenset("".join(re.findall("[A-Z]", name)).casefold() for name in names)


@dataclass(frozen=True)
class Facts:
    """The facts of a text in one language."""

    language: str
    quantities: frozenset[Quantity]
    worded: frozenset[Quantity]  # spelt-out numbers
    dates: frozenset[Date]
    references: frozenset[str]
    acronyms: frozenset[str]
    initials: frozenset[str]  # of names of several words, which an acronym may stand for
    names: frozenset[str]  # folded words with a capital within a sentence
    openings: frozenset[str]  # those that begin one, where any word has a capital
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
        words=frozenset(words(text)),
        is_of_the_speaker=_is_of_the_speaker(words(text), language),
    )


def _is_of_the_speaker(text: Sequence[str], language: str) -> bool:
    """Whether a text says "my", or begins with "I": within it, that may be a numeral."""
    own = vocabulary(language).speaker
    return bool(text) and (text[0] in own or any(len(word) > 1 and word in own for word in text))
