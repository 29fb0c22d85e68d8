"""Prepared questions: what people ask about a document, with the units that answer it."""

import datetime
import re
from typing import Literal

from core.source import Frozen

_FEWEST = 3  # words of a whole question

WhyStale = Literal["none", "several", "changed"]
"""No unit begins with the words any more; several do; no unit is exactly what was approved."""


class Approval(Frozen):
    """An approval of an answer: by whom, for which organisation, and when."""

    by: str
    organisation: str = ""
    on: datetime.date


class PreparedQuestion(Frozen):
    """A question, and the units of one document version that answer it."""

    id: str  # `<document key>:<hash of language and question>`
    question: str
    language: str  # ISO 639-1
    # Ids, `<passage id>#<number>`, in the order in which they are shown. Empty: the document does
    # not answer it, although it sounds so.
    units: tuple[str, ...] = ()
    by: str = ""  # "project", "model NAME", or a person
    approved: Approval | None = None

    @property
    def document(self) -> str:
        """The key of the document version that it is about."""
        return self.id.partition(":")[0]

    @property
    def passages(self) -> tuple[str, ...]:
        """The ids of the passages that its units are in."""
        return tuple(dict.fromkeys(unit.partition("#")[0] for unit in self.units))

    @property
    def is_shown(self) -> bool:
        """Whether it is written to be shown, as a whole question with a capital and a question mark
        (";" in Greek); any other is as readers type, and only matches."""
        begins = next(filter(str.isalnum, self.question), "")
        is_whole = begins.isupper() and self.question.endswith(("?", ";"))
        return is_whole and len(self.question.split()) >= _FEWEST

    def asks(self, question: str) -> bool:
        """Whether these are its own words."""
        return _plain(question) == _plain(self.question)


class StaleQuestion(Frozen):
    """A prepared question that has lost its answer."""

    question: str
    language: str
    words: str  # of one of its units
    why: WhyStale  # what is wrong with these
    file: str
    line: int  # of its answer


class MatchedQuestion(Frozen):
    """A prepared question near the one that was asked."""

    prepared: PreparedQuestion
    cosine: float  # of the two, on the scale of the default embedder
    closeness: float  # 0-1, what that means (`vectorstore.profile.Profile.closeness`)


def _plain(question: str) -> list[str]:
    return re.findall(r"\w+", question.casefold())
