"""What a question demands: kinds of answer, figures, countries, names; whether two ask the same."""

import re
from collections.abc import Iterable, Mapping, Set
from functools import cache, lru_cache
from typing import Literal, NamedTuple, get_args

from pydantic import RootModel

from core.source import Frozen
from core.yaml_files import checked
from language.content_words import content_words
from language.facts import Capitals, capitals, countries, is_acronym
from language.figures import dates_as_written, figures_as_written, names_money
from language.identify import CAPITALISES_NOUNS
from language.vocabulary import FOLDER, asks, cues_of, has_cues, translations, vocabulary
from language.words import fold, words

Attribute = Literal["cost", "seat", "staff", "head", "date", "penalty"]
"""What a question may ask of something."""
ATTRIBUTES = FOLDER / "attributes.yaml"
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # jusqu'à and end-to-end are one word each
_SENTENCE_END = re.compile(r"[.?!:…]\W*$")
_COUNT = frozenset({"number", "amount"})  # "how much" is either


class Demands(NamedTuple):
    """What a question demands of its answer, and is specific about."""

    language: str
    figures: Mapping[str, str]  # normalised -> as written; without digits within a word ("E2EE")
    numbers: frozenset[str]  # in words, from two on, and places in an order: "#8"
    countries: Mapping[str, str]  # ISO 3166 code -> as written
    acronyms: tuple[str, ...]  # as written, without those that every document has
    names: tuple[str, ...]  # likewise
    capitals: Capitals  # all acronyms and names, to compare questions by
    kinds: frozenset[str]  # as of `asks_for`
    is_negated: bool


@lru_cache(maxsize=20_000)
def demands_of(question: str, language: str) -> Demands:
    """The demands of a question; `language` in ISO 639-1."""
    folded = _WORD.findall(fold(question))
    known = vocabulary(language)
    named = countries(question, language)
    acronyms, names = _names(question, language, named.values())
    return Demands(
        language=language,
        figures=figures_as_written(question),
        numbers=frozenset(
            str(known.numbers[word]) for word in folded if known.numbers.get(word, 0) > 1
        )
        | _ordinals(folded, language),
        countries=named,
        acronyms=acronyms,
        names=names,
        capitals=capitals(question, language),
        kinds=asks_for(question, language),
        is_negated=not known.negations.isdisjoint(folded),
    )


def differ(first: Demands, second: Demands) -> bool:
    """Whether two questions ask different things, as far as their demands show."""
    kinds, other_kinds = _counted(first.kinds), _counted(second.kinds)
    return (
        _exclude(first.figures.keys() | first.numbers, second.figures.keys() | second.numbers)
        or first.countries.keys() != second.countries.keys()
        or _exclude(_spelt(first.capitals.acronyms), _spelt(second.capitals.acronyms))
        or (
            first.language == second.language
            and _exclude(first.capitals.names, second.capitals.names)
        )
        or first.is_negated != second.is_negated
        or bool(kinds and other_kinds and kinds.isdisjoint(other_kinds))
    )


def asks_for(question: str, language: str) -> frozenset[str]:
    """Answer types of a question: "list", "number", "date", "name", "amount" (of money), "reason";
    may be empty.

    >>> sorted(asks_for("Since when, and how many?", "en"))
    ['date', 'number']
    """
    padded = f" {fold(' '.join(_WORD.findall(question)))} "
    return frozenset(
        kind for kind, cues in _cues(language).items() if any(f" {cue} " in padded for cue in cues)
    )


def wants_writing(question: str, language: str) -> bool:
    """Whether a question wants what no quote is: a comparison, a timeline, a summary.

    >>> wants_writing("What is the difference between the two plans?", "en")
    True
    """
    return not set(_WORD.findall(fold(question))).isdisjoint(cues_of(language).writing)


def gives_reason(text: str, language: str) -> bool:
    """Whether a text has a causal word ("because")."""
    padded = f" {' '.join(words(text))} "
    return any(f" {cue} " in padded for cue in cues_of(language).causal)


def _names(
    question: str, language: str, countries: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The acronyms and the names in a question, as written, each once."""
    of_countries = {word for name in countries for word in re.findall(r"\w+", name)}
    acronyms: dict[str, None] = {}
    names: dict[str, None] = {}
    known = has_cues(language)
    common = cues_of(language).common if known else ()
    for match in re.finditer(r"\w+", question):
        word, before = match[0], question[: match.start()]
        has_digits = any(map(str.isdigit, word))
        if has_digits or word in of_countries or word.casefold() in common:
            continue
        if is_acronym(word):
            acronyms[word] = None
            continue
        if not word[0].isupper() or len(word) < 3 or language == CAPITALISES_NOUNS or not known:
            continue
        is_first = not before.rstrip(" \"'«„“‘(¿¡") or _SENTENCE_END.search(before)
        if not is_first and fold(word) not in _general(language) and content_words(word, language):
            names[word] = None
    return tuple(acronyms), tuple(names)


def _ordinals(folded: Iterable[str], language: str) -> frozenset[str]:
    """The places in an order that are named: "the eighth report" -> {"#8"}."""
    if not has_cues(language):
        return frozenset()
    beginnings = tuple(map(fold, cues_of(language).ordinals))
    return frozenset(
        f"#{place}"
        for word in folded
        for place, beginning in enumerate(beginnings, start=1)
        if word.startswith(beginning)
    )


def _exclude(some: Set[str], others: Set[str]) -> bool:
    """Whether each of two sets has something that the other lacks."""
    return bool(some - others) and bool(others - some)


def _spelt(acronyms: Iterable[str]) -> frozenset[str]:
    """Acronyms by one spelling of all languages."""
    return frozenset(min({name, *translations(name)}) for name in acronyms)


def _counted(kinds: frozenset[str]) -> frozenset[str]:
    return kinds | _COUNT if kinds & _COUNT else kinds


@cache
def _cues(language: str) -> Mapping[str, tuple[str, ...]]:
    return {kind: tuple(map(fold, cues)) for kind, cues in asks(language).items()}


@cache
def _general(language: str) -> frozenset[str]:
    """Question words and other words without a topic."""
    cues = cues_of(language)
    asking = (cue for kind, listed in asks(language).items() if kind != "name" for cue in listed)
    return cues.general | {word for cue in (*cues.causal, *asking) for word in cue.split()}


class _Patterns(Frozen):
    """How a question asks for an attribute, and how a text states it."""

    asks: Mapping[str, re.Pattern[str]]  # by language
    says: re.Pattern[str] | None = None  # None: `may_state` decides by code


def attributes_asked(question: str, language: str) -> tuple[Attribute, ...]:
    """The attributes that a question asks for; none in a language without patterns (ISO 639-1).

    >>> attributes_asked("Wat kost het centrum, en waar is het gevestigd?", "nl")
    ('cost', 'seat')
    """
    folded = question.casefold().strip()
    return tuple(
        name
        for name in get_args(Attribute)
        if (asks := _patterns()[name].asks.get(language)) and asks.search(folded)
    )


def may_state(attribute: Attribute, text: str, language: str) -> bool:
    """Whether a text may have an attribute of something; True in a language without patterns."""
    patterns = _patterns()[attribute]
    if attribute == "cost":
        return names_money(text)
    if attribute == "date":
        return bool(_YEAR.search(text) or dates_as_written(text, language))
    assert patterns.says is not None  # noqa: S101 - the file is ours
    return language not in patterns.asks or bool(patterns.says.search(text.casefold()))


@cache
def _patterns() -> Mapping[Attribute, _Patterns]:
    return checked(ATTRIBUTES, RootModel[Mapping[Attribute, _Patterns]]).root
