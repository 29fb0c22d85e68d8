"""Prepared questions: what people ask about a document, with the units that answer it."""

import datetime
import re
from typing import Literal

from core.frozen import Frozen


class Approval(Frozen):
    """Who approved an answer, for which organisation, and when."""

    by: str
    organisation: str = ""
    on: datetime.date


class PreparedQuestion(Frozen):
    """A question, and the units of one document version that answer it.

    `id` is `<document key>:<hash of language and question>`. `units` are their ids
    (`<passage id>#<number>`), in the order in which they are shown; empty: the document does not
    answer it, although it sounds so. `by`: "project", "model NAME", or a person.
    """

    id: str
    question: str
    language: str  # ISO 639-1
    units: tuple[str, ...] = ()
    by: str = ""
    approved: Approval | None = None

    @property
    def passages(self) -> tuple[str, ...]:
        """The ids of the passages that its units are in."""
        return tuple(dict.fromkeys(unit.partition("#")[0] for unit in self.units))

    def asks(self, question: str) -> bool:
        """Whether these are its own words."""
        return _plain(question) == _plain(self.question)


WhyStale = Literal["none", "several", "changed"]
"""No unit begins with the words any more; several do; no unit is exactly what was approved."""


class StaleQuestion(Frozen):
    """A prepared question that has lost its answer: what is wrong with `words`, those of one of its
    units. `file` is where it stands, `line` that of its answer there."""

    question: str
    language: str
    words: str
    why: WhyStale
    file: str
    line: int


class MatchedQuestion(Frozen):
    """A prepared question near the one that was asked; `cosine` is that of the two, on the scale of
    the default embedder (vectorstore/profile.py)."""

    prepared: PreparedQuestion
    cosine: float


def _plain(question: str) -> list[str]:
    return re.findall(r"\w+", question.casefold())
