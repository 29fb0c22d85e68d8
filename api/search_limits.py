"""What a request may ask to be searched, with what was probably meant by a wrong word."""

import datetime
import difflib
import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from core.source import Frozen, Scope
from language.escaping import visible
from language.official import OFFICIAL

# How a name that is not there is told: with the nearest that is.


_SHOWN = 50  # characters of a name that somebody else has chosen


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence or two.

    Args:
        kind: what the name is of: "argument".
        name: the one that is not there.
        known: those that are.
    """
    names = list(known)
    near = difflib.get_close_matches(name[:_SHOWN].lower(), names, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    shown = visible(name[:_SHOWN])
    return f"There is no {kind} {shown!r}.{meant} There are: {', '.join(names)}."


# What a search is limited to, the same in each protocol, and the types of its values.


_NAMES = 100  # areas or documents that a search is limited to; more are hardly a limit

LanguageCode = Annotated[
    str,
    StringConstraints(pattern=f"^(?:{'|'.join(OFFICIAL)})$"),
    WithJsonSchema({"type": "string", "enum": [*OFFICIAL]}),
]
"""An official language of the EU (ISO 639-1)."""

NOT_BLANK = Field(json_schema_extra={"pattern": r"\S"})
"""Says in the description of a text that it is stripped and may not be empty then."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A policy area, or the id of a document."""

Names = Annotated[tuple[Name, ...], Field(max_length=_NAMES)]


def _only_a_day(value: object) -> object:
    """Refuses numbers, which pydantic takes for seconds since 1970."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise ValueError("a day is written as 2026-12-31")


def _only_a_number(value: object) -> object:
    """Refuses what pydantic takes for a number; 1.0 is one in JSON."""
    if isinstance(value, str | bool):
        raise ValueError("a number is expected")
    return value


Day = Annotated[datetime.date, BeforeValidator(_only_a_day)]
WHOLE = BeforeValidator(_only_a_number)
"""Behind the bounds of an integer: "5" and true are none."""


class SearchLimits(Frozen):
    """Policy areas, ids of documents and the language of the sources that are searched; as of a day
    later documents are left out, and what is in force is told for that day. Empty: no limit."""

    areas: Names = ()
    documents: Names = ()
    source_language: LanguageCode | None = None
    as_of: Day | None = None

    @property
    def scope(self) -> Scope:
        return Scope(
            areas=self.areas,
            documents=self.documents,
            language=self.source_language or "",
            as_of=self.as_of,
        )
