"""Keeps a reader's conversations and notes in the database."""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
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

from core.errors import StrategiewijzerError
from language.words import plain
from userdata.conversation import (
    MAX_NOTES,
    MAX_QUOTE,
    Conversation,
    Exchange,
    ListedConversation,
    Note,
    now,
)
from userdata.database import METADATA, Database, put

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
        for word in _stored(plain(search)).split()[:_SEARCHED]:
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
        with _readable("conversation"):
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
            **_named(conversation.name),
        }
        rows = [
            {"user": self.user, "conversation": conversation.id, **_exchange_row(exchange)}
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
        self._database.change(_WHAT, renaming.values(_named(name)))

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
        with _readable("note"):
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
            row = {"id": note.id, "changed": note.changed.timestamp()}
            put(connection, NOTES, {"user": self.user, **row, "note": note.model_dump_json()})
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


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Reports a row that the block cannot read as written by another version of the program."""
    try:
        yield
    except ValidationError as error:
        raise StrategiewijzerError(
            f"This version cannot read a {what} in the database: {error.error_count()} fields "
            "are not as expected. Use the version of the program that wrote it."
        ) from None


def _exchange_row(exchange: Exchange) -> dict[str, Any]:
    """The columns of an exchange, but for whose it is."""
    answer = "\n".join((exchange.answer.text, *exchange.answer.more)) if exchange.answer else ""
    return {
        "id": exchange.id,
        "asked": exchange.asked.timestamp(),
        "answered": exchange.answer is not None and exchange.answer.is_sourced,
        "question": _stored(exchange.question),
        "words": _stored(plain(f"{exchange.question}\n{answer}")),
        "exchange": exchange.model_dump_json(round_trip=True),
    }


def _stored(text: str) -> str:
    """Without NUL, which PostgreSQL refuses; in JSON it is written as an escape."""
    return text.replace("\0", "")


def _date(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _named(name: str) -> dict[str, str]:
    return {"name": _stored(name), "plain_name": _stored(plain(name))}
