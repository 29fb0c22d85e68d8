"""The seam between the assistant and whatever writes the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.runnables import RunnableConfig

from chain.parts import Part
from core.types import Message, Mode, ScoredPassage


@dataclass(frozen=True)
class Task:
    """What is to be done instead of answering a question: `kind` ("table"), with the answer `text`
    or, where that is empty, with the passages. `message` is how the reader put it."""

    kind: Message
    message: str
    text: str = ""


@dataclass(frozen=True)
class Request:
    """What an answer is made from. `question` can be understood without the conversation.

    `parts` are the things that it asks. `said` is the folded text of the answer
    before, of which nothing is said again. `brief`: only the sentence or list that answers best is
    wanted; `overview`: the beginning of what was found is. `task`: something else is to be done, of
    which only a model is capable; `language` is then that of the result, `found` what it rests on.
    """

    question: str
    language: str
    found: tuple[ScoredPassage, ...]
    parts: tuple[Part, ...] = ()
    said: str = ""
    brief: bool = False
    overview: bool = False
    task: Task | None = None


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


@dataclass(frozen=True)
class Verdict:
    """What the passages say of a draft.

    "supported": its `quotes` together say it. "uncertain": `quotes` are what comes nearest, and
    may not say it. "contradicted": it has a detail, or a whole clause, that the passages do not
    have. `doubt` is why it is not supported, in plain English, for the model that is asked to
    mend it; it repeats words of the draft and none of the passages.
    """

    state: Literal["supported", "uncertain", "contradicted"]
    quotes: tuple[Quote, ...] = ()
    doubt: str = ""


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
