"""The seam between the assistant and whatever writes the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.runnables import RunnableConfig

from chain.parts import Part
from core.types import Mode, ScoredPassage


@dataclass(frozen=True)
class Request:
    """What an answer is made from. `question` can be understood without the conversation.

    `parts` are there where it asks several things.
    """

    question: str
    language: str
    found: tuple[ScoredPassage, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Quote:
    """A stretch of a passage: `passage` counts in `Request.found`, offsets in its text."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True)
class Draft:
    """One sentence or list item that an answerer proposes; shown only once it is verified.

    `cites` are the passages it claims to rest on, counted in `Request.found`. `quote` is the
    evidence where the answerer took the text from a source; a model leaves it to the verifier.
    """

    text: str
    cites: tuple[int, ...]
    form: Literal["sentence", "lead-in", "item"] = "sentence"
    quote: Quote | None = None
    new_paragraph: bool = False


class Answerer(Protocol):
    """Writes drafts, best first in readable order; yields nothing when it has no answer.

    Raises (while iterating):
        ModelError: the model failed; what was yielded before stays valid.
    """

    mode: Mode
    model: str

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        """Proposes sentences one by one."""
