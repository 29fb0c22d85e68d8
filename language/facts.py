"""Facts of a text: names, by their capitals, and all that it states exactly; and what it lacks."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from language.acts import references_in
from language.countries import countries
from language.figures import (
    MONTHS,
    READ,
    Date,
    Quantity,
    calendar_names,
    dates_in,
    has_date,
    quantities,
    spelt_out,
    written_in_part,
)
from language.identify import CAPITALISES_NOUNS
from language.vocabulary import PERCENT, translations, vocabulary
from language.words import fold, without_accents, words

# Languages that do not inflect names (but for a genitive s) and capitalise only names: a name of a
# sentence is found in this form in its evidence.
_NAMES_STAY = frozenset({"da", "en", "es", "fr", "it", "nl", "pt", "sv"})
_STEM = 5  # letters: "strengthening" and "strengthen", "providers" and "provider"
_OWN_NAME = 6  # letters of an acronym from which it is the same in every language: EMPACT, SEESAC
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


class Lacking(NamedTuple):
    """Details of a claim that its evidence lacks, in normalised form."""

    exact: list[str]
    """Figures, dates and references."""
    names: list[str]
    """Names and acronyms that are the same in both."""
    likely: list[str]
    """What may be there in other words: numbers in words, names that begin a sentence, months,
    countries, acronyms in another language."""

    @property
    def all(self) -> list[str]:
        return [*self.exact, *self.names, *self.likely]


def lacking(claim: Facts, evidence: Sequence[Facts], is_name: Callable[[str], bool]) -> Lacking:
    """Names the details that a claim states and its evidence does not.

    The evidence is units, each with its heading and lead-in, and what is known of their documents
    (title, date, headings). Of a word that begins a sentence the capital does not tell whether it
    `is_name`.
    """
    has = frozenset().union(*(unit.quantities | unit.worded for unit in evidence))
    dates = frozenset().union(*(unit.dates for unit in evidence))
    years = {int(value) for value, unit in has if not unit}
    has |= {(Decimal(year), "") for year, _, _ in dates if year}
    words = frozenset().union(*(unit.words | unit.acronyms | unit.initials for unit in evidence))
    same = {unit.language for unit in evidence} == {claim.language}
    acronyms = {name for name in claim.acronyms if not {name, *translations(name)} & words}
    own = {name for name in acronyms if same or len(name) >= _OWN_NAME}
    references = frozenset().union(*(unit.references for unit in evidence))
    exact = [
        as_detail((value, unit))
        for value, unit in claim.quantities
        if not _is_among((value, unit), has)
        and (unit or f"{value:f}" not in words or (value, PERCENT) in has)
    ]
    exact += [
        written_in_part(date, claim.language)
        for date in claim.dates
        if not has_date(dates, years, date)
    ]
    exact += sorted(claim.references - references)
    likely = sorted(acronyms - own)
    if all(vocabulary(unit.language).numbers for unit in evidence):  # number words are known
        likely += [f"{value:f}" for value, _ in claim.worded if not _is_among((value, ""), has)]
    openings = sorted(claim.openings) if same else ()
    likely += [name for name in openings if not has_name(words, name) and is_name(name)]
    if all(unit.language in READ for unit in evidence):
        calendar = frozenset().union(*(unit.calendar for unit in evidence))
        of_dates = {MONTHS[month] for _, month, _ in dates if month in MONTHS}
        likely += sorted(claim.calendar - calendar - of_dates)
    if claim.is_of_the_speaker and not any(unit.is_of_the_speaker for unit in evidence):
        likely.append("who speaks")
    named = frozenset().union(*(unit.countries for unit in evidence))
    if named and not same:  # within a language countries are names
        likely += sorted(claim.countries - named)
    names = sorted(name for name in claim.names if not has_name(words, name)) if same else []
    return Lacking(exact, [*sorted(own), *names], likely)


def as_detail(quantity: Quantity) -> str:
    """A quantity as a detail: "30000000000 EUR"."""
    return f"{quantity[0]:f} {quantity[1]}".strip()


def has_name(words: Collection[str], name: str) -> bool:
    """Whether a name is among words, also with another ending: "Balkan" and "Balkans"."""
    stem = name if len(name) <= _STEM else name[:-1]
    return name in words or (len(name) >= _STEM and any(word.startswith(stem) for word in words))


def _is_among(quantity: Quantity, others: Collection[Quantity]) -> bool:
    """Whether one has the same value, and the same unit if both have one; a percentage never equals
    a plain number."""
    value, unit = quantity
    return any(
        value == other
        and (unit == its_unit or ("" in (unit, its_unit) and PERCENT not in (unit, its_unit)))
        for other, its_unit in others
    )
