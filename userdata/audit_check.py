"""Verifies the chain of audit records, in the store or in an exported file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Frozen
from userdata.audit import (
    AuditRecord,
    Link,
    as_written,
    asker_hash,
    canonical,
    chain,
    parsed,
    sha256,
)

_MAX_LINE = 10_000_000  # characters; no question is that long
_LACKS = (
    "No record has the head hash that was noted: the end was cut off, the chain was written anew, "
    "or that record was removed for its age"
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
    last = (found.end or ends.anchor).number
    if found.broken:
        return found
    if last < ends.head.number:
        problem = f"The end is missing: records {last + 1} to {ends.head.number} were removed"
        return found.model_copy(update={"broken": problem})
    now = chain(settings).head.number  # what was added meanwhile is no end that is missing
    if last > now:
        problem = f"The store says that its end is record {now}, and record {last} is there"
        return found.model_copy(update={"broken": problem})
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
