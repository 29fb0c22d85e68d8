"""The audit record: what was answered and what was decided, in a chain of hashes, and whether the
chain holds. Each function raises StrategiewijzerError when it cannot be read or written."""

import datetime
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TextIO

import sqlalchemy
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from core.answer import Answer
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Frozen
from userdata.conversations import now
from userdata.database import METADATA, database

FORMAT = 2  # of a record; raise it when its fields change
START = "0" * 64  # stands for the hash before the first record

_LEVELS = 9  # of lists and objects in each other; an exported record has four
_WHAT = "The audit record"  # in messages
_AT_ONCE = 500  # records read in one transaction: some megabytes at most
_SALT = 32  # bytes: nobody finds out by trying who was erased
_MAX_LINE = 10_000_000  # characters; no question is that long
_LACKS = (
    "No record has the head hash that was noted: the end was cut off, the chain was written anew, "
    "or that record was removed for its age"
)

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


class Link(Frozen):
    """A place in the chain: a record's number and hash; 0 and `START` before the first."""

    number: int
    hash: str


class AuditRecord(Frozen):
    """A record as it is exported. `record` is what is hashed; `asker` and `salt`, where they are
    kept, show who asked: the record's `by` is the `asker_hash` of both."""

    record: dict[str, Any]
    hash: str
    asker: str = ""
    salt: str = ""


Decided = Literal["approved", "withdrawn"]
"""What a maintainer decided on a prepared answer: to give it, or to give it no more. Earlier
versions also wrote "proposed", "confirmed", "accepted" and "refused"."""


class AnswerDecision(Frozen):
    """A decision on the prepared answer to these questions: units of a document version (key)."""

    decision: Decided
    document: str
    questions: tuple[str, ...]
    units: tuple[str, ...]
    organisation: str = ""


class RunDecision(Frozen):
    """A decision on an evaluation: whether what it measured goes live, and why. `results` is the
    fingerprint of its figures and answers."""

    decision: Literal["goes live", "does not go live"]
    run: str
    results: str
    reason: str


class OfficialDecision(Frozen):
    """The decision that the file of a document version (key) is an official text, or is none."""

    decision: Literal["official", "not_official"]
    document: str
    file: str  # SHA-256


def _of_answer(answer: Answer) -> dict[str, Any]:
    """What stands in the record of an answer, as it is shown."""
    return {
        "question": answer.question,
        "understood_as": answer.understood_as,
        "kind": answer.kind,
        "reason": answer.reason,
        "message": answer.message,
        "text": sha256(answer.text),
        "more": [sha256(text) for text in answer.more],
        "passages": [
            {"id": passage.id, "text": sha256(passage.text)} for passage in answer.passages
        ],
        "citations": [
            {
                "number": citation.number,
                "passage": citation.passage_id,
                "start": citation.start,
                "end": citation.end,
                "quote": sha256(citation.quote),
            }
            for citation in answer.citations
        ],
        "checks": {
            "confidence": f"{answer.confidence:.4f}",  # fractions have no one form in JSON
            "missing": list(answer.missing),
            "unconfirmed": [sha256(text) for text in answer.unconfirmed],
            "left_out": [sha256(sentence.text) for sentence in answer.left_out],
            "checker": answer.checker,
            "unchecked": answer.unchecked,
        },
        "mode": answer.mode,
        "model": answer.model,
        "trouble": answer.trouble,
        "prompts": answer.prompt_version,
        "generation": answer.generation,
    }


def canonical(record: dict[str, Any]) -> str:
    """JSON in one form (RFC 8785, for records without fractions): keys in order, no spaces.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return _text(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def parsed(text: str) -> dict[str, Any]:
    """A JSON object; an empty one where the text is spoilt, which no hash fits: no object, too
    deeply nested to be written again, or with a key twice, of which readers may take either."""
    try:
        found = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and _is_flat(found, _LEVELS) else {}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _is_flat(value: object, levels: int) -> bool:
    """Whether a value has no more levels of lists and objects than that."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_flat(item, levels - 1) for item in inner)


