"""What of an answer is the thing that was asked for: its numbers, dates or names."""

import re
from collections.abc import Iterator
from functools import cache

from chain.language import CAPITALISES_NOUNS
from chain.relevance import asks_for
from chain.vocabulary import vocabulary
from core.matching import figures, fold
from vectorstore.keyword import content_words

_MARKER = re.compile(r" ?\[\d+\]")
# COM(2020) 607, 2011/93/EU, 24 July 2020 and a bare year are no amounts.
_REFERENCE = r"\w+\(\d+\) ?\d+|\d+/\d+(?:/\w+)?"
_YEAR = r"(?<![\d(/])[12]\d{3}(?![\d)/])"
_NAME = re.compile(r"(?:(?<=[^.!?:] )|(?<=[(“\"]))[A-ZÀ-ÞŁŚŻ][\w&-]*(?: [A-ZÀ-ÞŁŚŻ][\w&-]*)*")


def highlights(question: str, language: str, text: str, text_language: str) -> tuple[str, ...]:
    """Stretches of an answer that are of the kind that a question asks for; in order, once each.

    Only the first paragraph or list is looked at, which holds the best match. What the question
    says itself is left out.

    Args:
        question: as asked.
        language: of the question (ISO 639-1).
        text: of the answer, with its [1] markers.
        text_language: of the answer's text.
    """
    kinds = asks_for(question, language)
    first = _MARKER.sub("", text.split("\n\n")[0])
    found = [
        *(_numbers(first, text_language) if "number" in kinds else ()),
        *(_dates(first, text_language) if "date" in kinds else ()),
        *(_names(first, text_language) if "name" in kinds else ()),
    ]
    known, asked = figures(question), fold(question)
    new = (part for part in found if fold(part) not in asked and not _is_known(part, known))
    return tuple(dict.fromkeys(new))


def _is_known(part: str, known: frozenset[str]) -> bool:
    return bool(figures(part)) and figures(part) <= known


def _numbers(text: str, language: str) -> Iterator[str]:
    text = re.sub(f"{_REFERENCE}|{_date(language)}|{_YEAR}", lambda m: " " * len(m[0]), text)
    for match in _amount(language).finditer(text):
        counted = match["counted"] or ""
        yield match["amount"] + (counted if content_words(counted, language) else "")


def _dates(text: str, language: str) -> Iterator[str]:
    text = re.sub(_REFERENCE, lambda m: " " * len(m[0]), text)
    return (match[0] for match in re.finditer(f"{_date(language)}|{_YEAR}", text))


def _names(text: str, language: str) -> Iterator[str]:
    if language == CAPITALISES_NOUNS:
        return iter(())
    return (match[0] for match in _NAME.finditer(text))


@cache
def _amount(language: str) -> re.Pattern[str]:
    """A figure with its scale and the word that is counted: 30 billion euros, 725 000 reports."""
    scales = "|".join(map(re.escape, vocabulary(language).scales)) or "(?!)"
    return re.compile(
        rf"(?P<amount>(?:(?:EUR|USD|€|\$|£) ?)?\d+(?:[.,  \u202f]\d+)*(?: ?%| (?:{scales})\b)?)"
        rf"(?P<counted>(?<!%) [^\W\d_A-Z]+)?"
    )


@cache
def _date(language: str) -> str:
    months = sorted(vocabulary(language).months, key=len, reverse=True)
    names = "|".join(map(re.escape, months))
    day = r"(?:\b\d{1,2}(?:\.|er|st|nd|rd|th)? )?"
    return rf"(?i:{day}\b(?:{names})\b\.? (?:\d{{1,2}}, )?[12]\d{{3}})"
