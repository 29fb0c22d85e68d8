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

    `parts` are the things that it asks. `said` is the folded text of the answer
    before, of which nothing is said again. `brief`: only the sentence or list that answers best is
    wanted; `overview`: the beginning of what was found is.
    """

    question: str
    language: str
    found: tuple[ScoredPassage, ...]
    parts: tuple[Part, ...] = ()
    said: str = ""
    brief: bool = False
    overview: bool = False


@dataclass(frozen=True)
class Quote:
    """A stretch of a passage: `passage` counts in `Request.found`, offsets in its text."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True)
class Draft:
    """A paragraph with the list that it introduces, or one sentence or item of a model; shown only
    once it is verified.

    `items` is the list; without `text` its introduction is the label. `cites` are the passages it
    claims to rest on, counted in `Request.found`. `quote` is the evidence where the answerer took
    all of it from a source; a model leaves it to the verifier. `label` says where it stands, where
    that differs from what stands above it; `note` is our own remark below it.
    """

    text: str
    cites: tuple[int, ...]
    form: Literal["sentence", "item"] = "sentence"
    items: tuple[str, ...] = ()
    quote: Quote | None = None
    label: str = ""
    note: str = ""


class Answerer(Protocol):
    """Writes drafts, best first in readable order; yields nothing when it has no answer.

    Raises (while iterating):
        ModelError: the model failed; what was yielded before stays valid.
    """

    mode: Mode

    @property
    def model(self) -> str:
        """The name of the language model that writes; empty without one."""

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        """Proposes sentences one by one."""
