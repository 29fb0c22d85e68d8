"""The request to the answerers, and the drafts that they propose."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from langchain_core.runnables import RunnableConfig

from chain.reading.relevance import Part
from core.answer import Message, Mode, Turn
from core.answer_blocks import Doubt, SentenceStatus
from core.prepared import PreparedQuestion
from core.source import Scope, ScoredPassage
from prompts import Aside
from vectorstore.profile import Amounts, default_profile

MAX_QUESTION = 1000
"""Characters; the longest question of eval/questions has 186."""


@dataclass(frozen=True)
class Query:
    """Input of one answer.

    question: the message as it came.
    language: of the message (ISO 639-1).
    history: earlier turns, oldest first.
    scope: limits of the search.
    config: LangChain's, for callbacks and tracers.
    """

    question: str
    language: str
    history: Sequence[Turn] = ()
    scope: Scope = Scope()
    config: RunnableConfig | None = None


# Protocol for answerers: what they get, and the drafts that they propose.


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
    said: folded text of the answers before, which is not repeated.
    item, years: an item of the last answer's list, or years, that alone are asked for.
    brief: only the best sentence or list is wanted.
    overview: of a document's summary the statements: of each the number of its passage, and those
        of its units.
    task: for a language model, in place of the question.
    given: numbers of the passages that a language model is given, in that order; empty: all.
    is_sure: whether the first statement may be given as the answer; else results are wanted.
    is_unlikely: whether these hardly answer.
    lacking: what the question names and nothing that was found does.
    quotable: whether quotes can do what is asked, unlike for a comparison.
    aside: what a line above the results says that is not done.
    prepared: the prepared question whose answer is the answer, where that is sure.
    opening: what the assistant says itself before all else; empty: nothing.
    amounts: of the profile of the passages' index.
    so_far: the answer that it has begun, and that is only to be completed.
    searched_as: the question in other languages, by which it was searched as well.
    begun: when it was made, by the monotonic clock; an answerer's time counts from then.
    """

    question: str
    language: str
    found: tuple[ScoredPassage, ...]
    parts: tuple[Part, ...] = ()
    said: str = ""
    item: str = ""
    years: tuple[str, ...] = ()
    brief: bool = False
    overview: tuple[tuple[int, tuple[int, ...]], ...] = ()
    task: Task | None = None
    given: tuple[int, ...] = ()
    is_sure: bool = True
    is_unlikely: bool = False
    lacking: tuple[str, ...] = ()
    quotable: bool = True
    aside: Aside | Literal[""] = ""
    prepared: PreparedQuestion | None = None
    opening: str = ""
    amounts: Amounts = field(default_factory=lambda: default_profile().amounts)
    so_far: str = ""
    searched_as: tuple[str, ...] = ()
    begun: float = field(default_factory=time.monotonic)

    @property
    def is_approved(self) -> bool:
        """Whether the answer of the prepared question is given and somebody has approved it."""
        prepared = self.prepared
        return self.is_sure and prepared is not None and prepared.approved is not None


@dataclass(frozen=True)
class Quote:
    """A span of a passage: its index in `Request.found`, and character offsets in its text."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True)
class NamedStretch:
    """What a model says that a sentence rests on: a passage, as its index in `Request.found` (-1:
    none), and the first and last words of a stretch of it; `last` is empty where `first` is all of
    it."""

    passage: int
    first: str
    last: str = ""


@dataclass(frozen=True)
class Draft:
    """An unverified piece of an answer: quoted text, or one sentence or item by a model.

    text: a paragraph, sentence or item; may be empty above `items`.
    cites: the passages it claims as sources, as indexes in `Request.found`.
    stretches: what of these it claims to rest on.
    is_open: more of it is to come, so that it is shown and not yet verified.
    items: the list that `text` introduces.
    marks: what each item is numbered with in its source, as in `AnswerBlock`.
    quote: the evidence, if the answerer quotes a source; a model leaves it to the verifier.
    label: the source, shown above where it changes.
    note: our remark, shown below.
    around: of a result, what its quote has before and after `text`, which stands out there.
    """

    text: str
    cites: tuple[int, ...]
    form: Literal["sentence", "item"] = "sentence"
    items: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    quote: Quote | None = None
    label: str = ""
    note: str = ""
    around: tuple[str, str] | None = None
    stretches: tuple[NamedStretch, ...] = ()
    is_open: bool = False


@dataclass(frozen=True)
class Gaps:
    """What a model's passages leave open.

    queries: what may find it.
    not_stated: what of the question they do not state, in the words of the answer.
    """

    queries: tuple[str, ...] = ()
    not_stated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Result of verifying a draft; `status`, `reason` and `details` as in `AnswerSentence`.

    quotes: the evidence; if it is not confirmed, the nearest.
    unfound: the words that the draft names as its evidence, where no passage has any of them.
    is_firm: nobody who reads the sentence again can confirm it.
    """

    status: SentenceStatus
    quotes: tuple[Quote, ...] = ()
    reason: Doubt | Literal[""] = ""
    details: tuple[str, ...] = ()
    unfound: tuple[str, ...] = ()
    is_firm: bool = False

    @property
    def is_confirmed(self) -> bool:
        return self.status in ("quoted", "confirmed")

    @property
    def is_found(self) -> bool:
        """Whether the quotes are its evidence, be that checked or not."""
        return self.is_confirmed or self.reason == "unchecked"


class Answerer(Protocol):
    """Writes drafts in reading order; yields no draft if it has no answer. A model's are open ones
    too, and last what its passages leave open.

    Raises (while iterating):
        ModelError: the model failed; what was yielded before stays valid.
    """

    mode: Mode

    @property
    def model(self) -> str:
        """Name of the language model; empty if there is none."""

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft | Gaps]:
        """Yields drafts one by one."""
