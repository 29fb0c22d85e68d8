"""What somebody asked and what the answers were: `Conversation`."""

import datetime
import uuid

from pydantic import AwareDatetime, Field

from core.types import Answer, Frozen, Scope, Turn

MAX_NAME = 120  # characters


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def new_id() -> str:
    return uuid.uuid4().hex


class Exchange(Frozen):
    """A question with its answer, or with what went wrong, or still to be answered.

    `scope` is what the search was limited to. `stopped` is whether the reader did not wait for the
    answer. `alone` is whether it is answered without the conversation before it. `context` is the
    rest of a long text that the question stood in; it is not searched. `follow_ups` are questions
    that can be asked next; None as long as nobody has looked.
    A verdict on the answer is kept under the same `id` (core/feedback.py).
    """

    id: str = Field(default_factory=new_id)
    question: str
    context: str = ""
    scope: Scope = Scope()
    asked: AwareDatetime = Field(default_factory=now)
    answer: Answer | None = None
    problem: str = ""
    stopped: bool = False
    alone: bool = False
    follow_ups: tuple[str, ...] | None = None


class Conversation(Frozen):
    """Exchanges, oldest first. `name` is what its user called it; empty: its first question that
    was answered, else its first.

    `changed` is when something was last asked or answered.
    """

    id: str = Field(default_factory=new_id)
    name: str = ""
    changed: AwareDatetime = Field(default_factory=now)
    exchanges: tuple[Exchange, ...] = ()

    @property
    def title(self) -> str:
        answered = (one for one in self.exchanges if one.answer and one.answer.answered)
        first = next(answered, self.exchanges[0] if self.exchanges else None)
        return self.name or (first.question if first else "")

    @property
    def ids(self) -> frozenset[str]:
        """Of its exchanges."""
        return frozenset(exchange.id for exchange in self.exchanges)

    def find(self, id: str) -> Exchange | None:
        """The exchange with this id."""
        return next((exchange for exchange in self.exchanges if exchange.id == id), None)

    def named(self, name: str) -> "Conversation":
        """Under another name."""
        return self.model_copy(update={"name": " ".join(name.split())[:MAX_NAME]})

    def with_exchange(self, exchange: Exchange) -> "Conversation":
        """With this exchange at the end, or in place of the one with its id."""
        exchanges = {**{other.id: other for other in self.exchanges}, exchange.id: exchange}
        return self.model_copy(update={"exchanges": tuple(exchanges.values()), "changed": now()})

    def without(self, *ids: str) -> "Conversation":
        """Without the exchanges with these ids."""
        kept = tuple(exchange for exchange in self.exchanges if exchange.id not in ids)
        return self.model_copy(update={"exchanges": kept})

    def before(self, id: str) -> "Conversation":
        """As it was when the exchange with this id had not been asked yet."""
        ids = [exchange.id for exchange in self.exchanges]
        return self.without(*ids[ids.index(id) :])

    def history(self, exchange: Exchange) -> tuple[Turn, ...]:
        """The turns that one of its exchanges is answered with."""
        return () if exchange.alone else self.before(exchange.id).turns()

    def turns(self) -> tuple[Turn, ...]:
        """What has been asked and answered."""
        return tuple(
            Turn.of(exchange.question, exchange.answer)
            for exchange in self.exchanges
            if exchange.answer is not None
        )


class Listed(Frozen):
    """A conversation in a list."""

    id: str
    title: str
    changed: AwareDatetime
