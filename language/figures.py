"""Figures, dates and references to documents in a text: to compare, and as written."""

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.dates import format_date

from language.vocabulary import months, vocabulary
from language.words import GROUPED, fold, words

Quantity = tuple[Decimal, str]  # 30 billion euros: (30000000000, "EUR")
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
_FIGURE = re.compile(r"\d+(?:[.,/]\d+)*")
_WRITTEN = re.compile(f"{GROUPED.pattern}|{_FIGURE.pattern}")
_DIGITS_IN_WORD = re.compile(r"[^\W\d]+\d\w*|\b\d+[^\W\d]\w*")
_MONEY = re.compile(r"[€$£]|\b(?:eur|euros?|dollars?|usd)\b")


def figures(text: str) -> frozenset[str]:
    """The normalised numbers of a text: decimal commas become points.

    >>> sorted(figures("EUR 11,6 billion in 2019, 725 000 reports"))
    ['11.6', '2019', '725000']
    """
    return frozenset(match.replace(",", ".") for match in _FIGURE.findall(fold(text)))


def digits(text: str) -> frozenset[str]:
    """The figures of a text by their digits, whatever their points, commas and spaces mean.

    >>> sorted(digits("8.768 or 120 in 725 000"))
    ['000', '120', '725', '725000', '8768']
    """
    text = unicodedata.normalize("NFKC", text)
    figures = (*_FIGURE.findall(text), *GROUPED.findall(text))
    return frozenset(re.sub(r"\D", "", figure) for figure in figures)


def figures_as_written(text: str) -> dict[str, str]:
    """Maps each normalised number to how it is written; without digits within a word ("E2EE").

    >>> figures_as_written("11,6 miljard of 725 000 over E2EE?")
    {'11.6': '11,6', '725000': '725 000'}
    """
    text = unicodedata.normalize("NFKC", _DIGITS_IN_WORD.sub(" ", text))
    return {figure: match[0] for match in _WRITTEN.finditer(text) for figure in figures(match[0])}


def quantities(folded: str, language: str) -> frozenset[Quantity]:
    """The figures of a folded text with scale and unit; its dates and references count too, so take
    them out before.

    >>> quantities("30 billion euros", "en")
    frozenset({(Decimal('30000000000'), 'EUR')})
    """
    return frozenset(_quantity(match, language) for match in _quantities(language).finditer(folded))


def spelt_out(folded: str, language: str) -> list[int]:
    """The numbers of a folded text that are written in words, in its order.

    >>> spelt_out("the two or three of them", "en")
    [2, 3]
    """
    known = vocabulary(language).numbers
    return [known[word] for word in words(folded) if word in known]


def amounts(text: str, language: str) -> Iterator[tuple[str, str]]:
    """The figures of a text as written, to show: with currency, "%" or scale, and the word in small
    letters behind; without those of dates and references.

    >>> list(amounts("46% of 3.1 million reports in 2019", "en"))
    [('46%', ''), ('3.1 million', ' reports')]
    """
    text = _shown(language).sub(_blank, without_references(text))
    return ((match["amount"], match["noun"] or "") for match in _amount(language).finditer(text))


def names_money(text: str) -> bool:
    """Whether a text has a currency that is written alike in most languages, by sign or name."""
    return _MONEY.search(text.casefold()) is not None


@cache
def _quantities(language: str) -> re.Pattern[str]:
    words = vocabulary(language)
    units = _alternatives(words.units)
    scale = f"(?P<scale>{_alternatives(words.scales)})" if words.scales else "(?P<scale>(?!))"
    return re.compile(
        rf"(?:(?P<before>{units}) ?)?(?<![\w/])(?P<figure>\d+(?:[.,]\d+)*)"
        rf"(?:[ -]?{scale}(?!\w)\.?)?(?:[ -]?(?:of |de |d'|di )?(?P<after>{units})(?!\w))?"
    )


def _quantity(match: re.Match[str], language: str) -> Quantity:
    words = vocabulary(language)
    figure = match["figure"].replace(",", ".")
    # 1.2.3 is no decimal number: its digits are compared.
    value = Decimal(figure if figure.count(".") < 2 else figure.replace(".", ""))
    unit = words.units.get(match["after"] or match["before"] or "", "")
    return (value * words.scales.get(match["scale"] or "", 1), unit)


@cache
def _amount(language: str) -> re.Pattern[str]:
    scales = _alternatives(vocabulary(language).scales) or "(?!)"
    return re.compile(
        rf"(?P<amount>(?:(?:EUR|USD|€|\$|£) ?)?\d+(?:[.,  \u202f]\d+)*(?: ?%| (?:{scales})\b)?)"
        rf"(?P<noun>(?<!%) [^\W\d_A-Z]+)?"
    )


def _alternatives(words: Collection[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


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
    plain = rf"\b(?!mais\b)(?P<name>{_alternatives(names - ambiguous)}){_ENDING}\b"
    if not ambiguous:
        return re.compile(plain)
    verbs, others = _alternatives(ambiguous), _alternatives(names - ambiguous)
    dated = rf"(?:{_BEFORE}|(?<=\d ))(?:{verbs})\b|\b(?:{verbs})(?= \d)"
    return re.compile(rf"(?P<name>(?:{dated})|\b(?:{others})(?={_ENDING}\b))")


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


def has_date(dates: Collection[Date], years: Collection[int], claimed: Date) -> bool:
    """Whether one of the dates equals the claimed one or is more precise; one without a year may
    be of any of the `years` that stand apart."""
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
    month = rf"(?P<month>{_alternatives(months(language))})\b\.?"
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
    """Pattern for a day, a range of days, a month with its year, and a year alone."""
    names = _alternatives(months(language))
    number = rf"\b\d{{1,2}}{_ORDINAL}"
    day = rf"{number}(?: ?[-–] ?{number}| (?:to|and|tot|en|bis|und|au|et) {number})? "
    year = rf"\.? (?:\d{{1,2}}, )?{_YEAR}"
    return re.compile(rf"(?i:{day}(?:{names})\b(?:{year})?|\b(?:{names})\b{year})|{_YEAR_ALONE}")


def _date(match: re.Match[str], language: str) -> Date:
    found = match.groupdict()
    name, year, day = found["month"], found.get("year"), found.get("day")
    month = int(name) if name.isdigit() else months(language)[name]
    return (int(year) if year else None, month, int(day) if day else None)


def celex_number(sectors: str) -> str:
    """Pattern for a CELEX number; `sectors` is its first character, as in a character class: 3 an
    act, 5 a document that prepares one, 0 a consolidated text, C and E others of the Official
    Journal."""
    return rf"[{sectors}]\d{{4}}[A-Z]{{1,2}}\d{{4}}(?:\(\d\d\))?"


def document_number(letters: str) -> str:
    """Pattern for the number of a document of an institution, without "final"; `letters` are the
    alternatives before the year, such as "COM|SWD"."""
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
    return _ALIKE.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
