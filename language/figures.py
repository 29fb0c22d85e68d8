"""Figures of a text: to compare, with scale and unit, and as written."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import cache

from language.dates import without_dates
from language.matching import GROUPED, fold
from language.words import vocabulary, words

Quantity = tuple[Decimal, str]  # 30 billion euros: (30000000000, "EUR")

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
    text = without_dates(text, language)
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
