"""The audit record: what was answered, and what was decided on prepared answers, evaluations and
official texts, one record for each, in a chain of hashes.

Each record holds the hash of the one before it, so whoever changes, removes or moves one breaks the
chain there (people/audit_check.py). The form of a record is in people/audit_form.py.

Who asked is kept beside the record, which has a hash of it with a random salt. So a person can be
erased, salt included, and the chain still holds.
"""

import datetime
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import sqlalchemy
from sqlalchemy.exc import IntegrityError

from core.answer import Answer
from core.errors import StrategiewijzerError
from core.frozen import Frozen
from core.settings import Settings
from people.audit_form import (
    START,
    AuditedDecision,
    AuditRecord,
    Link,
    asker_hash,
    canonical,
    decision_record,
    parsed,
    record_of,
    sha256,
    stamp,
)
from people.conversation import now
from people.database import METADATA, database

_WHAT = "The audit record"  # in messages
_AT_ONCE = 500  # records read in one transaction: some megabytes at most
_SALT = 32  # bytes: nobody finds out by trying who was erased

_RECORDS = sqlalchemy.Table(
    "audit_records",
    METADATA,
    sqlalchemy.Column("number", sqlalchemy.Integer, primary_key=True, autoincrement=False),
    sqlalchemy.Column("at", sqlalchemy.String(27), nullable=False, index=True),
    sqlalchemy.Column("record", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("hash", sqlalchemy.String(64), nullable=False),
    sqlalchemy.Column("asker", sqlalchemy.Text, index=True),
    sqlalchemy.Column("salt", sqlalchemy.String(2 * _SALT)),
)
_CHAIN = sqlalchemy.Table(  # one row: the `Chain`
    "audit_chain",
    METADATA,
    sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True, autoincrement=False),
    sqlalchemy.Column("number", sqlalchemy.Integer, nullable=False),
    sqlalchemy.Column("hash", sqlalchemy.String(64), nullable=False),
    sqlalchemy.Column("cut_number", sqlalchemy.Integer, nullable=False),
    sqlalchemy.Column("cut_hash", sqlalchemy.String(64), nullable=False),
)
_EMPTY = {"id": 1, "number": 0, "hash": START, "cut_number": 0, "cut_hash": START}


class Chain(Frozen):
    """Where the chain ends, `head`, and the last record that was removed for its age, `anchor`."""

    head: Link
    anchor: Link


def keep(settings: Settings, answer: Answer, by: str = "") -> None:
    """Adds a record of an answer at the end of the chain, also beside other processes.

    Raises:
        StrategiewijzerError: it cannot be written; then the answer must not be shown.
    """
    try:
        _add(settings, by, lambda *where: record_of(answer, *where))
    except StrategiewijzerError as error:  # says nothing of the question
        raise StrategiewijzerError(
            f"There is no answer, as it must be on record. {error}"
        ) from None


def keep_decision(settings: Settings, made: AuditedDecision, by: str) -> None:
    """Adds a record of a decision, where the audit is on.

    Raises:
        StrategiewijzerError: it cannot be written; then nothing may be done.
    """
    if settings.audit:
        _add(settings, by, lambda *where: decision_record(made, *where))


def _add(
    settings: Settings, by: str, record_at: Callable[[Link, datetime.datetime, str], dict[str, Any]]
) -> None:
    """Adds a record, made with the end of the chain, the moment and who did it."""
    known = bool(settings.audit_users and by)
    salt = secrets.token_hex(_SALT) if known else ""
    with _opened(settings) as connection:
        before = _locked(connection).head
        record = record_at(before, now(), asker_hash(by, salt) if known else "")
        text = canonical(record)
        end = {"number": record["number"], "hash": sha256(text)}
        who = {"asker": by, "salt": salt} if known else {}
        row = {**end, "at": record["at"], "record": text, **who}
        connection.execute(_RECORDS.insert().values(row))
        connection.execute(_CHAIN.update().values(end))


def chain(settings: Settings) -> Chain:
    """The ends of the chain.

    Raises:
        StrategiewijzerError: it cannot be read; as all below.
    """
    rows = _read(settings, _CHAIN.select())
    return _chain(rows[0] if rows else _EMPTY)


