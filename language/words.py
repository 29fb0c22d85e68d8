"""Words by language: names of what texts consist of, and cues of what is asked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from babel import Locale
from babel.numbers import format_compact_decimal, get_currency_name, get_currency_symbol
from babel.units import format_unit
from pydantic import BaseModel, RootModel, ValidationError

from core.errors import PromptError
from core.source import Frozen
from language.dates import months
from language.matching import fold

PERCENT = "%"
SPOKEN = ("nl", "en", "fr", "de")
"""The languages of the pages and of the assistant's own phrases (ISO 639-1); docs/languages.md."""

FOLDER = Path(__file__).parent
"""The word lists."""
_WORDS = FOLDER / "words.yaml"
# CLDR has a word for each of these: thousand, million, billion, trillion.
_SCALES = (1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000)
_COUNTS = (1, 2, 5, 21)  # together they cover every plural form of the EU's languages
_CURRENCIES = ("EUR", "USD", "GBP")
_UNITS = {
    "concentr-percent": PERCENT,
    "duration-year": "year",
    "duration-month": "month",
    "duration-week": "week",
    "duration-day": "day",
    "duration-hour": "hour",
    "mass-kilogram": "kilogram",
    "mass-tonne": "tonne",
    "length-kilometer": "kilometre",
}


@dataclass(frozen=True)
class Vocabulary:
    """Folded words of one language and their meaning; a field is empty if nothing is known."""

    months: Mapping[str, int]  # 1-12
    scales: Mapping[str, int]  # "billion": 1_000_000_000
    units: Mapping[str, str]  # "euros": "EUR", "per cent": "%"
    numbers: Mapping[str, int]
    pointing: tuple[str, ...]  # openings of a sentence that refers to the one before
    no_pointing: tuple[str, ...]  # exceptions to `pointing`
    linking: frozenset[str]  # words that may precede `demonstratives`
    demonstratives: frozenset[str]  # refer back at the start or behind `linking` words
    same: frozenset[str]  # refer back anywhere among the first words
    consequences: frozenset[str]  # "therefore"
    negations: frozenset[str]  # turn a question round
    speaker: frozenset[str]  # "I" and its forms
    openings: frozenset[str]  # rare words that begin a sentence and are no names
    summaries: tuple[str, ...]  # names that a summary has for itself


@cache
def vocabulary(language: str) -> Vocabulary:
    """Word lists of an official language of the EU (ISO 639-1)."""
    ours: Mapping[str, Any] = _ours().get(language, {})
    locale = Locale.parse(language)
    return Vocabulary(
        months=months(language),
        scales=_scales(locale) | ours.get("scales", {}),
        units=_units(locale) | ours.get("units", {}),
        numbers={fold(word): value for word, value in ours.get("numbers", {}).items()},
        pointing=tuple(map(fold, ours.get("pointing", ()))),
        no_pointing=tuple(map(fold, ours.get("no_pointing", ()))),
        linking=frozenset(map(fold, ours.get("linking", ()))),
        demonstratives=frozenset(map(fold, ours.get("demonstratives", ()))),
        same=frozenset(map(fold, ours.get("same", ()))),
        consequences=frozenset(map(fold, ours.get("consequences", ()))),
        negations=frozenset(map(fold, ours.get("negations", ()))),
        speaker=frozenset(map(fold, ours.get("speaker", ()))),
        openings=frozenset(map(fold, ours.get("openings", ()))),
        summaries=tuple(map(fold, ours.get("summaries", ()))),
    )


@cache
def translations(acronym: str) -> frozenset[str]:
    """Known translations of a folded acronym, itself included; empty if there are none."""
    groups = (frozenset(map(fold, group)) for group in _ours()["acronyms"])
    return frozenset().union(*(group for group in groups if acronym in group))


@cache
def telling(language: str) -> frozenset[str]:
    """Folded function words that identify the language of a question: question words, "is"."""
    return frozenset(map(fold, _ours()[language]["telling"]))


@cache
def _ours() -> Mapping[str, Any]:
    words: Mapping[str, Any] = yaml.safe_load(_WORDS.read_text("utf-8"))
    return words


def _scales(locale: Locale) -> dict[str, int]:
    found: dict[str, int] = {}
    for scale in _SCALES:
        for count in _COUNTS:
            try:
                text = format_compact_decimal(count * scale, format_type="long", locale=locale)
            except KeyError:  # missing in CLDR for this language
                continue
            if text.strip().startswith(str(count)):
                found |= dict.fromkeys(_bare(text), scale)
    return found


