"""What passes between a run that wants questions written and the process that has a model write
them: a line of JSON each."""

from collections.abc import Mapping
from typing import Literal

from core.source import Frozen, Passage

Dropped = Literal["form", "language", "unit", "elsewhere", "twin"]
"""Why a question is not proposed: it is no plain question, or not in its language; its units are
not in the section; they are not among the first three statements found for it; it is the twin of
another."""


class ProposerReady(Frozen):
    """The first line: which model would be asked."""

    model: str  # its name, else the address of its server, as in the settings
    address: str  # of its server, without secrets
    rules: str  # the prompt without a section
    seconds: float  # the longest that a section takes


class SectionToAsk(Frozen):
    """A request for questions about a passage."""

    passage: Passage
    languages: tuple[str, ...]  # of the questions (ISO 639-1), that of its document first


class ProposedAnswer(Frozen):
    """Units of the passage, and the questions that they answer."""

    units: tuple[int, ...]  # numbers, in order
    questions: Mapping[str, tuple[str, ...]]  # by language


class Proposals(Frozen):
    """A model's proposals for one section, as far as they can be used."""

    answers: tuple[ProposedAnswer, ...]
    model: str
    dropped: Mapping[Dropped, int] = {}  # how many questions were dropped, by reason


class ProposalFailure(Frozen):
    """Why there are none."""

    reason: str
    is_lasting: bool  # other sections would fail likewise


class SectionReply(Frozen):
    """The line that answers a request."""

    outcome: Proposals | ProposalFailure
