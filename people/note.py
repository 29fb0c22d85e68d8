"""A quote that a reader keeps: `Note`."""

import hashlib

from pydantic import AwareDatetime, Field

from core.citation import Citation
from core.frozen import Frozen
from people.conversation import now

MAX_NOTES = 500  # of one user: the page reads and exports all of them at once
MAX_REMARK = 2000  # characters, about a page: all notes of a user are read at once
MAX_QUOTE = 20_000  # characters; no passage is that long


class Note(Frozen):
    """A quote with its reference, as it was when it was kept.

    `question` is what it answered, in the conversation with the id `conversation`, which may have
    been deleted. `changed` is when it was kept or its remark last changed.
    """

    citation: Citation
    question: str
    conversation: str
    remark: str = ""
    kept: AwareDatetime = Field(default_factory=now)
    changed: AwareDatetime = Field(default_factory=now)

    @property
    def id(self) -> str:
        return quote_id(self.citation)

    def remarked(self, remark: str) -> "Note":
        """A copy with another remark, cut to `MAX_REMARK`."""
        cut = remark.strip()[:MAX_REMARK]
        return self.model_copy(update={"remark": cut, "changed": now()})


def quote_id(citation: Citation) -> str:
    """An id from passage and place of a quote, so that none is kept twice."""
    place = f"{citation.passage_id}:{citation.start}-{citation.end}"
    return hashlib.sha256(place.encode()).hexdigest()[:32]
