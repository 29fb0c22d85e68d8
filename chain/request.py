"""What goes between the steps of an answer: the query, the request to answerers, their drafts."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from langchain_core.runnables import RunnableConfig

from chain.reading.quotables import Statement
from core.answer import Message, Turn
from core.answer_blocks import Doubt, SentenceStatus
from core.source import MatchedQuestion, PreparedQuestion, Scope, ScoredPassage
from prompts import Aside
from vectorstore.profile import Amounts, default_profile

MAX_QUESTION = 1000
"""Characters; the longest question of eval/questions has 186."""


@dataclass(frozen=True)
class Query:
    """Input of one answer."""

    question: str  # the message as it came
    language: str  # of the message (ISO 639-1)
    history: Sequence[Turn] = ()  # earlier turns, oldest first
    scope: Scope = Scope()  # limits of the search
    config: RunnableConfig | None = None  # LangChain's, for callbacks and tracers


@dataclass(frozen=True)
class Ranked:
    """A statement, the index of its passage among those retrieved, and its score in log-odds."""

    passage: int
    statement: Statement
    score: float
    is_read: bool = True


@dataclass(frozen=True)
class Part:
    """A sub-question, or the whole question, with what was found for it."""

    question: str  # stands alone, without the conversation
    language: str  # ISO 639-1
    found: tuple[ScoredPassage, ...]  # passages of the whole question, scored for this part
    ranked: Sequence[Ranked]  # their statements, best first
    prepared: tuple[MatchedQuestion, ...] = ()  # prepared questions near it, nearest first


@dataclass(frozen=True)
class Task:
    """A task in place of a question, such as "put that in a table"."""

    kind: Message
    message: str  # the reader's words
    text: str = ""  # the answer to work on; if empty, the passages are


@dataclass(frozen=True)
class Request:
    """Input of an answerer."""

    question: str  # stands alone, without the conversation
    language: str  # of the question; for a task, of the result (ISO 639-1)
    found: tuple[ScoredPassage, ...]  # passages, best first; for a task, its evidence
    parts: tuple[Part, ...] = ()
    earlier: str = ""  # folded text of the answers before, which is not repeated
    item: str = ""  # the item of the last answer's list that alone is asked for
    years: tuple[str, ...] = ()  # those of the last answer's list that alone are asked for
    brief: bool = False  # only the best sentence or list is wanted
    # The statements of a document's summary: of each the number of its passage, and those of its
    # units.
    overview: tuple[tuple[int, tuple[int, ...]], ...] = ()
    task: Task | None = None  # for a language model, in place of the question
    given: tuple[int, ...] = ()  # the passages for a language model, in that order; empty: all
    is_sure: bool = True  # the first statement may be given as the answer; else results are wanted
    is_unlikely: bool = False  # the results hardly answer
    lacking: tuple[str, ...] = ()  # what the question names and nothing that was found does
    quotable: bool = True  # quotes can do what is asked, unlike for a comparison
    aside: Aside | Literal[""] = ""  # what a line above the results says that is not done
    prepared: PreparedQuestion | None = None  # its answer is the answer, where that is sure
    opening: str = ""  # what the assistant says itself before all else
    amounts: Amounts = field(default_factory=lambda: default_profile().amounts)  # of the index
    so_far: str = ""  # the answer that is begun, and only to be completed
    searched_as: tuple[str, ...] = ()  # the question in the other languages that were searched
    # By the monotonic clock, when it was made: an answerer's time counts from then.
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
    """What a model says that a sentence rests on."""

    passage: int  # index in `Request.found`; -1: none
    first: str  # the first words of a stretch of it
    last: str = ""  # the last words; empty where `first` is all of it


@dataclass(frozen=True)
class Draft:
    """An unverified piece of an answer: quoted text, or one sentence or item by a model."""

    text: str  # a paragraph, sentence or item; may be empty above `items`
    cites: tuple[int, ...]  # the passages it claims as sources, as indexes in `Request.found`
    form: Literal["sentence", "item"] = "sentence"
    items: tuple[str, ...] = ()  # the list that `text` introduces
    marks: tuple[str, ...] = ()  # of each item its number in the source, as in `AnswerBlock`
    quote: Quote | None = None  # the evidence of a quotation; of a model's the verifier finds it
    label: str = ""  # the source, shown above where it changes
    note: str = ""  # our remark, shown below
    around: tuple[str, str] | None = None  # of a result, what its quote has before and after `text`
    stretches: tuple[NamedStretch, ...] = ()  # what of `cites` it claims to rest on
    is_open: bool = False  # more of it is to come: it is shown and not yet verified


@dataclass(frozen=True)
class Gaps:
    """What a model's passages leave open."""

    queries: tuple[str, ...] = ()  # what may find it
    not_stated: tuple[str, ...] = ()  # of the question, in the words of the answer


@dataclass(frozen=True)
class Verdict:
    """Result of verifying a draft; `status`, `reason` and `details` as in `AnswerSentence`."""

    status: SentenceStatus
    quotes: tuple[Quote, ...] = ()  # the evidence; if it is not confirmed, the nearest
    reason: Doubt | Literal[""] = ""
    details: tuple[str, ...] = ()
    unfound: tuple[str, ...] = ()  # the words of its evidence that no passage has, if it has none
    is_firm: bool = False  # nobody who reads the sentence again can confirm it

    @property
    def is_confirmed(self) -> bool:
        return self.status in ("quoted", "confirmed")

    @property
    def is_found(self) -> bool:
        """Whether the quotes are its evidence, be that checked or not."""
        return self.is_confirmed or self.reason == "unchecked"


class Answerer(Protocol):
    """Has a language model write drafts in reading order, open ones too, and last what its passages
    leave open; yields no draft if it has no answer.

    Raises (while iterating):
        ModelError: the model failed; what was yielded before stays valid.
    """

    @property
    def model(self) -> str:
        """Name of the language model."""

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft | Gaps]:
        """Yields drafts one by one."""
