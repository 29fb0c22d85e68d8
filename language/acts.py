"""Names of EU acts: "AVG", "the AI Act", "Directive 2011/93/EU", "COM(2020) 607"."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from core.source import DocumentInfo
from language.document_numbers import document_number, year_and_number
from language.matching import fold, without_accents

_FILE = Path(__file__).with_name("acts.yaml")
_LONGEST = 8  # words; the longest name in acts.yaml has 7
_REFERENCE = re.compile(document_number("COM|SWD|JOIN"))

Names = Mapping[str, frozenset[str]]


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
            keys.setdefault(" ".join(_words(name)), set()).add(document.key)
    return {name: frozenset(of) for name, of in keys.items()}


def named(question: str, names: Names) -> frozenset[str]:
    """The documents (keys) that a question names.

    >>> named("Wat is de boete volgens de AVG?", {"avg": frozenset({"gdpr.fr"})})
    frozenset({'gdpr.fr'})
    """
    words = _words(question)
    said = (
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
    )
    return frozenset(key for name in said for key in names.get(name, ()))


def _numbers(document: DocumentInfo) -> Iterator[str]:
    if act := year_and_number(document.celex):
        year, number = act
        yield from (f"{year}/{number}", f"{number}/{year}")
        if year < "2000":
            yield f"{year[2:]}/{number}"
    if reference := _REFERENCE.match(document.reference):
        yield reference[0]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", without_accents(fold(text)))


@cache
def _common_names() -> Mapping[str, tuple[str, ...]]:
    listed = yaml.safe_load(_FILE.read_text("utf-8"))
    return {celex: tuple(re.split(r",\s+", names)) for celex, names in listed.items()}
