"""Verifies the chain of audit records, in the store or in an exported file.

A whole chain shows that no record was changed, removed from between others, added between them or
moved. It does not show that its end is there, nor that it was not written anew as a whole: that
shows only against a head hash that was noted elsewhere.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from core.frozen import Frozen
from core.settings import Settings
from people.audit_form import AuditRecord, Link, asker_hash, canonical, parsed, sha256
from people.audit_record import as_written, chain

_MAX_LINE = 10_000_000  # characters; no question is that long
_LACKS = (
    "No record has the head hash that was noted: the end was cut off, the chain was written anew, "
    "or that record was removed for its age"
)


class AuditReport(Frozen):
    """What a verification found. The records follow `start` and end with `end`; `noted` is the
    number of the record with the head hash that was noted, None where it was not found. `broken`
    says what is wrong with the first record that does not fit; empty: all do."""

    records: int
    start: Link | None = None
    end: Link | None = None
    noted: int | None = None
    broken: str = ""


def verify_store(settings: Settings, noted: str = "") -> AuditReport:
    """Verifies what is kept; `noted` is a head hash from earlier."""
    ends = chain(settings)
    found = verify(as_written(settings), start=ends.anchor, noted=noted, head=ends.head)
    last = (found.end or ends.anchor).number
    if found.broken:
        return found
    if last < ends.head.number:
        told = f"The end is missing: records {last + 1} to {ends.head.number} were removed"
        return found.model_copy(update={"broken": told})
    now = chain(settings).head.number  # what was added meanwhile is no end that is missing
    if last > now:
        told = f"The store says that its end is record {now}, and record {last} is there"
        return found.model_copy(update={"broken": told})
    return found


def verify_file(path: Path, noted: str = "") -> AuditReport:
    """Verifies an exported file, which may begin anywhere in the chain.

    Raises:
        StrategiewijzerError: it cannot be read.
    """
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
    for number, one in enumerate(found, 1):
        link = _link(one)
        if end is None and one and link:
            start = end = _before(one)
        broken = _problem(one, link, end, number)
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


def _link(one: AuditRecord | None) -> Link | None:
    """Where a record says it stands; None when it does not."""
    number = one.record.get("number") if one else None
    return Link(number=number, hash=one.hash) if one and isinstance(number, int) else None


def _before(one: AuditRecord) -> Link:
    return Link(number=one.record["number"] - 1, hash=str(one.record.get("before", "")))


def _problem(one: AuditRecord | None, link: Link | None, end: Link | None, place: int) -> str:
    """What is wrong with a record; empty when nothing is."""
    if one is None or link is None:
        name = f"Record {end.number + 1 if end else place} (the {place}. here)"
        return f"{name} cannot be read, or was not written like this"
    name = f"Record {link.number}"
    if sha256(canonical(one.record)) != link.hash:
        return f"{name} was changed: its content has another hash"
    if end is not None and (link.number != end.number + 1 or _before(one).hash != end.hash):
        return f"{name} does not follow record {end.number}: records were removed, added or moved"
    if (one.asker or one.salt) and asker_hash(one.asker, one.salt) != one.record.get("by"):
        return f"{name} was changed: somebody else asked"
    return ""


def _lines(file: TextIO) -> Iterator[AuditRecord | None]:
    """The records of a file; None for a line that is none, or too long."""
    for line in iter(lambda: file.readline(_MAX_LINE), ""):
        try:
            yield AuditRecord.model_validate(parsed(line))
        except ValidationError:
            yield None