def records(settings: Settings, since: datetime.datetime | None = None) -> Iterator[AuditRecord]:
    """The records, oldest first; with `since` those of then and later."""
    return map(_exported, _rows(settings, stamp(since) if since else ""))


def as_written(settings: Settings) -> Iterator[AuditRecord | None]:
    """The records, oldest first, to be verified; None for a row that `keep` did not write so: the
    text is in another form, or number or time beside it are not the record's."""
    for row in _rows(settings):
        one = _exported(row)
        written = {**one.record, "number": row["number"], "at": row["at"]}
        yield one if canonical(written) == row["record"] else None


def _rows(settings: Settings, first: str = "") -> Iterator[Any]:
    """The rows in order, from this moment on, read a part at a time."""
    last = 0
    while True:
        query = _RECORDS.select().where(_RECORDS.c.number > last, _RECORDS.c.at >= first)
        rows = _read(settings, query.order_by(_RECORDS.c.number).limit(_AT_ONCE))
        if not rows:
            return
        last = rows[-1]["number"]
        yield from rows


def asked_by(settings: Settings, user: str) -> tuple[AuditRecord, ...]:
    """The records that say that this user asked, oldest first."""
    query = _RECORDS.select().where(_RECORDS.c.asker == user).order_by(_RECORDS.c.number)
    return tuple(map(_exported, _read(settings, query)))


def askers(settings: Settings) -> dict[str, int]:
    """The users who stand in the records, each with the number of these."""
    asker = _RECORDS.c.asker
    query = sqlalchemy.select(asker, sqlalchemy.func.count().label("number")).where(
        asker.is_not(None)
    )
    return {row["asker"]: row["number"] for row in _read(settings, query.group_by(asker))}


def forget_asker(settings: Settings, user: str) -> int:
    """Erases who asked from the records of a user; returns how many there are."""
    erased = _RECORDS.update().where(_RECORDS.c.asker == user).values(asker=None, salt=None)
    with _opened(settings) as connection:
        return connection.execute(erased).rowcount


def forget_old_records(settings: Settings) -> int:
    """Removes the beginning of the chain, up to the first record that is not too old; returns how
    many records. The chain keeps the hash of the last of these as its anchor."""
    oldest = stamp(now() - datetime.timedelta(days=settings.keep_audit))
    number = _RECORDS.c.number
    with _opened(settings) as connection:
        ends = _locked(connection)
        stays = sqlalchemy.select(sqlalchemy.func.min(number)).where(_RECORDS.c.at >= oldest)
        first = connection.execute(stays).scalar() or ends.head.number + 1
        last_gone = _RECORDS.select().where(number == first - 1)
        row = connection.execute(last_gone).mappings().first()
        if row is None:
            return 0
        cut = {"cut_number": row["number"], "cut_hash": row["hash"]}
        connection.execute(_CHAIN.update().values(cut))
        return connection.execute(_RECORDS.delete().where(number < first)).rowcount


def _opened(settings: Settings) -> AbstractContextManager[sqlalchemy.Connection]:
    return database(settings).transaction(_WHAT)


def _read(settings: Settings, query: sqlalchemy.Select[Any]) -> Sequence[Any]:
    """The rows that a query finds, as mappings."""
    return database(settings).read(_WHAT, lambda found: found.execute(query).mappings().all())


def _locked(connection: sqlalchemy.Connection) -> Chain:
    """The ends of the chain, which nobody else changes before this transaction ends: a write
    comes first, as that locks the row or the file in every database."""
    touch = _CHAIN.update().values(number=_CHAIN.c.number)
    if not connection.execute(touch).rowcount:
        with suppress(IntegrityError), connection.begin_nested():  # another may be first
            connection.execute(_CHAIN.insert().values(_EMPTY))
        connection.execute(touch)
    return _chain(connection.execute(_CHAIN.select()).mappings().one())


def _chain(row: Any) -> Chain:
    return Chain(
        head=Link(number=row["number"], hash=row["hash"]),
        anchor=Link(number=row["cut_number"], hash=row["cut_hash"]),
    )


def _exported(row: Any) -> AuditRecord:
    """A row as it is exported; a text that is no JSON is shown as broken by its hash."""
    return AuditRecord(
        record=parsed(row["record"]),
        hash=row["hash"],
        asker=row["asker"] or "",
        salt=row["salt"] or "",
    )
