"""Dates and legal acts that a text names."""

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date

from core.source import DocumentInfo
from core.yaml_files import read_yaml
from language.matching import fold, without_accents

# Months and days of the week that a text names, with or without a date.


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


# Dates in running text: written out in any official language of the EU, or in figures.


Date = tuple[int | None, int, int | None]  # year, month, day

_LEAP_YEAR = 2000  # has every day that a year may have
_YEAR = r"[12]\d{3}"
_ORDINAL = r"(?:\.|er|st|nd|rd|th|º|°)?"  # behind the figure of a day
_YEAR_ALONE = rf"(?<![\d(/]){_YEAR}(?![\d)/])"  # not of COM(2020) 607 or 2011/93


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


@cache
def locale(language: str) -> Locale:
    """The locale of a language (ISO 639-1); for English the British one, with the day first."""
    return Locale.parse({"en": "en_GB"}.get(language, language))


def written(day: datetime.date, language: str) -> str:
    """A date written out, such as "24 juli 2020"."""
    return format_date(day, "long", locale=locale(language))


def written_in_part(date: Date, language: str) -> str:
    """A date of which the year or the day may be missing, written out.

    >>> written_in_part((2022, 1, None), "fr"), written_in_part((2022, 1, 24), "fr")
    ('janvier 2022', '24 janvier 2022')
    """
    year, month, day = date
    some = calendar_day(year or _LEAP_YEAR, month, day or 1)
    if some is None:  # a model may name the 31st of June
        return "-".join(str(part) for part in (day, month, year) if part)
    form = ("d MMMM" if day else "LLLL") + (" y" if year else "")
    return format_date(some, form, locale=locale(language))


def dates_in(folded: str, language: str) -> tuple[frozenset[Date], str]:
    """The dates of a folded text, and the text without them."""
    dates: set[Date] = set()
    for pattern in _patterns(language):
        dates |= {_date(match, language) for match in pattern.finditer(folded)}
        folded = pattern.sub(" ; ", folded)
    return frozenset(dates), folded


def day_in(text: str, language: str) -> datetime.date | None:
    """The only date with day, month and year in a text; None without one, or with several.

    >>> day_in("Brussels, 24 July 2020", "en")
    datetime.date(2020, 7, 24)
    """
    return only_day(dates_in(fold(text), language)[0])


def only_day(dates: Collection[Date]) -> datetime.date | None:
    """The only complete one of some dates; None without one, or with several."""
    whole = [(year, month, day) for year, month, day in dates if year and day]
    return calendar_day(*whole[0]) if len(whole) == 1 else None


def calendar_day(year: int, month: int, day: int) -> datetime.date | None:
    """The date; None if the calendar lacks it, like the 31st of June."""
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def dates_as_written(text: str, language: str) -> Iterator[str]:
    """Dates and years in a text, to show, without those in references.

    >>> list(dates_as_written("From 1 to 30 June 2020, COM(2020) 607, and in 2021", "en"))
    ['1 to 30 June 2020', '2021']
    """
    return (match[0] for match in _shown(language).finditer(without_references(text)))


def without_dates(text: str, language: str) -> str:
    """A text with blanks for its references and for what `dates_as_written` finds."""
    return _shown(language).sub(lambda match: " " * len(match[0]), without_references(text))


def has_date(dates: Collection[Date], years: Collection[int], claimed: Date) -> bool:
    """Whether one of the dates equals the claimed one or is more precise.

    A date without a year may be of any of the `years` that stand apart.
    """
    year, month, day = claimed
    return any(
        other[1] == month
        and day in (None, other[2])
        and (year in (None, other[0]) or (other[0] is None and year in years))
        for other in dates
    )


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """Patterns for 24 july 2020, july 24, 2020, 2020. július 24., 2020 m. liepos 24 d., 2020. gada
    24. jūlijs, july 2020, 2020-07-24, 24.7.2020."""
    month = rf"(?P<month>{_names_of_months(language)})\b\.?"
    day = rf"\b(?P<day>[0-3]?\d){_ORDINAL}"
    year = rf"(?P<year>{_YEAR})\b"
    of = r" (?:of |de |di |d'|ta' )?"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"\b(?P<year>{_YEAR})-(?P<month>[01]\d)-(?P<day>[0-3]\d)\b",
            rf"\b(?P<day>[0-3]?\d)[./-] ?(?P<month>[01]?\d)[./-] ?{year}",
            rf"\b{year}\.? gada {day} {month}",
            rf"{day}{of}{month}(?:,?{of}{year})?",
            rf"\b{month} {day},? {year}",
            rf"\b{year}\.?(?: m\.)? {month} {day}",
            rf"\b{month}{of}{year}",
        )
    )


@cache
def _shown(language: str) -> re.Pattern[str]:
    """Pattern for a day, with or without its year, a range of days, a month with its year, and a
    year alone."""
    names = _names_of_months(language)
    one = rf"\b\d{{1,2}}{_ORDINAL}"
    day = rf"{one}(?: ?[-–] ?{one}| (?:to|and|tot|en|bis|und|au|et) {one})? "
    year = rf"\.? (?:\d{{1,2}}, )?{_YEAR}"
    return re.compile(rf"(?i:{day}(?:{names})\b(?:{year})?|\b(?:{names})\b{year})|{_YEAR_ALONE}")


