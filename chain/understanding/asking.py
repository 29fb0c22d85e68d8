"""Answer types: which type a question asks for, and whether a text has it.

The cue words are in language/cues.yaml.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from language.cues import asks, cues_of
from language.matching import fold
from language.quantities import amounts, spelt_out
from vectorstore.keyword import content_words

_MOST_COUNTED = 60  # a larger number in a question is not a count of things asked for
_ASKED = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # jusqu'à and end-to-end are one word each


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


def wants_writing(question: str, language: str) -> bool:
    """Whether a question wants what no quote is: a comparison, a timeline, a summary.

    >>> wants_writing("What is the difference between the two plans?", "en")
    True
    """
    words = frozenset(_ASKED.findall(fold(question)))
    return not words.isdisjoint(cues_of(language).writing)


def counted(question: str, language: str) -> int:
    """Number of things a question asks for ("the eight priorities"); 0 if it does not say."""
    figures = (int(word) for word in re.findall(r"\w+", question) if word.isdecimal())
    counts = (figure for figure in figures if 1 < figure <= _MOST_COUNTED)
    return next(iter([*spelt_out(fold(question), language), *counts]), 0)


def numbers(text: str, language: str) -> Iterator[str]:
    """Numbers in a text as written, each with the noun it counts."""
    for amount, noun in amounts(text, language):
        yield amount + (noun if content_words(noun, language) else "")


def gives_reason(text: str, language: str) -> bool:
    """Whether a text has a causal word ("because")."""
    words = " ".join(["", *re.findall(r"\w+", text.casefold()), ""])
    return any(f" {word} " in words for word in cues_of(language).causal)


@cache
def _cues(language: str) -> Mapping[str, tuple[str, ...]]:
    return {kind: tuple(map(fold, words)) for kind, words in asks(language).items()}
