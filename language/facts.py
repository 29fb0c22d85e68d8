"""Facts in a text: countries, quantities, names, dates; and whether two questions ask the same."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from language.cues import asks, cues_of, has_cues
from language.dates import Date, calendar_names, dates_in, references_in, without_dates
from language.identify import CAPITALISES_NOUNS
from language.matching import GROUPED, fold, without_accents
from language.words import translations, vocabulary

_CALLED_AFTER = {
    "bg": "BG", "cs": "CZ", "da": "DK", "de": "DE", "el": "GR", "es": "ES", "et": "EE", "fi": "FI",
    "fr": "FR", "ga": "IE", "hr": "HR", "hu": "HU", "is": "IS", "it": "IT", "ja": "JP", "lt": "LT",
    "lv": "LV", "mk": "MK", "mt": "MT", "nb": "NO", "nl": "NL", "no": "NO", "pl": "PL", "pt": "PT",
    "ro": "RO", "ru": "RU", "sk": "SK", "sl": "SI", "sq": "AL", "sr": "RS", "sv": "SE", "tr": "TR",
    "uk": "UA", "zh": "CN",
}  # fmt: skip
_VARIANTS = ("en_GB", "en_US", "fr_CA", "nl_BE", "de_AT", "fr_CH", "pt_BR", "es_MX")
_NO_COUNTRIES = ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
_SHORT = {"US": "US", "USA": "US", "VS": "US", "UK": "GB", "VK": "GB"}
_KEY = 4  # first letters that index the names; the shortest of most languages (Cuba) have no more
_WHOLE = 5  # letters: a name up to this length must match in full, as so few begin many words
# Least share of a name's letters in the common prefix. Less takes other words for countries, more
# misses inflections; an adjective needs more, as it may be written small as other words are.
_SAME = {"name": 0.65, "adjective": 0.8}
_ENDING = 5  # letters a word may have after the common prefix: endings, no second word


class _Name(NamedTuple):
    text: str
    country: str
    kind: str


class _Names(NamedTuple):
    """Names of several words -> country code; single words by their first letters."""

    long: Mapping[str, str]
    by_letters: Mapping[str, list[_Name]]


def countries(text: str, language: str) -> dict[str, str]:
    """Countries in a text: ISO 3166 code -> first mention.

    Args:
        text: as written; names need their capital, adjectives do not.
        language: of the text (ISO 639-1).
    """
    text = unicodedata.normalize("NFC", text)
    found: dict[str, str] = {}
    plain = _plain(text)
    for name, code in _names(language).long.items():
        if name in plain:
            start = plain.index(name)
            found.setdefault(code, text[start : start + len(name)])
    for word in re.findall(r"[^\W\d_]+", text):
        code = _country(word, language)
        if code:
            found.setdefault(code, word)
    return found


@lru_cache(maxsize=32768)
def _country(word: str, language: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    plain = _plain(word)
    best, most = "", 0.0
    for name in _names(language).by_letters.get(plain[:_KEY], ()):
        same = _beginning(plain, name.text)
        share = same / len(name.text)
        needed = 1.0 if len(name.text) <= _WHOLE else _SAME[name.kind]
        cased = word[0].isupper() or name.kind == "adjective"
        if cased and share >= needed and share > most and len(plain) - same <= _ENDING:
            best, most = name.country, share
    return best


def _beginning(one: str, other: str) -> int:
    """Length of the common prefix of two words."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared


def _plain(text: str) -> str:
    """Lower case without accents; keeps character offsets in all but a few scripts."""
    return without_accents(text.lower())


@cache
def _names(language: str) -> _Names:
    try:
        locale = Locale(language)
    except UnknownLocaleError:
        locale = Locale("en")
    long: dict[str, str] = {}
    single = []
    for code, name in locale.territories.items():
        if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRIES:
            plain = _plain(name)
            if plain.isalpha():
                # German adjectives have no capital: "belgisch", "österreichisch".
                single += [_Name(plain, code, kind) for kind in ("name", "adjective")]
            else:
                long[plain] = code
    single += [
        _Name(_plain(locale.languages[name]), code, "adjective")
        for name, code in _CALLED_AFTER.items()
        if name in locale.languages
    ]
    for variant in _VARIANTS:  # "American English" minus "English" gives the adjective
        base, _, code = variant.partition("_")
        names = (_plain(locale.languages.get(key, "")).split() for key in (variant, base))
        single += [_Name(word, code, "adjective") for word in set(next(names)) - set(next(names))]
    by_letters: dict[str, list[_Name]] = {}
    for one in single:
        if len(one.text) >= _KEY:
            by_letters.setdefault(one.text[:_KEY], []).append(one)
    return _Names(long, by_letters)


# Figures of a text: to compare, with scale and unit, and as written.