@cache
def _names_of_months(language: str) -> str:
    return "|".join(map(re.escape, sorted(months(language), key=len, reverse=True)))


def _date(match: re.Match[str], language: str) -> Date:
    found = match.groupdict()
    name, year, day = found["month"], found.get("year"), found.get("day")
    month = int(name) if name.isdigit() else months(language)[name]
    return (int(year) if year else None, month, int(day) if day else None)


# Numbers of documents and legal acts in a text.


# Numbers of acts and documents: 2011/93/EU, COM(2020) 607 final, 52020DC0606(01).


def celex_number(sectors: str) -> str:
    """Pattern for a CELEX number.

    Args:
        sectors: its first character, as in a character class: 3 an act, 5 a document that prepares
            one, 0 a consolidated text, C and E others of the Official Journal.
    """
    return rf"[{sectors}]\d{{4}}[A-Z]{{1,2}}\d{{4}}(?:\(\d\d\))?"


def document_number(letters: str) -> str:
    """Pattern for the number of a document of an institution, without "final".

    Args:
        letters: the alternatives before the year, such as "COM|SWD".
    """
    return rf"(?:{letters}) ?\(\d{{4}}\) ?\d+"


# The institution of an act (/EU) and the state of a document (final) are not compared.
_REFERENCE = re.compile(
    rf"\b(?P<document>{document_number('[a-z]{2,6}')})(?: final(?:/\d+)?)?"
    r"|\b(?P<act>\d+/\d+)\b(?:/[a-zα-ω]{2,5}\b)?"
    rf"|\b(?P<celex>{celex_number('0-9')})",
    re.IGNORECASE,
)
# Whatever looks like a number of a document, also C(2020) 1 and 24/7/2020, so that no part of it is
# shown as a figure or a year.
_ALIKE = re.compile(r"\w+\(\d+\) ?\d+|\d+/\d+(?:/\w+)?")
_ACT = re.compile(r"3(\d{4})[A-Z]{1,2}(\d{4})")


def references_in(text: str) -> tuple[frozenset[str], str]:
    """The references of a text, folded and without spaces, and the text without them.

    >>> sorted(references_in("COM(2020) 607 final and Directive 2011/93/EU")[0])
    ['2011/93', 'com(2020)607']
    """
    found = (match[1] or match[2] or match[3] for match in _REFERENCE.finditer(text))
    return (
        frozenset(re.sub(r"\s", "", reference).casefold() for reference in found),
        _REFERENCE.sub(" ; ", text),
    )


def without_references(text: str) -> str:
    """A text with blanks for what looks like a reference, to show its figures and dates."""
    return _ALIKE.sub(lambda match: " " * len(match[0]), text)


def year_and_number(celex: str) -> tuple[str, str] | None:
    """The year and number of an act by its CELEX number; None for other documents.

    >>> year_and_number("32011L0093")
    ('2011', '93')
    """
    act = _ACT.match(celex)
    return (act[1], str(int(act[2]))) if act else None


# Names of EU acts: "AVG", "the AI Act", "Directive 2011/93/EU", "COM(2020) 607".


_FILE = Path(__file__).with_name("acts.yaml")
_LONGEST = 8  # words; the longest name in acts.yaml has 7
_OWN_REFERENCE = re.compile(document_number("COM|SWD|JOIN"))

Names = Mapping[str, frozenset[str]]


def names_of(document: DocumentInfo) -> tuple[str, ...]:
    """The common names of a document in several languages; most documents have none.

    >>> names_of(DocumentInfo(id="a", language="fr", title="RÈGLEMENT", celex="32016R0679"))[:3]
    ('GDPR', 'General Data Protection Regulation', 'AVG')
    """
    return _common_names().get(document.celex, ())


def names_in(documents: Iterable[DocumentInfo]) -> Names:
    """Maps each normalised name or number to the keys of the documents it belongs to."""
    keys: dict[str, set[str]] = {}
    for document in documents:
        for name in (*names_of(document), *_numbers(document)):
            keys.setdefault(" ".join(_words(name)), set()).add(document.key)
    return {name: frozenset(of) for name, of in keys.items()}


def named(question: str, names: Names) -> frozenset[str]:
    """The documents (keys) that a question names.

    >>> named("Wat is de boete volgens de AVG?", {"avg": frozenset({"gdpr.fr"})})
    frozenset({'gdpr.fr'})
    """
    words = _words(question)
    said = (
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
    )
    return frozenset(key for name in said for key in names.get(name, ()))


def _numbers(document: DocumentInfo) -> Iterator[str]:
    if act := year_and_number(document.celex):
        year, number = act
        yield from (f"{year}/{number}", f"{number}/{year}")
        if year < "2000":
            yield f"{year[2:]}/{number}"
    if reference := _OWN_REFERENCE.match(document.reference):
        yield reference[0]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", without_accents(fold(text)))


@cache
def _common_names() -> Mapping[str, tuple[str, ...]]:
    listed = read_yaml(_FILE.read_text("utf-8"))
    return {celex: tuple(re.split(r",\s+", names)) for celex, names in listed.items()}
