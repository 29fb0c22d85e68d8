"""Answer types: which type a question asks for, and the mentions of that type in a text.

The cue words are in language/cues.yaml.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from language.cues import asks, cues_of
from language.identify import CAPITALISES_NOUNS
from language.matching import fold
from language.vocabulary import vocabulary
from vectorstore.keyword import content_words

_MOST_COUNTED = 60  # a larger number in a question is not a count of things asked for
_ASKED = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # jusqu'à and end-to-end are one word each
# COM(2020) 607, 2011/93/EU, 24 July 2020 and a bare year are no amounts.
_REFERENCE = r"\w+\(\d+\) ?\d+|\d+/\d+(?:/\w+)?"
_YEAR = r"(?<![\d(/])[12]\d{3}(?![\d)/])"
_NAME = re.compile(r"(?:(?<=[^.!?:] )|(?<=[(“\"]))[A-ZÀ-ÞŁŚŻ][\w&-]*(?: [A-ZÀ-ÞŁŚŻ][\w&-]*)*")


def asks_for(question: str, language: str) -> frozenset[str]:
    """Answer types of a question: "list", "number", "date", "name", "amount" (of money), "reason";
    may be empty.

    >>> sorted(asks_for("Since when, and how many?", "en"))
    ['date', 'number']
    """
    padded = f" {fold(' '.join(_ASKED.findall(question)))} "
    return frozenset(
        kind
        for kind, words in _cues(language).items()
        if any(f" {word} " in padded for word in words)
    )


def counted(question: str, language: str) -> int:
    """Number of things a question asks for ("the eight priorities"); 0 if it does not say."""
    known = vocabulary(language).numbers
    said = [fold(word) for word in re.findall(r"\w+", question)]
    numbers = [known[word] for word in said if word in known]
    numbers += [int(word) for word in said if word.isdecimal() and 1 < int(word) <= _MOST_COUNTED]
    return next(iter(numbers), 0)


def numbers(text: str, language: str) -> Iterator[str]:
    """Numbers in a text, each with the noun it counts; dates and references are skipped."""
    text = re.sub(f"{_REFERENCE}|{_date(language)}|{_YEAR}", lambda m: " " * len(m[0]), text)
    for match in _amount(language).finditer(text):
        noun = match["noun"] or ""
        yield match["amount"] + (noun if content_words(noun, language) else "")


def dates(text: str, language: str) -> Iterator[str]:
    """Dates and years in a text; those in references are skipped."""
    text = re.sub(_REFERENCE, lambda m: " " * len(m[0]), text)
    return (match[0] for match in re.finditer(f"{_date(language)}|{_YEAR}", text))


def names(text: str, language: str) -> Iterator[str]:
    """Names in a text: capitalised words within a sentence; none in a language like German, which
    capitalises all nouns."""
    if language == CAPITALISES_NOUNS:
        return iter(())
    return (match[0] for match in _NAME.finditer(text))


def gives_reason(text: str, language: str) -> bool:
    """Whether a text has a causal word ("because")."""
    words = " ".join(["", *re.findall(r"\w+", text.casefold()), ""])
    return any(f" {word} " in words for word in cues_of(language).causal)


@cache
def _cues(language: str) -> Mapping[str, tuple[str, ...]]:
    return {kind: tuple(map(fold, words)) for kind, words in asks(language).items()}


@cache
def _amount(language: str) -> re.Pattern[str]:
    """Pattern for a figure with its scale and unit or noun: 30 billion euros, 725 000 reports."""
    scales = "|".join(map(re.escape, vocabulary(language).scales)) or "(?!)"
    return re.compile(
        rf"(?P<amount>(?:(?:EUR|USD|€|\$|£) ?)?\d+(?:[.,  \u202f]\d+)*(?: ?%| (?:{scales})\b)?)"
        rf"(?P<noun>(?<!%) [^\W\d_A-Z]+)?"
    )


@cache
def _date(language: str) -> str:
    """Pattern for a day or month with its year, also as a range: "1 to 30 June 2020"."""
    months = sorted(vocabulary(language).months, key=len, reverse=True)
    names = "|".join(map(re.escape, months))
    one = r"\b\d{1,2}(?:\.|er|st|nd|rd|th)?"
    day = rf"{one}(?: ?[-–] ?{one}| (?:to|and|tot|en|bis|und|au|et) {one})? "
    year = r"\.? (?:\d{1,2}, )?[12]\d{3}"
    return rf"(?i:{day}(?:{names})\b(?:{year})?|\b(?:{names})\b{year})"