Quantity = tuple[Decimal, str]  # 30 billion euros: (30000000000, "EUR")

_FIGURE = re.compile(r"\d+(?:[.,/]\d+)*")
_WRITTEN = re.compile(f"{GROUPED.pattern}|{_FIGURE.pattern}")
_DIGITS_IN_WORD = re.compile(r"[^\W\d]+\d\w*|\b\d+[^\W\d]\w*")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d{1,2}(?!\d))")
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
    return frozenset(re.sub(r"\D", "", one) for one in figures)


def figures_as_written(text: str) -> dict[str, str]:
    """Maps each normalised number to how it is written; without digits within a word ("E2EE").

    >>> figures_as_written("11,6 miljard of 725 000 over E2EE?")
    {'11.6': '11,6', '725000': '725 000'}
    """
    text = unicodedata.normalize("NFKC", _DIGITS_IN_WORD.sub(" ", text))
    return {figure: match[0] for match in _WRITTEN.finditer(text) for figure in figures(match[0])}


def with_decimal_points(text: str) -> str:
    """A text with its decimal commas as points, every character in its place.

    >>> with_decimal_points("11,6 miljard, 725,000")
    '11.6 miljard, 725,000'
    """
    return _DECIMAL_COMMA.sub(".", text)


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
    return [known[word] for word in re.findall(r"\w+", folded) if word in known]


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


# Names and acronyms, told by their capitals.


# Languages that do not inflect names (but for a genitive s) and capitalise only names: a name of a
# sentence is found in this form in its evidence.
_NAMES_STAY = frozenset({"da", "en", "es", "fr", "it", "nl", "pt", "sv"})
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_FOLDED = re.compile(r"\w+")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)[\s\W]*$")
_NAME = re.compile(r"(?:(?<=[^.!?:] )|(?<=[(“\"]))[A-ZÀ-ÞŁŚŻ][\w&-]*(?: [A-ZÀ-ÞŁŚŻ][\w&-]*)*")
_SMALL = r"(?: [a-z]{1,4}){0,2} "  # words that an acronym skips
_FULL_NAME = re.compile(rf"\b[A-Z]\w*(?:{_SMALL}[A-Z]\w*)+")


def is_acronym(word: str) -> bool:
    """Whether a word has several capitals: EMPACT, WePROTECT."""
    return sum(character.isupper() for character in word) > 1


class Capitals(NamedTuple):
    """Folded words with capitals: acronyms, those within a sentence, and those that begin one."""

    acronyms: frozenset[str]
    names: frozenset[str]
    openings: frozenset[str]


def capitals(text: str, language: str) -> Capitals:
    """The words with capitals in a text.

    A word with a capital and a digit ("E2EE") is an acronym here. There are no names and no
    openings in a language that inflects names or capitalises other words.
    """
    _, text = references_in(unicodedata.normalize("NFKC", text))
    acronyms: set[str] = set()
    names: set[str] = set()
    openings: set[str] = set()
    for match in _WORD.finditer(text):
        word = re.sub(r"['’]s$", "", match.group())
        if not word[0].isalpha() or len(word) < 2 or not any(map(str.isupper, word)):
            continue
        # the name in "d'Europol", "dell'UE" and "L'Union"
        pieces = [one for one in re.split(r"['’]", word) if any(map(str.isupper, one))]
        word = max(pieces, key=len)
        name = max(_FOLDED.findall(fold(word)), key=len)
        if name in vocabulary(language).units:  # "EUR" is part of a figure
            continue
        if is_acronym(word) or any(map(str.isdigit, word)):
            acronyms.add(name.removesuffix("s") if word[-1] == "s" else name)
        elif language in _NAMES_STAY and name not in vocabulary(language).months:
            if not _SENTENCE_START.search(text[: match.start()]):
                names.add(name)
            elif name not in vocabulary(language).openings:
                openings.add(name)
    return Capitals(frozenset(acronyms), frozenset(names), frozenset(openings))


def names_as_written(text: str, language: str) -> Iterator[str]:
    """Names in a text, to show: rows of capitalised words within a sentence; none in a language
    like German, which capitalises all nouns.

    >>> list(names_as_written("So said the European Commission and Eurojust.", "en"))
    ['European Commission', 'Eurojust']
    """
    if language == CAPITALISES_NOUNS:
        return iter(())
    return (match[0] for match in _NAME.finditer(text))


def initials(text: str) -> frozenset[str]:
    """Folded initials of the names of several words in a text, which an acronym may stand for.

    >>> initials("the European Economic and Social Committee")
    frozenset({'eesc'})
    """
    names = _FULL_NAME.findall(without_accents(text))
    return frozenset("".join(re.findall("[A-Z]", name)).casefold() for name in names)


