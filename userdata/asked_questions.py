"""Counts what was asked; of who asked it keeps nothing.

Kept, for those who prepare answers, are questions that say nothing of who asked, and stand alone.
Each function raises StrategiewijzerError when the database cannot be read or written.
"""

import datetime
import hashlib
import re
import secrets
import threading
import unicodedata
from typing import Any, Literal

import sqlalchemy

from core.answer import Answer, AnswerKind
from core.settings import Settings
from core.source import Frozen
from language.escaping import visible
from language.vocabulary import cues_of, has_cues
from language.words import GROUPED, fold
from userdata.conversations import now
from userdata.database import METADATA, database, put

Outcome = Literal["refused", "results", "answer"]
"""What became of a question: the sources do not answer; what they have on it was shown; an
answer."""

_MAIL = re.compile(r"\w@\w|\w\s@\s\w")
_SEQUENCE = re.compile(r"\+?\d(?:(?: ?[()] ?|[.,'’]| ?[-–/ ] ?)?\d)*")
_DATE = re.compile(r"\b(?:[0-3]?\d([-./])[01]?\d\1[12]\d{3}|[12]\d{3}-[01]\d-[0-3]\d)\b")
_RANGE = re.compile(r" ?[-–/] ?")
_YEARS = re.compile(r"(?:(?:19|20)\d\d ?)+")
_CENTS = re.compile(r"[.,]\d\d?$")
_DECIMAL = re.compile(r"(?:0|[1-9]\d*)[.,]\d+")
_PAIRS = re.compile(r"\d\d(?: \d\d){3}")  # as a Danish telephone number
_LONG = 9  # digits: those of a citizen service number; telephones and accounts have more
_DIALLED = 7  # digits behind a prefix for another country or region
_ELEVEN = (9, 8, 7, 6, 5, 4, 3, 2, -1)  # weights of a citizen service number, which 11 divides

_LONGEST = 300  # characters: a longer message tells of its writer's case
_SAYING = 3  # letters that words have at most which say nothing of a topic: "the"
_OPENED, _REFERRING = 3, 2  # words of a topic that such a question has at most, if it rests on more
_UNKNOWN = 2  # words that it has at most in a language without cues
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
    """Counts the question of an answer, if it may be kept (`kept_question`). Who asked (`by`)
    counts once, and is not kept."""
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


def kept_question(answer: Answer) -> str:
    """The question of an answer, in one line, as it may be kept; empty where it may not.

    A follow-up is kept as it was understood, and not if it needs the conversation all the same. Not
    kept are messages that ask the sources nothing, tasks on an earlier answer, questions that only
    the limits of the search refused, long ones, those with an address or a number of somebody's,
    and those that have an approved answer, as these need no other.
    """
    if answer.message or answer.approved or answer.elsewhere or answer.reason == "out_of_scope":
        return ""
    question = " ".join(visible(answer.understood_as or answer.question).split())
    if len(question) > _LONGEST or has_identifier(question):
        return ""
    rests = not answer.understood_as and _rests_on_more(question, answer.question_language)
    return "" if rests else question


def _rests_on_more(question: str, language: str) -> bool:
    """Whether a question needs an earlier one to be understood, such as "And the second?"."""
    written = re.findall(r"\w+", question)
    if not has_cues(language):
        return len(written) <= _UNKNOWN
    cues, words = cues_of(language), [word.casefold() for word in written]
    without_topic = (cues.asking, cues.helping, cues.empty, cues.referring, cues.opening)
    empty = set(cues.general).union(*without_topic)
    topic = [
        word
        for word in written
        if word.casefold() not in empty and (len(word) > _SAYING or not word.islower())
    ]
    begins = f"{' '.join(words)} ".startswith(tuple(f"{opening} " for opening in cues.opening))
    refers = not set(cues.referring).isdisjoint(words)
    return len(topic) <= max(_OPENED * begins, _REFERRING * refers)


def has_identifier(text: str) -> bool:
    """Whether a text has an e-mail address, or a number that is rather one of a person, telephone
    or account than a figure, a date or the number of a document.

    >>> has_identifier("Call 06-12 34 56 78"), has_identifier("Is it NL91 ABNA 0417 1643 00?")
    (True, True)
    >>> has_identifier("Were there 1 725 000 000 from 01-01-2014 to 31-12-2020?")
    False
    """
    plain = " ".join(unicodedata.normalize("NFKC", visible(text)).split())
    return bool(_MAIL.search(plain)) or any(
        _is_of_somebody(found[0]) for found in _SEQUENCE.finditer(plain)
    )


def _is_of_somebody(written: str) -> bool:
    """Whether digits, as written together, identify somebody or something of his or hers."""
    written = _DATE.sub("2000", written)
    if all(map(_is_figure, _RANGE.split(written))):
        return False
    digits = sum(map(str.isdigit, written))
    is_dialled = written.startswith(("+", "0")) and digits >= _DIALLED
    return digits >= _LONG or is_dialled or bool(_PAIRS.fullmatch(written))


def _is_figure(written: str) -> bool:
    """Whether this is a year, several years, a decimal number or a figure in groups of three."""
    if _YEARS.fullmatch(written) or _DECIMAL.fullmatch(written):
        return True
    is_grouped = GROUPED.fullmatch(_CENTS.sub("", written)) and not written.startswith("0")
    return bool(is_grouped) and not _is_citizen_number(re.sub(r"\D", "", written))


def _is_citizen_number(digits: str) -> bool:
    """Whether these may be a Dutch citizen service number, written as a figure."""
    if len(digits) != len(_ELEVEN):
        return False
    return sum(int(digit) * weight for digit, weight in zip(digits, _ELEVEN, strict=True)) % 11 == 0
