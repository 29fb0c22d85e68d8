"""Facts of a text: names, also of countries and of documents, and all that it states exactly."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from core.source import DocumentInfo
from core.yaml_files import read_yaml
from language.figures import (
    MONTHS,
    READ,
    Date,
    Quantity,
    calendar_names,
    dates_in,
    document_number,
    has_date,
    quantities,
    references_in,
    spelt_out,
    written_in_part,
)
from language.identify import CAPITALISES_NOUNS
from language.vocabulary import FOLDER, PERCENT, translations, vocabulary
from language.words import fold, plain, shared_start, without_accents, words

# Languages that do not inflect names (but for a genitive s) and capitalise only names: a name of a
# sentence is found in this form in its evidence.
_NAMES_STAY = frozenset({"da", "en", "es", "fr", "it", "nl", "pt", "sv"})
_STEM = 5  # letters: "strengthening" and "strengthen", "providers" and "provider"
_OWN_NAME = 6  # letters of an acronym from which it is the same in every language: EMPACT, SEESAC
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_FOLDED = re.compile(r"\w+")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)[\s\W]*$")
_NAME = re.compile(r"(?:(?<=[^.!?:] )|(?<=[(“\"]))[A-ZÀ-ÞŁŚŻ][\w&-]*(?: [A-ZÀ-ÞŁŚŻ][\w&-]*)*")
_SMALL = r"(?: [a-z]{1,4}){0,2} "  # words that an acronym skips
_FULL_NAME = re.compile(rf"\b[A-Z]\w*(?:{_SMALL}[A-Z]\w*)+")
_ACTS = FOLDER / "acts.yaml"
_LONGEST_NAME = 8  # words; the longest name in acts.yaml has 7
_OWN_REFERENCE = re.compile(document_number("COM|SWD|JOIN"))
_ACT = re.compile(r"3(\d{4})[A-Z]{1,2}(\d{4})")  # CELEX number, with year and number
DocumentNames = Mapping[str, frozenset[str]]
"""Normalised name or number -> the keys of the documents it belongs to."""
_CALLED_AFTER = {  # language -> the country whose people and adjective have its name
    "bg": "BG", "cs": "CZ", "da": "DK", "de": "DE", "el": "GR", "es": "ES", "et": "EE", "fi": "FI",
    "fr": "FR", "ga": "IE", "hr": "HR", "hu": "HU", "is": "IS", "it": "IT", "ja": "JP", "lt": "LT",
    "lv": "LV", "mk": "MK", "mt": "MT", "nb": "NO", "nl": "NL", "no": "NO", "pl": "PL", "pt": "PT",
    "ro": "RO", "ru": "RU", "sk": "SK", "sl": "SI", "sq": "AL", "sr": "RS", "sv": "SE", "tr": "TR",
    "uk": "UA", "zh": "CN",
}  # fmt: skip
_VARIANTS = ("en_GB", "en_US", "fr_CA", "nl_BE", "de_AT", "fr_CH", "pt_BR", "es_MX")
_NO_COUNTRIES = ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
_SHORT = {"US": "US", "USA": "US", "VS": "US", "UK": "GB", "VK": "GB"}
# First letters that index the names; the shortest of most languages (Cuba) have no more.
_KEY_LETTERS = 4
_WHOLE_NAME = 5  # letters: a name up to this length must match in full, as so few begin many words
# Least share of a name's letters in the common prefix. Less takes other words for countries, more
# misses inflections; an adjective needs more, as it may be written small as other words are.
_SAME_START = {"name": 0.65, "adjective": 0.8}
_LONGEST_ENDING = 5  # letters a word may have after the common prefix: endings, no second word


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
        pieces = [piece for piece in re.split(r"['’]", word) if any(map(str.isupper, piece))]
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


def names_of(document: DocumentInfo) -> tuple[str, ...]:
    """The common names of a document in several languages; most documents have none.

    >>> names_of(DocumentInfo(id="a", language="fr", title="RÈGLEMENT", celex="32016R0679"))[:3]
    ('GDPR', 'General Data Protection Regulation', 'AVG')
    """
    return _common_names().get(document.celex, ())


def names_in(documents: Iterable[DocumentInfo]) -> DocumentNames:
    """Maps each normalised name or number to the keys of the documents it belongs to."""
    keys: dict[str, set[str]] = {}
    for document in documents:
        for name in (*names_of(document), *_numbers(document)):
            keys.setdefault(" ".join(words(plain(name))), set()).add(document.key)
    return {name: frozenset(of) for name, of in keys.items()}


def documents_named(question: str, names: DocumentNames) -> frozenset[str]:
    """The documents (keys) that a question names.

    >>> documents_named("Wat is de boete volgens de AVG?", {"avg": frozenset({"gdpr.fr"})})
    frozenset({'gdpr.fr'})
    """
    asked = words(plain(question))
    named = (
        " ".join(asked[start:end])
        for start in range(len(asked))
        for end in range(start + 1, min(start + _LONGEST_NAME, len(asked)) + 1)
    )
    return frozenset(key for name in named for key in names.get(name, ()))


def _numbers(document: DocumentInfo) -> Iterator[str]:
    if act := _ACT.match(document.celex):
        year, number = act[1], str(int(act[2]))
        yield from (f"{year}/{number}", f"{number}/{year}")
        if year < "2000":
            yield f"{year[2:]}/{number}"
    if reference := _OWN_REFERENCE.match(document.reference):
        yield reference[0]


@cache
def _common_names() -> Mapping[str, tuple[str, ...]]:
    listed = read_yaml(_ACTS.read_text("utf-8"))
    return {celex: tuple(re.split(r",\s+", names)) for celex, names in listed.items()}


class _CountryName(NamedTuple):
    text: str
    country: str
    kind: str


class _CountryNames(NamedTuple):
    """Names of several words -> country code; single words by their first letters."""

    long: Mapping[str, str]
    by_letters: Mapping[str, list[_CountryName]]


def countries(text: str, language: str) -> dict[str, str]:
    """ISO 3166 code -> first mention. Names need their capital, adjectives do not."""
    text = unicodedata.normalize("NFC", text)
    found: dict[str, str] = {}
    lowered = _lower(text)
    for name, code in _country_names(language).long.items():
        if name in lowered:
            start = lowered.index(name)
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
    lowered = _lower(word)
    best, most = "", 0.0
    for name in _country_names(language).by_letters.get(lowered[:_KEY_LETTERS], ()):
        same = shared_start(lowered, name.text)
        share = same / len(name.text)
        needed = 1.0 if len(name.text) <= _WHOLE_NAME else _SAME_START[name.kind]
        cased = word[0].isupper() or name.kind == "adjective"
        if cased and share >= needed and share > most and len(lowered) - same <= _LONGEST_ENDING:
            best, most = name.country, share
    return best


def _lower(text: str) -> str:
    """Lower case without accents; keeps character offsets in all but a few scripts."""
    return without_accents(text.lower())


@cache
def _country_names(language: str) -> _CountryNames:
    try:
        locale = Locale(language)
    except UnknownLocaleError:
        locale = Locale("en")
    long: dict[str, str] = {}
    single = []
    for code, name in locale.territories.items():
        if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRIES:
            lowered = _lower(name)
            if lowered.isalpha():
                # German adjectives have no capital: "belgisch", "österreichisch".
                single += [_CountryName(lowered, code, kind) for kind in ("name", "adjective")]
            else:
                long[lowered] = code
    single += [
        _CountryName(_lower(locale.languages[name]), code, "adjective")
        for name, code in _CALLED_AFTER.items()
        if name in locale.languages
    ]
    for variant in _VARIANTS:  # "American English" minus "English" gives the adjective
        base, _, code = variant.partition("_")
        names = (_lower(locale.languages.get(key, "")).split() for key in (variant, base))
        of_variant = set(next(names)) - set(next(names))
        single += [_CountryName(word, code, "adjective") for word in of_variant]
    by_letters: dict[str, list[_CountryName]] = {}
    for known in single:
        if len(known.text) >= _KEY_LETTERS:
            by_letters.setdefault(known.text[:_KEY_LETTERS], []).append(known)
    return _CountryNames(long, by_letters)


@dataclass(frozen=True)
class Facts:
    """The facts of a text in one language."""

    language: str
    quantities: frozenset[Quantity]
    worded: frozenset[Quantity]  # spelt-out numbers
    dates: frozenset[Date]
    references: frozenset[str]
    acronyms: frozenset[str]
    initials: frozenset[str]  # of names of several words, which an acronym may stand for
    names: frozenset[str]  # folded words with a capital within a sentence
    openings: frozenset[str]  # those that begin one, where any word has a capital
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
        words=frozenset(words(text)),
        is_of_the_speaker=_is_of_the_speaker(words(text), language),
    )


def _is_of_the_speaker(text: Sequence[str], language: str) -> bool:
    """Whether a text says "my", or begins with "I": within it, that may be a numeral."""
    own = vocabulary(language).speaker
    return bool(text) and (text[0] in own or any(len(word) > 1 and word in own for word in text))


class Lacking(NamedTuple):
    """Details of a claim that its evidence lacks, in normalised form."""

    exact: list[str]
    """Figures, dates and references."""
    names: list[str]
    """Names and acronyms that are the same in both."""
    likely: list[str]
    """What may be there in other words: numbers in words, names that begin a sentence, months,
    countries, acronyms in another language."""

    @property
    def all(self) -> list[str]:
        return [*self.exact, *self.names, *self.likely]


def lacking(claim: Facts, evidence: Sequence[Facts], is_name: Callable[[str], bool]) -> Lacking:
    """Names the details that a claim states and its evidence does not.

    The evidence is units, each with its heading and lead-in, and what is known of their documents
    (title, date, headings). Of a word that begins a sentence the capital does not tell whether it
    `is_name`.
    """
    has = frozenset().union(*(unit.quantities | unit.worded for unit in evidence))
    dates = frozenset().union(*(unit.dates for unit in evidence))
    years = {int(value) for value, unit in has if not unit}
    has |= {(Decimal(year), "") for year, _, _ in dates if year}
    words = frozenset().union(*(unit.words | unit.acronyms | unit.initials for unit in evidence))
    same = {unit.language for unit in evidence} == {claim.language}
    acronyms = {name for name in claim.acronyms if not {name, *translations(name)} & words}
    own = {name for name in acronyms if same or len(name) >= _OWN_NAME}
    references = frozenset().union(*(unit.references for unit in evidence))
    exact = [
        as_detail((value, unit))
        for value, unit in claim.quantities
        if not _is_among((value, unit), has)
        and (unit or f"{value:f}" not in words or (value, PERCENT) in has)
    ]
    exact += [
        written_in_part(date, claim.language)
        for date in claim.dates
        if not has_date(dates, years, date)
    ]
    exact += sorted(claim.references - references)
    likely = sorted(acronyms - own)
    if all(vocabulary(unit.language).numbers for unit in evidence):  # number words are known
        likely += [f"{value:f}" for value, _ in claim.worded if not _is_among((value, ""), has)]
    openings = sorted(claim.openings) if same else ()
    likely += [name for name in openings if not has_name(words, name) and is_name(name)]
    if all(unit.language in READ for unit in evidence):
        calendar = frozenset().union(*(unit.calendar for unit in evidence))
        of_dates = {MONTHS[month] for _, month, _ in dates if month in MONTHS}
        likely += sorted(claim.calendar - calendar - of_dates)
    if claim.is_of_the_speaker and not any(unit.is_of_the_speaker for unit in evidence):
        likely.append("who speaks")
    named = frozenset().union(*(unit.countries for unit in evidence))
    if named and not same:  # within a language countries are names
        likely += sorted(claim.countries - named)
    names = sorted(name for name in claim.names if not has_name(words, name)) if same else []
    return Lacking(exact, [*sorted(own), *names], likely)


def as_detail(quantity: Quantity) -> str:
    """A quantity as a detail: "30000000000 EUR"."""
    return f"{quantity[0]:f} {quantity[1]}".strip()


def has_name(words: Collection[str], name: str) -> bool:
    """Whether a name is among words, also with another ending: "Balkan" and "Balkans"."""
    stem = name if len(name) <= _STEM else name[:-1]
    return name in words or (len(name) >= _STEM and any(word.startswith(stem) for word in words))


def _is_among(quantity: Quantity, others: Collection[Quantity]) -> bool:
    """Whether one has this value, and unit if both have one; a percentage is no plain number."""
    value, unit = quantity
    return any(
        value == other
        and (unit == its_unit or ("" in (unit, its_unit) and PERCENT not in (unit, its_unit)))
        for other, its_unit in others
    )