# Facts of a text: what it states exactly, in a form that is the same in every language.


@dataclass(frozen=True)
class Facts:
    """The facts of a text in one language.

    `names` are folded words with a capital, but for the first word of a sentence, which is among
    `openings`: of these the capital does not tell whether they are names.
    """

    language: str
    quantities: frozenset[Quantity]
    worded: frozenset[Quantity]  # spelt-out numbers
    dates: frozenset[Date]
    references: frozenset[str]
    acronyms: frozenset[str]
    initials: frozenset[str]  # of names of several words, which an acronym may stand for
    names: frozenset[str]
    openings: frozenset[str]
    countries: frozenset[str]  # ISO 3166 codes
    calendar: frozenset[str]  # months and days of the week, in English
    words: frozenset[str]
    is_of_the_speaker: bool  # it speaks of itself: "I", "my"


@lru_cache(maxsize=4096)  # a unit is evidence of many sentences
def facts(text: str, language: str) -> Facts:
    """The facts of a text; `language` in ISO 639-1."""
    folded = fold(text)
    dates, rest = dates_in(folded, language)
    references, rest = references_in(rest)
    with_capitals = capitals(text, language)
    return Facts(
        language=language,
        quantities=quantities(rest, language),
        worded=frozenset((Decimal(number), "") for number in spelt_out(rest, language)),
        dates=dates,
        references=references,
        acronyms=with_capitals.acronyms,
        initials=initials(text),
        names=with_capitals.names,
        openings=with_capitals.openings,
        countries=frozenset(countries(text, language)),
        calendar=calendar_names(text, language),
        words=frozenset(re.findall(r"\w+", folded)),
        is_of_the_speaker=_is_of_the_speaker(folded, language),
    )


def _is_of_the_speaker(folded: str, language: str) -> bool:
    """Whether a text says "my", or begins with "I": within it, that may be a numeral."""
    words = re.findall(r"\w+", folded)
    own = vocabulary(language).speaker
    return bool(words) and (words[0] in own or any(len(word) > 1 and word in own for word in words))


# Tells whether two questions that sound alike ask different things.


_WORD_OF_QUESTION = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_COUNT = {"number", "amount"}  # "how much" is either


class Asked(NamedTuple):
    """The details that a question is specific about."""

    figures: frozenset[str]
    countries: frozenset[str]
    acronyms: frozenset[str]
    names: frozenset[str]
    language: str
    negated: bool
    kinds: frozenset[str]


@lru_cache(maxsize=20_000)
def asked(question: str, language: str) -> Asked:
    """The specifics of a question; `language` in ISO 639-1."""
    words = _WORD_OF_QUESTION.findall(fold(question))
    padded = f" {' '.join(words)} "
    with_capitals = capitals(question, language)
    numbers = vocabulary(language).numbers
    return Asked(
        figures=frozenset(figures_as_written(unicodedata.normalize("NFKC", question)))
        | {str(numbers[word]) for word in words if numbers.get(word, 0) > 1}
        | _ordinals(words, language),
        countries=frozenset(countries(question, language)),
        acronyms=with_capitals.acronyms,
        names=with_capitals.names,
        language=language,
        negated=not vocabulary(language).negations.isdisjoint(words),
        kinds=frozenset(
            kind
            for kind, cues in asks(language).items()
            if any(f" {fold(cue)} " in padded for cue in cues)
        ),
    )


def differ(one: Asked, other: Asked) -> bool:
    """Whether two questions ask different things, as far as their facts tell."""
    kinds, other_kinds = _together(one.kinds), _together(other.kinds)
    return (
        _exclude(one.figures, other.figures)
        or one.countries != other.countries
        or _exclude(_spelt(one.acronyms), _spelt(other.acronyms))
        or (one.language == other.language and _exclude(one.names, other.names))
        or one.negated != other.negated
        or bool(kinds and other_kinds and kinds.isdisjoint(other_kinds))
    )


def _ordinals(words: Iterable[str], language: str) -> frozenset[str]:
    """The places in an order that are named: "the eighth report" -> {"#8"}."""
    if not has_cues(language):
        return frozenset()
    beginnings = cues_of(language).ordinals
    return frozenset(
        f"#{place}"
        for word in words
        for place, begins in enumerate(beginnings, start=1)
        if word.startswith(fold(begins))
    )


def _exclude(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether each of two sets has something that the other lacks."""
    return bool(some - others) and bool(others - some)


def _spelt(acronyms: frozenset[str]) -> frozenset[str]:
    """Acronyms by one spelling of all languages."""
    return frozenset(min({name, *translations(name)}) for name in acronyms)


def _together(kinds: frozenset[str]) -> frozenset[str]:
    return kinds | _COUNT if kinds & _COUNT else kinds
