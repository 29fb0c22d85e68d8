"""Conversations that are shared by a link: what was shared, by whom and until when.

A share is a snapshot: later messages are not shared. It goes with its conversation. The database
has the hash of a link's token, never the token.
"""

import datetime
import secrets
from collections.abc import Sequence
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import (
    Column,
    Double,
    ForeignKeyConstraint,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from core.errors import StrategiewijzerError
from core.source import Frozen
from userdata.api_keys import hash_of
from userdata.conversations import CONVERSATIONS, Conversation, Conversations, now, stored
from userdata.database import METADATA, Database, readable

MAX_SHARES = 50  # links of one user that work at the same time

_WHAT = "Shared conversations"  # in messages
_RANDOM = 32  # bytes of a token: nobody finds one by trying
_LONGEST = 200  # characters of a token that is looked up; ours have 43

SHARES = Table(
    "shares",
    METADATA,
    Column("id", String(64), primary_key=True),  # the hash of the token
    Column("user", Text, nullable=False, index=True),
    Column("conversation", Text, nullable=False),
    Column("shared", Double, nullable=False),  # in seconds since 1970, as all times
    Column("expires", Double, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("snapshot", Text, nullable=False),  # JSON of a `Conversation`
    ForeignKeyConstraint(
        ["user", "conversation"], ["conversations.user", "conversations.id"], ondelete="CASCADE"
    ),
)
_S, _C = SHARES.c, CONVERSATIONS.c
_LISTED = (_S.id, _S.user, _S.conversation, _S.title, _S.shared, _S.expires)


class ListedShare(Frozen):
    """A link that works, without the token that opens it."""

    id: str
    user: str  # identifier of the owner
    conversation: str  # id
    title: str
    shared: AwareDatetime
    expires: AwareDatetime


class Share(ListedShare):
    """A link that works, with the conversation as it was when it was shared."""

    snapshot: Conversation


class Shares:
    """The links to one user's conversations.

    Args:
        user: identifier of the owner.
        database: where conversations are kept.
        days: how long a conversation is kept after its last question.

    Every method raises StrategiewijzerError when the database cannot be read or written, or was
    written by a later version.
    """

    def __init__(self, user: str, database: Database, days: int) -> None:
        self._user = user
        self._database = database
        self._days = datetime.timedelta(days=days)
        self._conversations = Conversations(user, database, days)

    def share(self, conversation: str, days: int) -> str | None:
        """Shares the answered exchanges of a conversation (id) for this many days, or for as long
        as the conversation is certain to be kept, if that ends sooner.

        Returns the token of the link, which can be read nowhere later; None where the user has
        `MAX_SHARES` already. Raises StrategiewijzerError: nothing is there to share.
        """
        found = self._conversations.find(conversation)
        answered = [exchange for exchange in found.exchanges if exchange.answer] if found else []
        if found is None or not answered:
            raise StrategiewijzerError(
                "This conversation has no answer that can be shared. Ask a question first."
            )
        exchanges = tuple(one.model_copy(update={"follow_ups": None}) for one in answered)
        snapshot = found.model_copy(update={"exchanges": exchanges})
        token, shared = secrets.token_urlsafe(_RANDOM), now()
        expires = min(shared + datetime.timedelta(days=days), found.changed + self._days)
        row = {
            "id": hash_of(token),
            "user": self._user,
            "conversation": conversation,
            "shared": shared.timestamp(),
            "expires": expires.timestamp(),
            "title": stored(found.name or answered[0].question),
            "snapshot": snapshot.model_dump_json(round_trip=True),
        }
        with self._database.transaction(_WHAT) as connection:
            connection.execute(delete(SHARES).where(_S.expires <= shared.timestamp()))
            mine = select(func.count()).where(_S.user == self._user)
            if connection.execute(mine).scalar_one() >= MAX_SHARES:
                return None
            connection.execute(insert(SHARES).values(row))
        return token

    def listed(self) -> tuple[ListedShare, ...]:
        """This user's links that work, newest first."""
        rows = self._rows(_LISTED, _S.user == self._user)
        return tuple(ListedShare(**row._mapping) for row in rows)

    def all(self) -> tuple[Share, ...]:
        """This user's links that work, with what they show, newest first."""
        return self._shares(_S.user == self._user)

    def revoke(self, id: str) -> None:
        """Ends one of this user's links; does nothing when there is none with this id."""
        self._database.change(_WHAT, delete(SHARES).where(_S.user == self._user, _S.id == id))

    def find(self, token: str) -> Share | None:
        """The share, of any user, that this token opens; None when no link has it, or has it any
        more."""
        if len(token) > _LONGEST:
            return None
        return next(iter(self._shares(_S.id == hash_of(token))), None)

    def forget_old(self) -> None:
        """Deletes the links of all users that have expired."""
        self._database.change(_WHAT, delete(SHARES).where(_S.expires <= now().timestamp()))

    def _shares(self, which: Any) -> tuple[Share, ...]:
        rows = self._rows((*_LISTED, _S.snapshot), which)
        with readable("shared conversation"):
            return tuple(
                Share(
                    **{**row._mapping, "snapshot": Conversation.model_validate_json(row.snapshot)}
                )
                for row in rows
            )

    def _rows(self, columns: Sequence[Column[Any]], which: Any) -> Sequence[Any]:
        """The rows of links that work, newest first: also their conversation is kept still."""
        right_now = now()
        query = (
            select(*columns)
            .join(CONVERSATIONS, (_C.user == _S.user) & (_C.id == _S.conversation))
            .where(
                which,
                _S.expires > right_now.timestamp(),
                _C.changed >= (right_now - self._days).timestamp(),
            )
            .order_by(_S.shared.desc(), _S.id)
        )
        return self._database.rows(_WHAT, query)
