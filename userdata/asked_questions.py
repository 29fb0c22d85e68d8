"""Counts what is asked, for those who prepare answers; of who asked it keeps nothing."""

import datetime
import hashlib
import secrets
import threading
from typing import Any, Literal

import sqlalchemy

from core.answer import Answer, AnswerKind
from core.settings import Settings
from core.source import Frozen
from language.escaping import visible
from language.words import fold
from userdata.conversation import now
from userdata.database import database
from userdata.engines import put
from userdata.kept_question import kept_question
from userdata.tables import METADATA

Outcome = Literal["refused", "results", "answer"]
"""What became of a question: the sources do not answer; what they have on it was shown; an
answer."""

_WHAT = "What was asked"  # in messages
_MOST = 10_000  # rows; beyond, the one that was asked longest ago makes room
_REMEMBERED = 50_000  # hashes of who asked what: four megabytes
_END = " ?!.…;;¿¡"  # marks that do not tell questions apart
_OUTCOMES: dict[AnswerKind, Outcome] = {
    "answer": "answer",
    "partial": "answer",
    "found": "results",
    "refusal": "refused",
}

_ASKED = sqlalchemy.Table(
    "asked_questions",
    METADATA,
    sqlalchemy.Column("id", sqlalchemy.String(64), primary_key=True),  # `question_id`
    sqlalchemy.Column("question", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("language", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("outcome", sqlalchemy.String(10), nullable=False),
    sqlalchemy.Column("times", sqlalchemy.Integer, nullable=False),
    sqlalchemy.Column("first", sqlalchemy.Date, nullable=False),
    sqlalchemy.Column("last", sqlalchemy.Date, nullable=False),
    sqlalchemy.Column("dismissed", sqlalchemy.Date),
)


class CountedQuestion(Frozen):
    """A question as it was first asked, what became of it the last time, how many people asked it,
    and the days (UTC) of the first and the last time."""

    question: str
    language: str  # ISO 639-1
    outcome: Outcome
    times: int
    first: datetime.date
    last: datetime.date


class _Remembered:
    """Who asked which question lately, as hashes that only this process can make; the oldest go
    first."""

    def __init__(self, most: int) -> None:
        self._salt = secrets.token_bytes(64)
        self._most = most
        self._hashes: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def is_new(self, *what: str) -> bool:
        """Whether this was not remembered; from now on it is."""
        content = "\0".join(what).encode("utf-8", "replace")
        digest = hashlib.blake2b(content, key=self._salt, digest_size=16).digest()
        with self._lock:
            is_new = digest not in self._hashes
            self._hashes[digest] = None
            if len(self._hashes) > self._most:
                del self._hashes[next(iter(self._hashes))]
        return is_new


_remembered = _Remembered(_REMEMBERED)
_SIZE = sqlalchemy.select(sqlalchemy.func.count()).select_from(_ASKED)
_LONGEST_AGO = (
    sqlalchemy.select(_ASKED.c.id)
    .order_by(_ASKED.c.last, _ASKED.c.times, _ASKED.c.id)
    .limit(1)
    .scalar_subquery()
)


def note(settings: Settings, answer: Answer, by: str = "") -> None:
    """Counts the question of an answer, if it may be kept (`kept_question`).

    Args:
        settings: where it is kept.
        answer: as it is shown.
        by: identifier of who asked, to count a person once; it is not kept.

    Raises:
        StrategiewijzerError: it cannot be written; as all below.
    """
    question, language = kept_question(answer), answer.question_language
    if not _plain(question):
        return
    id, today = question_id(question, language), now().date()
    with database(settings).transaction(_WHAT) as connection:
        found = connection.execute(_ASKED.select().where(_ASKED.c.id == id)).mappings().first()
        if found is None and connection.execute(_SIZE).scalar_one() >= _MOST:
            connection.execute(_ASKED.delete().where(_ASKED.c.id == _LONGEST_AGO))
        fresh = {"times": 0, "first": today, "last": today, "dismissed": None}
        row: dict[str, Any] = {"id": id, "question": question, "language": language, **fresh}
        row |= found or {}
        if (row["dismissed"] or today) < today or row["last"] < _oldest(settings):
            row |= fresh
        is_new = _remembered.is_new(id, str(row["first"]), by)
        row |= {"times": max(1, row["times"] + is_new), "last": today}
        put(connection, _ASKED, {**row, "outcome": _OUTCOMES[answer.kind]})


def read(settings: Settings) -> tuple[CountedQuestion, ...]:
    """The questions that are not too old and not dismissed, last asked first."""
    if not database(settings).is_there:
        return ()
    query = (
        sqlalchemy.select(*(_ASKED.c[name] for name in CountedQuestion.model_fields))
        .where(_ASKED.c.last >= _oldest(settings), _ASKED.c.dismissed.is_(None))
        .order_by(_ASKED.c.last.desc(), _ASKED.c.times.desc(), _ASKED.c.id)
    )
    rows = database(settings).rows(_WHAT, query)
    return tuple(CountedQuestion.model_validate(dict(row._mapping)) for row in rows)


def dismiss(settings: Settings, question: str, language: str) -> None:
    """Marks a question as dealt with: it is not read again until somebody asks it on a later day,
    and is counted anew from then on. Does nothing when it is not there."""
    this = _ASKED.c.id == question_id(question, language)
    database(settings).change(_WHAT, _ASKED.update().where(this).values(dismissed=now().date()))


def remove(settings: Settings, question: str, language: str) -> bool:
    """Deletes a question, such as one that names somebody; returns whether it was there."""
    return _delete(settings, _ASKED.c.id == question_id(question, language)) > 0


def forget_old(settings: Settings) -> int:
    """Removes the questions that nobody has asked for `keep_questions` days, or all where none is
    to be kept; returns how many."""
    return _delete(settings, _ASKED.c.last < _oldest(settings))


def _delete(settings: Settings, which: sqlalchemy.ColumnElement[bool]) -> int:
    kept_in = database(settings)
    return kept_in.change(_WHAT, _ASKED.delete().where(which)) if kept_in.is_there else 0


def question_id(question: str, language: str) -> str:
    """Identifies a question: a hash of its words and their language."""
    return hashlib.sha256(f"{language} {_plain(question)}".encode("utf-8", "replace")).hexdigest()


def _plain(question: str) -> str:
    return fold(visible(question)).strip(_END)


def _oldest(settings: Settings) -> datetime.date:
    """The earliest day that is kept; after today where nothing is."""
    days = settings.keep_questions
    return now().date() - datetime.timedelta(days=days if days else -1)
