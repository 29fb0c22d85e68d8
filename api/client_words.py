"""What stands around an answer that another program shows, in the pages' four languages."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import RootModel

from core.frozen import Frozen
from language.checked_file import checked

_FALLBACK = "en"


class ClientWords(Frozen):
    """The words of one language; `section` and `page` have a placeholder of their name;
    `unconfirmed` stands behind a sentence, `unconfirmed_in` before the texts of several."""

    references: str
    summary_of: str
    summary: str
    section: str
    page: str
    superseded: str
    upcoming: str
    missing: str
    related: str
    unconfirmed: str
    unconfirmed_in: str
    broke_off: str
    unchecked: str


_All = RootModel[Mapping[str, ClientWords]]


def client_words(language: str) -> ClientWords:
    """The words in a language (ISO 639-1), or in English."""
    every = _load()
    return every.get(language, every[_FALLBACK])


@cache
def _load() -> Mapping[str, ClientWords]:
    return checked(Path(__file__).with_suffix(".yaml"), _All).root


@cache
def reference_headings() -> tuple[str, ...]:
    """What stands above references, in each language."""
    return tuple(words.references for words in _load().values())
