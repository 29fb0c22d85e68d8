"""Attributes that a question asks for, such as a cost or a seat, and whether a text has them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args

from pydantic import RootModel

from core.source import Frozen
from core.yaml_files import checked
from language.dates import dates_as_written
from language.figures import names_money
from language.words import FOLDER

Attribute = Literal["cost", "seat", "staff", "head", "date", "penalty"]
FILE = FOLDER / "attributes.yaml"
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")


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


class _File(RootModel[Mapping[Attribute, _Patterns]]):
    """The patterns of each attribute."""


@cache
def _patterns() -> Mapping[Attribute, _Patterns]:
    return checked(FILE, _File).root