def sha256(text: str) -> str:
    return hashlib.sha256(_text(text).encode()).hexdigest()


def asker_hash(user: str, salt: str) -> str:
    """The name of the asker in a record: a hash."""
    return sha256(f"{salt} {user}")


def stamp(moment: datetime.datetime) -> str:
    """A moment in UTC, such that text order is time order: "2026-11-26T10:15:00.000000Z"."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(text: str) -> str:
    """Without half characters, which no file and no database takes."""
    return text.encode("utf-8", "replace").decode()


class Chain(Frozen):
    """The end of the chain, `head`, and the last record that was removed for its age, `anchor`."""

    head: Link
    anchor: Link


def keep(settings: Settings, answer: Answer, by: str = "") -> None:
    """Adds a record of an answer at the end of the chain, also beside other processes. Where it
    cannot be written (StrategiewijzerError), the answer must not be shown."""
    try:
        _add(settings, by, _of_answer(answer))
    except StrategiewijzerError as error:  # says nothing of the question
        raise StrategiewijzerError(
            f"There is no answer, as it must be on record. {error}"
        ) from None


def keep_decision(
    settings: Settings, decision: AnswerDecision | RunDecision | OfficialDecision, by: str
) -> None:
    """Adds a record of a decision, where the audit is on. Where it cannot be written
    (StrategiewijzerError), nothing may be done."""
    if not settings.audit:
        return
    content = decision.model_dump(mode="json")
    if isinstance(decision, AnswerDecision):
        content["units"] = [sha256(text) for text in decision.units]
    _add(settings, by, content)


def _add(settings: Settings, by: str, content: dict[str, Any]) -> None:
    """Adds a record with this content, its place in the chain, the moment and who did it."""
    known = bool(settings.audit_users and by)
    salt = secrets.token_hex(_SALT) if known else ""
    with database(settings).transaction(_WHAT) as connection:
        before = _locked(connection).head
        record = {
            **content,
            "format": FORMAT,
            "number": before.number + 1,
            "before": before.hash,
            "at": stamp(now()),
            "by": asker_hash(by, salt) if known else "",
        }
        text = canonical(record)
        end = {"number": record["number"], "hash": sha256(text)}
        who = {"asker": by, "salt": salt} if known else {}
        row = {**end, "at": record["at"], "record": text, **who}
        connection.execute(_RECORDS.insert().values(row))
        connection.execute(_CHAIN.update().values(end))


def chain(settings: Settings) -> Chain:
    """The ends of the chain."""
    rows = _read(settings, _CHAIN.select())
    return _chain(rows[0] if rows else _EMPTY)


def records(settings: Settings, since: datetime.datetime | None = None) -> Iterator[AuditRecord]:
    """The records, oldest first; with `since` those of then and later."""
    return map(_exported, _rows(settings, stamp(since) if since else ""))


def as_written(settings: Settings) -> Iterator[AuditRecord | None]:
    """The records, oldest first, to be verified; None for a row that `keep` did not write so: the
    text is in another form, or number or time beside it are not the record's."""
    for row in _rows(settings):
        exported = _exported(row)
        written = {**exported.record, "number": row["number"], "at": row["at"]}
        yield exported if canonical(written) == row["record"] else None


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
    return database(settings).change(_WHAT, erased)


def forget_old_records(settings: Settings) -> int:
    """Removes the beginning of the chain, up to the first record that is not too old; returns how
    many records. The chain keeps the hash of the last of these as its anchor."""
    oldest = stamp(now() - datetime.timedelta(days=settings.keep_audit))
    number = _RECORDS.c.number
    with database(settings).transaction(_WHAT) as connection:
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


def _read(settings: Settings, query: sqlalchemy.Select[Any]) -> Sequence[Any]:
    """The rows that a query finds, as mappings."""
    return [row._mapping for row in database(settings).rows(_WHAT, query)]


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


