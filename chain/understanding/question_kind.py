"""What kind of answer a question asks for, and what its answer must contain."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from language.cues import asks, cues_of, has_cues
from language.facts import amounts, countries, figures_as_written, is_acronym, spelt_out
from language.identify import CAPITALISES_NOUNS
from language.matching import fold
from vectorstore.keyword_index import content_words

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


# Entities in a question (figures, countries, acronyms, names, rare words), and answer types.


_SHORTEST = 5  # letters; shorter words are mostly function words


class Demands(NamedTuple):
    """Entities in a question. Mappings go from the normalised to the written form.

    `kinds` are its answer types: "number", "date", "amount" (of money), "reason". Excluded are
    names that every document has, and digits within a word ("E2EE").
    """

    figures: Mapping[str, str]
    countries: Mapping[str, str]
    acronyms: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[str, ...]
    kinds: frozenset[str]


@lru_cache(maxsize=256)
def demands_of(question: str, language: str) -> Demands:
    """Extracts the entities of a question; `language` in ISO 639-1."""
    named = countries(question, language)
    of_countries = {word for name in named.values() for word in re.findall(r"\w+", name)}
    acronyms, names, words = [], [], []
    known = has_cues(language)
    common = cues_of(language).common if known else ()
    for match in re.finditer(r"\w+", question):
        word = match.group()
        digits = any(letter.isdigit() for letter in word)
        if digits or word in of_countries or word.casefold() in common:
            continue
        if is_acronym(word):
            acronyms.append(word)
            continue
        general = not known or fold(word) in _general(language)
        if general or not content_words(word, language):
            continue
        first = not question[: match.start()].rstrip(" \"'«„“‘(¿¡") or re.search(
            r"[.?!:…]\W*$", question[: match.start()]
        )
        if word[0].isupper() and not first and language != CAPITALISES_NOUNS and len(word) > 2:
            names.append(word)
        elif len(word) >= _SHORTEST:
            words.append(word)
    return Demands(
        figures_as_written(question),
        named,
        tuple(dict.fromkeys(acronyms)),
        tuple(dict.fromkeys(names)),
        tuple(dict.fromkeys(words)),
        asks_for(question, language) & {"number", "date", "amount", "reason"},
    )


@cache
def _general(language: str) -> frozenset[str]:
    """Question words and other words without a topic."""
    cues = cues_of(language)
    asking = (cue for kind, listed in asks(language).items() if kind != "name" for cue in listed)
    return cues.general | {word for cue in (*cues.causal, *asking) for word in cue.split()}
