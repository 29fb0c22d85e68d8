"""Detail check: what a sentence states exactly, its evidence must have, in whatever language.

sentence -> figures with scale and unit, dates, references, names, negation -> compared

The comparison is strict: withholding a sentence costs less than showing a wrong one.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from language.countries import countries
from language.cues import cues_of
from language.dates import Date, dates_in, has_date
from language.matching import fold
from language.vocabulary import PERCENT, translations, vocabulary

Quantity = tuple[Decimal, str]  # 30 billion euros: (30000000000, "EUR")

# Languages that do not inflect names (but for a genitive s) and capitalise only names.
_NAMES_STAY = frozenset({"da", "en", "es", "fr", "it", "nl", "pt", "sv"})
# COM(2020) 607 final, 2011/93/EU, 9945/20, 52020DC0606(01); the institution is not compared.
_REFERENCE = re.compile(
    r"\b(?P<act>[a-z]{2,6} ?\(\d{4}\) ?\d+)(?: final(?:/\d+)?)?"
    r"|\b(?P<number>\d+/\d+)\b(?:/[a-zα-ω]{2,5}\b)?"
    r"|\b(?P<celex>\d{5}[a-z]{1,2}\d{4}(?:\(\d+\))?)"
)
_REFERENCE_AS_WRITTEN = re.compile(_REFERENCE.pattern, re.IGNORECASE)
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_FOLDED = re.compile(r"\w+")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)[\s\W]*$")


@dataclass(frozen=True)
class Details:
    """Checkable details of a text in one language.

    `names` are folded words with a capital, but for the first word of a sentence.
    """

    language: str
    quantities: frozenset[Quantity]
    worded: frozenset[Quantity]  # spelt-out numbers
    dates: frozenset[Date]
    references: frozenset[str]
    acronyms: frozenset[str]
    names: frozenset[str]
    countries: frozenset[str]  # ISO 3166 codes
    words: frozenset[str]
    denies: bool


@lru_cache(maxsize=4096)
def details(text: str, language: str) -> Details:
    """Extracts the details of a text."""
    dates, rest = dates_in(fold(text), language)
    references = {_reference(match) for match in _REFERENCE.finditer(rest)}
    rest = _REFERENCE.sub(" ; ", rest)
    words = vocabulary(language)
    quantities = {_quantity(match, language) for match in _amounts(language).finditer(rest)}
    worded = {
        (Decimal(words.numbers[word]), "")
        for word in _FOLDED.findall(rest)
        if word in words.numbers
    }
    acronyms, names = _names(text, language)
    return Details(
        language=language,
        quantities=frozenset(quantities),
        worded=frozenset(worded),
        dates=dates,
        references=frozenset(references),
        acronyms=acronyms,
        names=names,
        countries=frozenset(countries(text, language)),
        words=frozenset(_FOLDED.findall(fold(text))),
        denies=_denies(fold(text), language),
    )


def lacking(claim: Details, said: Sequence[Details], about: Sequence[Details]) -> list[str]:
    """Details of a claim that its evidence lacks, in normalised form.

    Args:
        claim: the sentence to verify.
        said: the quoted units, best first, each with its heading and lead-in.
        about: metadata of their documents (title, publisher, headings). It may supply names, but no
            figures, dates or references: a reader would not find those in the quotes.
    """
    has = frozenset().union(*(one.quantities | one.worded for one in said))
    dates = frozenset().union(*(one.dates for one in said))
    years = {int(value) for value, unit in has if not unit}
    has |= {(Decimal(year), "") for year, _, _ in dates if year}
    demanded = set(claim.quantities)
    if all(vocabulary(one.language).numbers for one in said):  # number words are known
        demanded |= claim.worded
    words = frozenset().union(*(one.words | one.acronyms for one in (*said, *about)))
    countries = frozenset().union(*(one.countries for one in (*said, *about)))
    same = {one.language for one in said} == {claim.language}
    return [
        *(f"{one[0]:f} {one[1]}".strip() for one in demanded if not _is_among(one, has)),
        *(_written(one) for one in claim.dates if not has_date(dates, years, one)),
        *sorted(claim.references - frozenset().union(*(one.references for one in said))),
        *(one for one in sorted(claim.acronyms) if not {one, *translations(one)} & words),
        *(sorted(claim.names - words) if same else ()),
        *(sorted(claim.countries - countries) if countries and not same else ()),
    ]


def doubtful(claim: Details, said: Sequence[Details]) -> list[str]:
    """Details of a claim that its best unit does not bear out: a date or reference that only
    another unit has, a negation that the evidence lacks, or one that the claim lacks.

    Args:
        claim: the sentence to verify.
        said: the quoted units, best first, each with its heading and lead-in.
    """
    first = said[0]
    years = {int(value) for value, unit in first.quantities if not unit}
    found = [_written(one) for one in claim.dates if not has_date(first.dates, years, one)]
    found += sorted(claim.references - first.references)
    if claim.denies and not any(one.denies for one in said):
        found.append("that it denies")
    if first.denies and not claim.denies:
        found.append("that it does not deny")
    return found


def unexplained_names(
    claim: Details, said: Sequence[Details], about: Sequence[Details]
) -> frozenset[str]:
    """Names in a claim that evidence in another language lacks in this form, so that only a
    translation could support them; without countries and names that every document has."""
    words = frozenset().union(*(one.words | one.acronyms for one in (*said, *about)))
    common = frozenset(cues_of(claim.language).common)
    return frozenset(
        name
        for name in claim.names - words - common
        if not countries(name.capitalize(), claim.language)
    )


def _is_among(one: Quantity, others: Collection[Quantity]) -> bool:
    return any(_same(one, other) for other in others)


def _written(date: Date) -> str:
    return "-".join(str(part) for part in date if part)


def _same(claimed: Quantity, found: Quantity) -> bool:
    """Equal value, and equal unit if both have one; a percentage never equals a plain number."""
    units = {claimed[1], found[1]}
    return claimed[0] == found[0] and (len(units) == 1 or ("" in units and PERCENT not in units))


def _reference(match: re.Match[str]) -> str:
    return re.sub(r"\s", "", match["act"] or match["number"] or match["celex"])


@cache
def _amounts(language: str) -> re.Pattern[str]:
    words = vocabulary(language)
    units = _alternatives(words.units)
    scale = f"(?P<scale>{_alternatives(words.scales)})" if words.scales else "(?P<scale>(?!))"
    return re.compile(
        rf"(?:(?P<before>{units}) ?)?(?<![\w/])(?P<figure>\d+(?:[.,]\d+)*)"
        rf"(?:[ -]?{scale}(?!\w)\.?)?(?:[ -]?(?:of |de |d'|di )?(?P<after>{units})(?!\w))?"
    )


def _alternatives(words: Collection[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _quantity(match: re.Match[str], language: str) -> Quantity:
    words = vocabulary(language)
    figure = match["figure"].replace(",", ".")
    # 1.2.3 is no decimal number: its digits are compared.
    value = Decimal(figure if figure.count(".") < 2 else figure.replace(".", ""))
    unit = words.units.get(match["after"] or match["before"] or "", "")
    return (value * words.scales.get(match["scale"] or "", 1), unit)


def _names(text: str, language: str) -> tuple[frozenset[str], frozenset[str]]:
    """Acronyms, and capitalised words other than a sentence's first; all folded."""
    text = _REFERENCE_AS_WRITTEN.sub(" ", unicodedata.normalize("NFKC", text))
    acronyms: set[str] = set()
    names: set[str] = set()
    for match in _WORD.finditer(text):
        word = re.sub(r"['’]s$", "", match.group())
        name = max(_FOLDED.findall(fold(word)), key=len)  # the name in "d'Europol"
        capitals = sum(character.isupper() for character in word)
        has_digit = any(character.isdigit() for character in word)
        if not word[0].isalpha() or not capitals or len(word) < 2:
            continue
        if name in vocabulary(language).units:  # "EUR" is part of a figure
            continue
        if capitals > 1 or has_digit:
            acronyms.add(name.removesuffix("s") if word[-1] == "s" else name)
        elif (
            language in _NAMES_STAY
            and name not in vocabulary(language).months
            and not _SENTENCE_START.search(text[: match.start()])
        ):
            names.add(name)
    return frozenset(acronyms), frozenset(names)


def _denies(folded: str, language: str) -> bool:
    words = vocabulary(language)
    for phrase in words.no_negation:
        folded = re.sub(rf"\b{re.escape(phrase)}\b", " ", folded)
    # Hyphenated words are kept whole: "non-governmental" is no negation.
    found = re.findall(r"[\w'-]+", folded)
    return any(word in words.negations or word.endswith("n't") for word in found)
