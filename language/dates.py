"""Dates that a text names: days, months and weekdays, written out or in figures."""

import datetime
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from babel import Locale
from babel.dates import format_date

from language.acts import without_references
from language.matching import fold
from language.words import months

Date = tuple[int | None, int, int | None]  # year, month, day

_LEAP_YEAR = 2000  # has every day that a year may have
_YEAR = r"[12]\d{3}"
_ORDINAL = r"(?:\.|er|st|nd|rd|th|º|°)?"  # behind the figure of a day
_YEAR_ALONE = rf"(?<![\d(/]){_YEAR}(?![\d)/])"  # not of COM(2020) 607 or 2011/93
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
        fold(name): translated["format"]["wide"][number]
        for names, translated in ((own.months, english.months), (own.days, english.days))
        for context in ("format", "stand-alone")
        for number, name in names[context]["wide"].items()
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
    number = rf"\b\d{{1,2}}{_ORDINAL}"
    day = rf"{number}(?: ?[-–] ?{number}| (?:to|and|tot|en|bis|und|au|et) {number})? "
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
