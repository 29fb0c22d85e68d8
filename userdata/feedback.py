"""Feedback of readers on answers, `Feedback`, and its storage.

A reader can replace or withdraw an earlier verdict. Of the reader only what he or she typed is
stored. Each function raises StrategiewijzerError when the database cannot be read or written; what
was kept before stays.
"""

import datetime
from collections.abc import Iterable
from typing import Self

from pydantic import AwareDatetime
from sqlalchemy import Column, Connection, Table, Text, delete, select

from core.answer import Answer, Mode, Turn
from core.source import Frozen, Scope
from userdata.database import METADATA, Database, put, readable

_WHAT = "Feedback"  # in messages
FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("feedback", Text, nullable=False),  # JSON
)


class Feedback(Frozen):
    """A reader's verdict on one answer, with all that is needed to ask and judge the question
    again."""

    id: str  # of the answer: a later verdict on it replaces this one
    date: AwareDatetime
    helpful: bool | None = None  # the verdict on the answer; None: no verdict
    evidence: bool | None = None  # the verdict on its quotes
    comment: str = ""
    question: str
    language: str  # of the question; ISO 639-1
    history: tuple[Turn, ...] = ()  # the turns before it, oldest first
    scope: Scope = Scope()  # that limited the search
    answered: bool
    answer_text: str
    answer_language: str = ""
    more: tuple[str, ...] = ()  # that was folded below the answer
    documents: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()  # heading paths of the citations, " › " between headings
    confidence: float
    mode: Mode
    model: str = ""
    prompt_version: str = ""
    generation: str = ""
    handled: AwareDatetime | None = None  # when a maintainer dealt with it; None: not yet
    by: str = ""  # identifier of that maintainer

    @property
    def found_wrong(self) -> bool:
        """Whether the reader found the answer or its evidence wrong."""
        return False in (self.helpful, self.evidence)

    @classmethod
    def on(
        cls,
        answer: Answer,
        *,
        id: str,
        helpful: bool | None,
        evidence: bool | None = None,
        comment: str = "",
        history: Iterable[Turn] = (),
        scope: Scope = Scope(),
    ) -> Self:
        """The verdict on this answer, dated now."""
        known = {name: getattr(answer, name) for name in cls.model_fields if hasattr(answer, name)}
        sections = (" › ".join(citation.headings) for citation in answer.citations)
        given = {
            "id": id,
            "date": datetime.datetime.now(datetime.UTC),
            "helpful": helpful,
            "evidence": evidence,
            "comment": comment,
            "language": answer.question_language,
            "history": tuple(history),
            "scope": scope,
            "answer_text": answer.text,
            "answer_language": answer.language,
            "sections": tuple(dict.fromkeys(sections)),
        }
        return cls.model_validate(known | given)


def save(database: Database, feedback: Feedback) -> None:
    """Stores a verdict, in place of an earlier one with the same id."""
    with database.transaction(_WHAT) as connection:
        _put(connection, feedback)


def remove(database: Database, id: str) -> None:
    """Deletes a verdict; does nothing when there is none with this id."""
    database.change(_WHAT, delete(FEEDBACK).where(FEEDBACK.c.id == id))


def read(database: Database, id: str | None = None) -> tuple[Feedback, ...]:
    """All verdicts, oldest first, or only the one with this id."""
    if not database.is_there:
        return ()
    found = database.read(_WHAT, lambda connection: _selected(connection, id))
    return tuple(sorted(found, key=lambda feedback: (feedback.date, feedback.id)))


def find(database: Database, id: str) -> Feedback | None:
    """The verdict with this id, or None."""
    return next(iter(read(database, id)), None)


def handle(database: Database, given: Feedback, by: str) -> None:
    """Marks a verdict as handled; does nothing when the reader has replaced or withdrawn it."""
    _change(database, given, handled=datetime.datetime.now(datetime.UTC), by=by)


def reopen(database: Database, given: Feedback) -> None:
    """Marks a verdict as not handled; otherwise as `handle`."""
    _change(database, given, handled=None, by="")


def forget_handler(database: Database, user: str) -> None:
    """Takes from the verdicts that a user has dealt with who that was."""
    with database.transaction(_WHAT) as connection:
        for kept in _selected(connection):
            if kept.by == user:
                _put(connection, kept.model_copy(update={"by": ""}))


def _change(database: Database, given: Feedback, **fields: object) -> None:
    with database.transaction(_WHAT) as connection:
        for kept in _selected(connection, given.id):
            if kept.date == given.date:
                _put(connection, kept.model_copy(update=fields))


def _put(connection: Connection, feedback: Feedback) -> None:
    put(connection, FEEDBACK, {"id": feedback.id, "feedback": feedback.model_dump_json()})


def _selected(connection: Connection, id: str | None = None) -> list[Feedback]:
    """The verdict with this id, or all."""
    query = select(FEEDBACK.c.feedback)
    if id is not None:
        query = query.where(FEEDBACK.c.id == id)
    with readable("verdict"):
        return [Feedback.model_validate_json(row) for row in connection.scalars(query)]
