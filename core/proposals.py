"""What passes between a run that wants questions written and the process that has a model write
them: a line of JSON each."""

from collections.abc import Mapping
from typing import Literal

from core.prepared import PreparedQuestion
from core.source import Frozen, Passage

Dropped = Literal["form", "language", "unit", "elsewhere", "twin"]
"""Why a question is not proposed: it is no plain question, or not in its language; its units are
not in the section; they are not among the first three statements found for it; it is the twin of
another."""


class ProposerReady(Frozen):
    """The first line: which model would be asked.

    Attributes:
        model: its name, else the address of its server, as in the settings.
        address: of its server, without secrets.
        prompt: the fingerprint of the prompt.
        rules: the prompt without a section.
        seconds: the longest that a section takes.
    """

    model: str
    address: str
    prompt: str
    rules: str
    seconds: float


class SectionToAsk(Frozen):
    """A request: a passage, the languages of the questions (ISO 639-1; that of its document first),
    and the questions that its units answer already."""

    passage: Passage
    languages: tuple[str, ...]
    known: tuple[PreparedQuestion, ...] = ()


class ProposedAnswer(Frozen):
    """Numbers of units of the passage, in their order, and the questions that they answer, by
    language."""

    units: tuple[int, ...]
    questions: Mapping[str, tuple[str, ...]]


class Proposals(Frozen):
    """A model's proposals for one section, as far as they can be used.

    Attributes:
        model: the name of the model.
        dropped: how many questions were dropped, by reason.
        read: tokens of the prompt, as its server counts them; 0 where it does not.
        written: tokens of the reply, likewise.
        is_cut: the reply broke off; the answers are its beginning.
    """

    answers: tuple[ProposedAnswer, ...]
    model: str
    dropped: Mapping[Dropped, int] = {}
    read: int = 0
    written: int = 0
    is_cut: bool = False


class ProposalFailure(Frozen):
    """Why there are none: what to tell, and whether other sections would fail likewise."""

    told: str
    is_lasting: bool


class SectionReply(Frozen):
    """The line that answers a request."""

    outcome: Proposals | ProposalFailure