def _units(locale: Locale) -> dict[str, str]:
    found: dict[str, str] = {}
    for count in _COUNTS:
        for name, unit in _UNITS.items():
            words = _bare(format_unit(count, name, locale=locale))
            found |= {word: unit for word in words if word != name}  # the name: missing in CLDR
        for code in _CURRENCIES:
            found[fold(get_currency_name(code, count=count, locale=locale))] = code
    for code in _CURRENCIES:
        found |= {fold(code): code, fold(get_currency_symbol(code, locale="en")): code}
    # Short names: "dollars" for "US dollars".
    found |= {"dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "%": PERCENT}
    return found


def _bare(text: str) -> Iterator[str]:
    """The words of a formatted amount without its figure."""
    word = fold(re.sub(r"[\d.,]+", "", text)).strip()
    if word and not any(character.isdigit() for character in word):
        yield word


# Words that say what a question asks for, and how a question is made, by language.


# YAML files of words, checked against a schema.


_Schema = TypeVar("_Schema", bound=BaseModel)


def checked(path: Path, schema: type[_Schema]) -> _Schema:
    """The content of a file of the product.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    try:
        return schema.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"{path} is not in form: {error}") from None


# Cue words: lower-case words by which a question tells what it asks for and what it leans on.


FILE = FOLDER / "cues.yaml"
_FALLBACK_LANGUAGE = "en"


class Asks(Frozen):
    """Words that ask for a kind of answer: `amount` is one of money."""

    list: tuple[str, ...]
    number: tuple[str, ...]
    date: tuple[str, ...]
    name: tuple[str, ...]
    reason: tuple[str, ...]
    amount: tuple[str, ...] = ()


class Cues(Frozen):
    """Cue words of questions: for follow-ups, comparisons and parts.

    Follow-ups: `opening` words begin one, `referring` ones stand for something said before;
    `ordinals` are what "first" to "tenth" begin with, in that order; `items` words beside one leave
    open what it is the first of.
    `asking` words ask, `defining` ones among them what something is; `helping` verbs begin a
    question for yes or no. `common` names are those of what every document is about. `empty` words
    say nothing of what a question is about; what search leaves out anyway need not be among them.

    Parts: `joining` words stand between the parts of a question, `comparing` ones make it a
    comparison, `versus` ones do both, and so do `than` ones behind a comparative. `frames` are
    patterns of questions that only ask what somebody says of a `topic`. `writing` words ask for
    what no quote is: a comparison, a timeline, a summary.

    Definitions: `definition` phrases ask what something is, `according` ones say by which text, and
    what is in `being` stands between its name and what it is.

    Topics: `general` words say how something is asked, not what. `causal` words and phrases give a
    reason.
    """

    opening: tuple[str, ...]
    referring: tuple[str, ...]
    ordinals: tuple[str, ...]
    items: frozenset[str]
    asking: tuple[str, ...]
    helping: tuple[str, ...]
    empty: tuple[str, ...]
    defining: tuple[str, ...]
    common: tuple[str, ...]
    joining: tuple[str, ...]
    comparing: tuple[str, ...]
    writing: tuple[str, ...]
    versus: tuple[str, ...]
    than: tuple[str, ...]
    definition: tuple[str, ...]
    according: tuple[str, ...]
    being: tuple[str, ...]
    frames: tuple[str, ...]
    causal: tuple[str, ...]
    general: frozenset[str]


class _File(Frozen):
    """Cues of each language; `asks` has all official languages of the EU."""

    asks: Mapping[str, Asks]
    cues: Mapping[str, Cues]


def asks(language: str) -> Mapping[str, tuple[str, ...]]:
    """Kind of answer -> what asks for it; empty for a language without entry (ISO 639-1)."""
    known = _file().asks.get(language)
    return dict(known) if known else {}


def has_cues(language: str) -> bool:
    """Whether `cues_of` knows this language."""
    return language in _file().cues


def cues_of(language: str) -> Cues:
    """The cues of a language (ISO 639-1), or those of English where there are none.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    known = _file().cues
    return known.get(language) or known[_FALLBACK_LANGUAGE]


@cache
def _file() -> _File:
    return checked(FILE, _File)


# Patterns that make questions of sentences and headings (chain/answer/section_questions.py).


FORMS_FILE = FOLDER / "question_forms.yaml"


class QuestionForm(Frozen):
    """A pattern of a sentence, and the question that it answers, with the pattern's groups."""

    says: str
    asks: str


class QuestionForms(Frozen):
    """The patterns of one language.

    `forms` are of sentences, in order of preference; their group `subject` is put in running text.
    A document calls itself `itself`. `pointing` words point elsewhere, `openings` begin no subject,
    and `vague` subjects say nothing alone.

    `purpose` are patterns of sentences that say what a document is for, the plainest first;
    `presented` those of a press release, which says what was presented and what for.

    Of headings: topics with a form of `listed` are asked for, `tail` is left out; `articles` begin
    no name.
    """

    listed: tuple[QuestionForm, ...]
    forms: tuple[QuestionForm, ...]
    purpose: tuple[str, ...]
    presented: tuple[str, ...]
    itself: str
    pointing: frozenset[str]
    openings: frozenset[str]
    vague: frozenset[str]
    tail: str
    articles: tuple[str, ...]


def question_forms(language: str) -> QuestionForms:
    """The patterns of a language (ISO 639-1) that the assistant's phrases exist in.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    return _forms_file().root[language]


@cache
def _forms_file() -> RootModel[Mapping[str, QuestionForms]]:
    return checked(FORMS_FILE, RootModel[Mapping[str, QuestionForms]])
