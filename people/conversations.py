"""Storage of conversations and notes.

`Conversations` is the store of one user: every statement names the user, so that nobody sees or
changes what another asked or noted. All are in one private SQLite file (people/user_file.py). What
has not changed for the set number of days is neither shown nor kept. Others read a conversation
only when its user shares it, by a link with a random token, of which the file has only the hash.
"""

import datetime
import hashlib
import secrets

from language.matching import fold, without_accents
from people.conversation import Conversation, Exchange, ListedConversation, now
from people.note import MAX_NOTES, MAX_QUOTE, Note
from people.user_file import UserFile, readable

_LISTED = """
SELECT id, changed, CASE name WHEN '' THEN (
    SELECT question FROM exchanges WHERE user = c.user AND conversation = c.id
    ORDER BY json_extract(exchange, '$.answer.answered') IS NOT 1, asked LIMIT 1
) ELSE name END AS title FROM conversations AS c WHERE user = ? AND changed >= ?
"""
_HAS_WORD = """
AND (instr(plain(name), ?) OR EXISTS (
    SELECT 1 FROM exchanges WHERE user = c.user AND conversation = c.id AND instr(words, ?)
))
"""


class Conversations(UserFile):
    """The conversations and notes of one user; arguments and errors as of `UserFile`."""

    def listed(self, search: str = "") -> tuple[ListedConversation, ...]:
        """The conversations, last changed first; with `search`, those that have all its words in
        title, questions or answers."""
        words = _plain(search).split()
        query = _LISTED + _HAS_WORD * len(words) + "ORDER BY changed DESC, id"
        values = (self.user, self._oldest(), *(word for word in words for _ in range(2)))
        with self._opened(writes=False) as connection:
            connection.create_function("plain", 1, _plain, deterministic=True)
            rows = connection.execute(query, values).fetchall()
        return tuple(
            ListedConversation(id=id, title=title or "", changed=_date(changed))
            for id, changed, title in rows
        )

    def find(self, id: str) -> Conversation | None:
        """This user's conversation with this id, or None."""
        return self._find(self.user, id)

    def share(self, id: str, until: datetime.datetime) -> str:
        """Shares one of this user's conversations, as it stands whenever it is read, with all users
        of the pages. Returns the token of its link, which replaces any earlier one."""
        token = secrets.token_urlsafe(24)
        self._change(
            "INSERT OR REPLACE INTO shares SELECT user, id, ?, ? FROM conversations "
            "WHERE user = ? AND id = ?",
            *(_hash(token), until.timestamp(), self.user, id),
        )
        return token

    def shared_until(self, id: str) -> datetime.datetime | None:
        """When the share of one of this user's conversations ends; None when it is not shared."""
        query = "SELECT expires FROM shares WHERE user = ? AND conversation = ? AND expires > ?"
        rows = self._rows(query, self.user, id, now().timestamp())
        return _date(rows[0][0]) if rows else None

    def unshare(self, id: str) -> None:
        """Ends the share of a conversation."""
        self._change("DELETE FROM shares WHERE user = ? AND conversation = ?", self.user, id)

    def find_shared(self, token: str) -> Conversation | None:
        """The conversation shared under this token; None when there is none or the share has
        ended."""
        query = "SELECT user, conversation FROM shares WHERE token = ? AND expires > ?"
        rows = self._rows(query, _hash(token), now().timestamp())
        return self._find(*rows[0]) if rows else None

    def _find(self, user: str, id: str) -> Conversation | None:
        with self._opened(writes=False) as connection:
            query = (
                "SELECT name, changed FROM conversations WHERE user = ? AND id = ? AND changed >= ?"
            )
            row = connection.execute(query, (user, id, self._oldest())).fetchone()
            query = (
                "SELECT exchange FROM exchanges WHERE user = ? AND conversation = ? ORDER BY asked"
            )
            rows = connection.execute(query, (user, id)).fetchall()
        if row is None:
            return None
        with readable("conversation"):
            exchanges = tuple(Exchange.model_validate_json(exchange) for (exchange,) in rows)
        return Conversation(id=id, name=row[0], changed=_date(row[1]), exchanges=exchanges)

    def put(self, conversation: Conversation, *exchanges: Exchange) -> None:
        """Stores a conversation with these of its exchanges, or with all when none is given.

        Exchanges stored before stay, so that a conversation can be open in two windows.
        """
        with self._opened() as connection:
            self._forget_old(connection)
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "name = excluded.name, changed = excluded.changed",
                (self.user, conversation.id, conversation.name, conversation.changed.timestamp()),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (self.user, conversation.id, *_row(exchange))
                    for exchange in exchanges or conversation.exchanges
                ],
            )

    def drop(self, conversation: str, *exchanges: str) -> None:
        """Deletes exchanges (ids) of a conversation (id)."""
        with self._opened() as connection:
            query = "DELETE FROM exchanges WHERE user = ? AND conversation = ? AND id = ?"
            connection.executemany(query, [(self.user, conversation, one) for one in exchanges])

    def rename(self, id: str, name: str) -> None:
        """Names a conversation; an empty name makes a question its title again."""
        query = "UPDATE conversations SET name = ? WHERE user = ? AND id = ?"
        self._change(query, name, self.user, id)

    def delete(self, id: str) -> None:
        """Deletes a conversation; does nothing when there is none with this id."""
        self._change("DELETE FROM conversations WHERE user = ? AND id = ?", self.user, id)

    def delete_all(self) -> None:
        """Deletes all conversations and notes of this user."""
        with self._opened() as connection:
            connection.execute("DELETE FROM conversations WHERE user = ?", (self.user,))
            connection.execute("DELETE FROM notes WHERE user = ?", (self.user,))

    def users(self) -> tuple[str, ...]:
        """All users of whom there is a conversation or a note."""
        query = "SELECT user FROM conversations UNION SELECT user FROM notes ORDER BY user"
        return tuple(user for (user,) in self._rows(query))

    def notes(self) -> tuple[Note, ...]:
        """This user's notes, newest first."""
        query = "SELECT note FROM notes WHERE user = ? AND changed >= ?"
        rows = self._rows(query, self.user, self._oldest())
        with readable("note"):
            found = [Note.model_validate_json(note) for (note,) in rows]
        return tuple(sorted(found, key=lambda note: note.kept, reverse=True))

    def noted(self) -> frozenset[str]:
        """The ids of this user's notes."""
        query = "SELECT id FROM notes WHERE user = ? AND changed >= ?"
        return frozenset(id for (id,) in self._rows(query, self.user, self._oldest()))

    def put_note(self, note: Note) -> bool:
        """Stores a note, in place of the one with its id. Returns False and stores nothing when its
        quote is too long or the user has `MAX_NOTES` already."""
        query = "SELECT count(*) FROM notes WHERE user = ? AND id != ?"
        with self._opened() as connection:
            self._forget_old(connection)
            (others,) = connection.execute(query, (self.user, note.id)).fetchone()
            if others >= MAX_NOTES or len(note.citation.quote) > MAX_QUOTE:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)",
                (self.user, note.id, note.changed.timestamp(), note.model_dump_json()),
            )
        return True

    def drop_note(self, id: str) -> None:
        """Deletes a note; does nothing when there is none with this id."""
        self._change("DELETE FROM notes WHERE user = ? AND id = ?", self.user, id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _date(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _row(exchange: Exchange) -> tuple[str, float, str, str, str]:
    answer = "\n".join((exchange.answer.text, *exchange.answer.more)) if exchange.answer else ""
    return (
        exchange.id,
        exchange.asked.timestamp(),
        exchange.question,
        _plain(f"{exchange.question}\n{answer}"),
        exchange.model_dump_json(round_trip=True),
    )


def _plain(text: str) -> str:
    """A text normalised for search: without case, accents and digit grouping."""
    return without_accents(fold(text))
