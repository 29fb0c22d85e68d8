"""Dates in running text: written out in any official language of the EU, or in figures."""

import datetime
import re
from collections.abc import Collection
from functools import cache

from babel import Locale
from babel.dates import format_date

from language.matching import fold

Date = tuple[int | None, int, int | None]  # year, month, day


@cache
def months(language: str) -> dict[str, int]:
    """Maps the folded month names of a language (ISO 639-1, from Unicode's CLDR) to 1-12."""
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


def dates_in(folded: str, language: str) -> tuple[frozenset[Date], str]:
    """The dates of a folded text, and the text without them."""
    dates: set[Date] = set()
    for pattern in _patterns(language):
        dates |= {_date(match, language) for match in pattern.finditer(folded)}
        folded = pattern.sub(" ; ", folded)
    return frozenset(dates), folded


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
    names = sorted(months(language), key=len, reverse=True)
    month = rf"(?P<month>{'|'.join(map(re.escape, names))})\b\.?"
    day = r"\b(?P<day>[0-3]?\d)(?:\.|er|st|nd|rd|th|º|°)?"
    year = r"(?P<year>[12]\d{3})\b"
    of = r" (?:of |de |di |d'|ta' )?"
    return tuple(
        re.compile(pattern)
        for pattern in (
            r"\b(?P<year>[12]\d{3})-(?P<month>[01]\d)-(?P<day>[0-3]\d)\b",
            r"\b(?P<day>[0-3]?\d)[./-] ?(?P<month>[01]?\d)[./-] ?(?P<year>[12]\d{3})\b",
            rf"\b{year}\.? gada {day} {month}",
            rf"{day}{of}{month}(?:,?{of}{year})?",
            rf"\b{month} {day},? {year}",
            rf"\b{year}\.?(?: m\.)? {month} {day}",
            rf"\b{month}{of}{year}",
        )
    )


def _date(match: re.Match[str], language: str) -> Date:
    found = match.groupdict()
    name, year, day = found["month"], found.get("year"), found.get("day")
    month = int(name) if name.isdigit() else months(language)[name]
    return (int(year) if year else None, month, int(day) if day else None)
