"""Shapes of what a reader keeps: conversations, exchanges and notes."""

import datetime
import hashlib
import uuid

from pydantic import AwareDatetime, Field

from core.answer import Answer, Citation, Turn
from core.source import Frozen, Scope

MAX_NAME = 120  # characters; the list shows one line
MAX_NOTES = 500  # of one user: the page reads and exports all of them at once
MAX_REMARK = 2000  # characters, about a page: all notes of a user are read at once
MAX_QUOTE = 20_000  # characters; no passage is that long


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def new_id() -> str:
    return uuid.uuid4().hex


class Exchange(Frozen):
    """A question with its answer or its error; with neither while it is being answered."""

    id: str = Field(default_factory=new_id)  # feedback on the answer has the same
    question: str
    context: str = ""  # the rest of a long message; it is not searched
    scope: Scope = Scope()  # limits the search
    asked: AwareDatetime = Field(default_factory=now)
    answer: Answer | None = None
    problem: str = ""
    stopped: bool = False  # the reader did not wait for the answer
    alone: bool = False  # it is answered without the conversation before it
    follow_ups: tuple[str, ...] | None = None  # suggested questions; None until looked for


class Conversation(Frozen):
    """A user's questions and their answers."""

    id: str = Field(default_factory=new_id)
    name: str = ""  # that its user gave it
    changed: AwareDatetime = Field(default_factory=now)  # when it was last asked or answered
    exchanges: tuple[Exchange, ...] = ()  # oldest first

    @property
    def title(self) -> str:
        """Its name, else the first question that was answered, else the first question."""
        answered = (asked for asked in self.exchanges if asked.answer and asked.answer.is_sourced)
        first = next(answered, self.exchanges[0] if self.exchanges else None)
        return self.name or (first.question if first else "")

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(exchange.id for exchange in self.exchanges)

    def find(self, id: str) -> Exchange | None:
        return next((exchange for exchange in self.exchanges if exchange.id == id), None)

    def named(self, name: str) -> "Conversation":
        """A copy with another name, cut to `MAX_NAME`."""
        return self.model_copy(update={"name": " ".join(name.split())[:MAX_NAME]})

    def with_exchange(self, exchange: Exchange) -> "Conversation":
        """A copy with this exchange at the end, or in place of the one with its id."""
        exchanges = {**{other.id: other for other in self.exchanges}, exchange.id: exchange}
        return self.model_copy(update={"exchanges": tuple(exchanges.values()), "changed": now()})

    def without(self, *ids: str) -> "Conversation":
        kept = tuple(exchange for exchange in self.exchanges if exchange.id not in ids)
        return self.model_copy(update={"exchanges": kept})

    def before(self, id: str) -> "Conversation":
        """A copy with only the exchanges before the one with this id."""
        ids = [exchange.id for exchange in self.exchanges]
        return self.without(*ids[ids.index(id) :])

    def history(self, exchange: Exchange) -> tuple[Turn, ...]:
        """The earlier turns that an exchange is answered with."""
        return () if exchange.alone else self.before(exchange.id).turns()

    def turns(self) -> tuple[Turn, ...]:
        """The answered exchanges as turns."""
        return tuple(
            Turn.of(
                exchange.question,
                exchange.answer,
                (*exchange.answer.related, *(exchange.follow_ups or ())),
            )
            for exchange in self.exchanges
            if exchange.answer is not None
        )


class ListedConversation(Frozen):
    """A conversation in a list."""

    id: str
    title: str
    changed: AwareDatetime


class Note(Frozen):
    """A quote that a reader keeps, with its reference, as it was when it was kept."""

    citation: Citation
    question: str  # that it answered
    conversation: str  # id; it may have been deleted
    remark: str = ""
    kept: AwareDatetime = Field(default_factory=now)
    changed: AwareDatetime = Field(default_factory=now)  # when it was kept, or last remarked on

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