class AuditReport(Frozen):
    """The findings of a verification."""

    records: int  # that fit
    start: Link | None = None  # which they follow
    end: Link | None = None  # the last of them
    noted: int | None = None  # number of the record with the hash that was noted, if it was found
    broken: str = ""  # what is wrong with the first record that does not fit; empty: all do


def verify_store(settings: Settings, noted: str = "") -> AuditReport:
    """Verifies what is kept; `noted` is a head hash from earlier."""
    ends = chain(settings)
    found = verify(as_written(settings), start=ends.anchor, noted=noted, head=ends.head)
    if found.broken:
        return found
    last, problem = (found.end or ends.anchor).number, ""
    latest = chain(settings).head.number  # what was added meanwhile is no end that is missing
    if last < ends.head.number:
        problem = f"The end is missing: records {last + 1} to {ends.head.number} were removed"
    elif last > latest:
        problem = f"The store says that its end is record {latest}, and record {last} is there"
    return found.model_copy(update={"broken": problem})


def verify_file(path: Path, noted: str = "") -> AuditReport:
    """Verifies an exported file, which may begin anywhere in the chain."""
    try:
        with path.open(encoding="utf-8") as file:
            return verify(_lines(file), noted=noted)
    except (OSError, UnicodeDecodeError) as error:
        raise StrategiewijzerError(
            f"{path} cannot be read: {error}. Name a file that was made with: "
            "./strategiewijzer audit export"
        ) from None


def verify(
    found: Iterable[AuditRecord | None],
    *,
    start: Link | None = None,
    noted: str = "",
    head: Link | None = None,
) -> AuditReport:
    """Follows the chain.

    Args:
        found: the records in order; None for one that cannot be read, or is not as it was written.
        start: what the first must follow; None: whatever it says.
        noted: a hash that must be in the chain; empty: none.
        head: the end as the store has it.
    """
    end, number, seen = start, 0, None
    for number, record in enumerate(found, 1):
        link = _link(record)
        if end is None and record and link:
            start = end = _before(record)
        broken = _problem(record, link, end, number)
        if not broken and head and link and link.number == head.number and link != head:
            broken = f"Record {link.number} is not the one that the store has as its end"
        if broken:
            return AuditReport(records=number - 1, start=start, end=end, broken=broken)
        end = link
        seen = link.number if link and link.hash == noted else seen
    if start and start.hash == noted:
        seen = start.number
    lacks = _LACKS if noted and seen is None else ""
    return AuditReport(records=number, start=start, end=end, noted=seen, broken=lacks)


def _link(exported: AuditRecord | None) -> Link | None:
    """The place in the chain that a record states; None when it states none."""
    number = exported.record.get("number") if exported else None
    return Link(number=number, hash=exported.hash) if exported and isinstance(number, int) else None


def _before(exported: AuditRecord) -> Link:
    return Link(number=exported.record["number"] - 1, hash=str(exported.record.get("before", "")))


def _problem(exported: AuditRecord | None, link: Link | None, end: Link | None, place: int) -> str:
    """Says what is wrong with a record; empty when nothing is."""
    if exported is None or link is None:
        name = f"Record {end.number + 1 if end else place} (the {place}. here)"
        return f"{name} cannot be read, or was not written like this"
    name = f"Record {link.number}"
    if sha256(canonical(exported.record)) != link.hash:
        return f"{name} was changed: its content has another hash"
    if end is not None and (link.number != end.number + 1 or _before(exported).hash != end.hash):
        return f"{name} does not follow record {end.number}: records were removed, added or moved"
    asker, salt = exported.asker, exported.salt
    if (asker or salt) and asker_hash(asker, salt) != exported.record.get("by"):
        return f"{name} was changed: somebody else asked"
    return ""


def _lines(file: TextIO) -> Iterator[AuditRecord | None]:
    """The records of a file; None for a line that is none, or too long."""
    for line in iter(lambda: file.readline(_MAX_LINE), ""):
        try:
            yield AuditRecord.model_validate(parsed(line))
        except ValidationError:
            yield None
