"""Protocol for answerers: what they get, and the drafts that they propose."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.runnables import RunnableConfig

from chain.reading.parts import Part
from core.answer import Message, Mode
from core.passage import ScoredPassage


@dataclass(frozen=True)
class Task:
    """A task in place of a question, such as "put that in a table".

    kind: of task ("table").
    message: the reader's words.
    text: the answer to work on; if empty, the passages are.
    """

    kind: Message
    message: str
    text: str = ""


@dataclass(frozen=True)
class Request:
    """Input of an answerer.

    question: stands alone, without the conversation.
    language: of the question; for a task, of the result (ISO 639-1).
    found: retrieved passages, best first; for a task, its evidence.
    parts: the sub-questions.
    said: folded text of the previous answer, which is not repeated.
    brief: only the best sentence or list is wanted.
    overview: the first statements of the first passage are wanted.
    task: for a language model, in place of the question.
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
    """A span of a passage: its index in `Request.found`, and character offsets in its text."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True)
class Draft:
    """An unverified piece of an answer: quoted text, or one sentence or item by a model.

    text: a paragraph, sentence or item; may be empty above `items`.
    cites: the passages it claims as sources, as indexes in `Request.found`.
    items: the list that `text` introduces.
    quote: the evidence, if the answerer quotes a source; a model leaves it to the verifier.
    label: the source, shown above where it changes.
    note: our remark, shown below.
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
    """Result of verifying a draft.

    state: "supported": the quotes together say it. "uncertain": they may not say it.
        "contradicted": the passages lack one of its details, or it is no statement.
    quotes: the evidence; if not supported, the closest.
    doubt: why it is not supported, in English, for the model that repairs it. Has words of the
        draft, never of the passages.
    """

    state: Literal["supported", "uncertain", "contradicted"]
    quotes: tuple[Quote, ...] = ()
    doubt: str = ""


class Answerer(Protocol):
    """Writes drafts in reading order; yields nothing if it has no answer.

    Raises (while iterating):
        ModelError: the model failed; what was yielded before stays valid.
    """

    mode: Mode

    @property
    def model(self) -> str:
        """Name of the language model; empty if there is none."""

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        """Yields drafts one by one."""
