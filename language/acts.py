"""Legal acts and documents that a text names: by number, and by their common names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from core.source import DocumentInfo
from core.yaml_files import read_yaml
from language.words import plain, words

_FILE = Path(__file__).with_name("acts.yaml")
_LONGEST = 8  # words; the longest name in acts.yaml has 7
Names = Mapping[str, frozenset[str]]


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
_OWN_REFERENCE = re.compile(document_number("COM|SWD|JOIN"))
_ACT = re.compile(r"3(\d{4})[A-Z]{1,2}(\d{4})")


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
    return _ALIKE.sub(lambda match: " " * len(match[0]), text)


def year_and_number(celex: str) -> tuple[str, str] | None:
    """The year and number of an act by its CELEX number; None for other documents.

    >>> year_and_number("32011L0093")
    ('2011', '93')
    """
    act = _ACT.match(celex)
    return (act[1], str(int(act[2]))) if act else None


def names_of(document: DocumentInfo) -> tuple[str, ...]:
    """The common names of a document in several languages; most documents have none.

    >>> names_of(DocumentInfo(id="a", language="fr", title="RÈGLEMENT", celex="32016R0679"))[:3]
    ('GDPR', 'General Data Protection Regulation', 'AVG')
    """
    return _common_names().get(document.celex, ())


def names_in(documents: Iterable[DocumentInfo]) -> Names:
    """Maps each normalised name or number to the keys of the documents it belongs to."""
    keys: dict[str, set[str]] = {}
    for document in documents:
        for name in (*names_of(document), *_numbers(document)):
            keys.setdefault(" ".join(words(plain(name))), set()).add(document.key)
    return {name: frozenset(of) for name, of in keys.items()}


def named(question: str, names: Names) -> frozenset[str]:
    """The documents (keys) that a question names.

    >>> named("Wat is de boete volgens de AVG?", {"avg": frozenset({"gdpr.fr"})})
    frozenset({'gdpr.fr'})
    """
    asked = words(plain(question))
    named = (
        " ".join(asked[start:end])
        for start in range(len(asked))
        for end in range(start + 1, min(start + _LONGEST, len(asked)) + 1)
    )
    return frozenset(key for name in named for key in names.get(name, ()))


def _numbers(document: DocumentInfo) -> Iterator[str]:
    if act := year_and_number(document.celex):
        year, number = act
        yield from (f"{year}/{number}", f"{number}/{year}")
        if year < "2000":
            yield f"{year[2:]}/{number}"
    if reference := _OWN_REFERENCE.match(document.reference):
        yield reference[0]


@cache
def _common_names() -> Mapping[str, tuple[str, ...]]:
    listed = read_yaml(_FILE.read_text("utf-8"))
    return {celex: tuple(re.split(r",\s+", names)) for celex, names in listed.items()}
