"""What a reader keeps: conversations with their exchanges, and notes; and its storage."""

import datetime
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import AwareDatetime, Field
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKeyConstraint,
    Table,
    Text,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    union,
    update,
)

from core.answer import Answer, Citation, Turn
from core.source import Frozen, Scope
from language.words import plain
from userdata.database import METADATA, Database, put, readable

MAX_NAME = 120  # characters; the list shows one line
MAX_NOTES = 500  # of one user: the page reads and exports all of them at once
MAX_REMARK = 2000  # characters, about a page: all notes of a user are read at once
MAX_QUOTE = 20_000  # characters; no passage is that long

_WHAT = "Conversations"  # in messages

CONVERSATIONS = Table(
    "conversations",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("plain_name", Text, nullable=False),  # as `plain` makes it
    Column("changed", Double, nullable=False, index=True),  # in seconds since 1970, as all times
)
EXCHANGES = Table(
    "exchanges",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("asked", Double, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("question", Text, nullable=False),
    Column("words", Text, nullable=False),  # question and answer, as `plain` makes them
    Column("exchange", Text, nullable=False),  # JSON
    ForeignKeyConstraint(
        ["user", "conversation"], ["conversations.user", "conversations.id"], ondelete="CASCADE"
    ),
)
NOTES = Table(
    "notes",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("changed", Double, nullable=False, index=True),
    Column("note", Text, nullable=False),  # JSON
)

_C, _E, _N = CONVERSATIONS.c, EXCHANGES.c, NOTES.c
_SEARCHED = 20  # words: more narrow a search no further, and each is looked up in all texts
_OF_CONVERSATION = (_E.user == _C.user, _E.conversation == _C.id)
_FIRST_QUESTION = (
    select(_E.question)
    .where(*_OF_CONVERSATION)
    .order_by(_E.answered.desc(), _E.asked)
    .limit(1)
    .correlate(CONVERSATIONS)
    .scalar_subquery()
)
_TITLE = case((_C.name == "", _FIRST_QUESTION), else_=_C.name)


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


class Conversations:
    """The conversations and notes of one user.

    Args:
        user: identifier of the owner.
        database: where it is kept; None: in memory, as long as this object lives.
        days: how long it is kept after the last question, or change of the note.

    Every method raises StrategiewijzerError when the database cannot be read or written, or was
    written by a later version; what was kept before stays.
    """

    def __init__(self, user: str, database: Database | None, days: int) -> None:
        self.user = user
        self.lasting = database is not None  # whether it outlives this object
        self._days = days
        self._database = database or Database(None)

    def forget_old(self) -> None:
        """Deletes what has expired, of all users."""
        with self._database.transaction(_WHAT) as connection:
            self._forget_old(connection)

    def listed(self, search: str = "") -> tuple[ListedConversation, ...]:
        """The conversations, last changed first; with `search`, those that have all its words in
        title, questions or answers."""
        query = select(_C.id, _TITLE, _C.changed).where(
            _C.user == self.user, _C.changed >= self._oldest()
        )
        for word in stored(plain(search)).split()[:_SEARCHED]:
            in_texts = exists().where(*_OF_CONVERSATION, _E.words.contains(word, autoescape=True))
            query = query.where(or_(_C.plain_name.contains(word, autoescape=True), in_texts))
        rows: Sequence[Any] = self._database.rows(_WHAT, query.order_by(_C.changed.desc(), _C.id))
        return tuple(
            ListedConversation(id=id, title=title or "", changed=_date(changed))
            for id, title, changed in rows
        )

    def find(self, id: str) -> Conversation | None:
        """This user's conversation with this id, or None."""
        of_one = select(_C.name, _C.changed).where(
            _C.user == self.user, _C.id == id, _C.changed >= self._oldest()
        )
        exchanges_of_one = (
            select(_E.exchange)
            .where(_E.user == self.user, _E.conversation == id)
            .order_by(_E.asked)
        )
        row, kept = self._database.read(
            _WHAT,
            lambda connection: (
                connection.execute(of_one).first(),
                connection.execute(exchanges_of_one).scalars().all(),
            ),
        )
        if row is None:
            return None
        with readable("conversation"):
            exchanges = tuple(map(Exchange.model_validate_json, kept))
        return Conversation(id=id, name=row.name, changed=_date(row.changed), exchanges=exchanges)

    def put(self, conversation: Conversation, *exchanges: Exchange) -> None:
        """Stores a conversation with these of its exchanges, or with all when none is given.

        Exchanges stored before stay, so that a conversation can be open in two windows.
        """
        row = {
            "user": self.user,
            "id": conversation.id,
            "changed": conversation.changed.timestamp(),
            **named(conversation.name),
        }
        rows = [
            {"user": self.user, "conversation": conversation.id, **exchange_row(exchange)}
            for exchange in exchanges or conversation.exchanges
        ]
        with self._database.transaction(_WHAT) as connection:
            self._forget_old(connection)
            put(connection, CONVERSATIONS, row)
            put(connection, EXCHANGES, *rows)

    def drop(self, conversation: str, *exchanges: str) -> None:
        """Deletes exchanges (ids) of a conversation (id)."""
        self._database.change(
            _WHAT,
            delete(EXCHANGES).where(
                _E.user == self.user, _E.conversation == conversation, _E.id.in_(exchanges)
            ),
        )

    def rename(self, id: str, name: str) -> None:
        """Names a conversation; an empty name makes a question its title again."""
        renaming = update(CONVERSATIONS).where(_C.user == self.user, _C.id == id)
        self._database.change(_WHAT, renaming.values(named(name)))

    def delete(self, id: str) -> None:
        """Deletes a conversation; does nothing when there is none with this id."""
        self._database.change(_WHAT, delete(CONVERSATIONS).where(_C.user == self.user, _C.id == id))

    def delete_all(self) -> None:
        """Deletes all conversations and notes of this user."""
        with self._database.transaction(_WHAT) as connection:
            for table in (CONVERSATIONS, NOTES):
                connection.execute(delete(table).where(table.c.user == self.user))

    def users(self) -> tuple[str, ...]:
        """All users of whom there is a conversation or a note."""
        query = union(select(_C.user), select(_N.user))
        return tuple(sorted(user for (user,) in self._database.rows(_WHAT, query)))

    def notes(self) -> tuple[Note, ...]:
        """This user's notes, newest first."""
        query = select(_N.note).where(_N.user == self.user, _N.changed >= self._oldest())
        rows = self._database.rows(_WHAT, query)
        with readable("note"):
            found = [Note.model_validate_json(note) for (note,) in rows]
        return tuple(sorted(found, key=lambda note: note.kept, reverse=True))

    def noted(self) -> frozenset[str]:
        """The ids of this user's notes."""
        query = select(_N.id).where(_N.user == self.user, _N.changed >= self._oldest())
        return frozenset(id for (id,) in self._database.rows(_WHAT, query))

    def put_note(self, note: Note) -> bool:
        """Stores a note, in place of the one with its id. Returns False and stores nothing when its
        quote is too long or the user has `MAX_NOTES` already."""
        others = select(func.count()).where(_N.user == self.user, _N.id != note.id)
        with self._database.transaction(_WHAT) as connection:
            self._forget_old(connection)
            if (
                connection.execute(others).scalar_one() >= MAX_NOTES
                or len(note.citation.quote) > MAX_QUOTE
            ):
                return False
            put(connection, NOTES, {"user": self.user, **note_row(note)})
        return True

    def drop_note(self, id: str) -> None:
        """Deletes a note; does nothing when there is none with this id."""
        self._database.change(_WHAT, delete(NOTES).where(_N.user == self.user, _N.id == id))

    def _forget_old(self, connection: Connection) -> None:
        for table in (CONVERSATIONS, NOTES):
            connection.execute(delete(table).where(table.c.changed < self._oldest()))

    def _oldest(self) -> float:
        """The earliest time of change that is kept, in seconds since 1970."""
        if not self.lasting:
            return 0.0
        return (now() - datetime.timedelta(days=self._days)).timestamp()


def exchange_row(exchange: Exchange) -> dict[str, Any]:
    """The columns of an exchange, but for whose it is."""
    answer = "\n".join((exchange.answer.text, *exchange.answer.more)) if exchange.answer else ""
    return {
        "id": exchange.id,
        "asked": exchange.asked.timestamp(),
        "answered": exchange.answer is not None and exchange.answer.is_sourced,
        "question": stored(exchange.question),
        "words": stored(plain(f"{exchange.question}\n{answer}")),
        "exchange": exchange.model_dump_json(round_trip=True),
    }


def note_row(note: Note) -> dict[str, Any]:
    """The columns of a note, but for whose it is."""
    changed = note.changed.timestamp()
    return {"id": note.id, "changed": changed, "note": note.model_dump_json()}


def stored(text: str) -> str:
    """Without NUL, which PostgreSQL refuses; in JSON it is written as an escape."""
    return text.replace("\0", "")


def _date(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def named(name: str) -> dict[str, str]:
    """The columns of a conversation's name."""
    return {"name": stored(name), "plain_name": stored(plain(name))}
