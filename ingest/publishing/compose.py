"""The manifest of a new generation: its documents, and the segments that they are in."""

import datetime
from collections import Counter
from collections.abc import Sequence

from core.passage import Passage
from core.prepared import PreparedQuestion
from core.source import SourceDocument
from ingest.publishing.plan import Plan, reading_of, segments_to_merge
from vectorstore.manifest import DocumentEntry, Manifest, SegmentEntry, new_id, total
from vectorstore.segments import document_key


def compose(
    documents: Sequence[SourceDocument | DocumentEntry],
    plan: Plan,
    fresh: Sequence[Passage],
    questions: Sequence[PreparedQuestion],
    before: Manifest | None,
    method: str,
) -> Manifest:
    """The manifest of a new generation.

    Args:
        documents: all documents of the generation.
        plan: the plan of the run.
        fresh: the passages that are written.
        questions: the prepared questions of the documents that are written.
        before: the manifest of the generation in use, or None when there is none.
        method: the embedding method.
    """
    now = datetime.datetime.now(datetime.UTC)
    created = now.isoformat(timespec="milliseconds")
    own = new_id(now)
    made: dict[str, list[Passage]] = {}
    for passage in fresh:
        made.setdefault(passage.document.key, []).append(passage)
    asked = Counter(document_key(one.id) for one in questions)
    unchanged = frozenset(plan.unchanged)
    merged = segments_to_merge(before, plan, len(fresh)) if before else frozenset()
    kept = {
        entry.key: entry.model_copy(update={"segment": own}) if entry.segment in merged else entry
        for entry in (before.documents if before else ())
        if entry.key in unchanged
    }
    entries = tuple(
        kept.get(document.key)
        or _entry(document, made.get(document.key, ()), asked[document.key], own, created)
        for document in sorted(documents, key=lambda document: document.key)
    )
    new = [entry for entry in entries if entry.segment == own]
    shared = {entry.segment for entry in entries} - {own}
    counts = total(entries)
    return Manifest(
        id=own,
        created=created,
        method=method,
        before=before.id if before else "",
        documents=entries,
        segments=(
            *(segment for segment in (before.segments if before else ()) if segment.id in shared),
            SegmentEntry(id=own, **total(new)._asdict()),
        ),
        **counts._asdict(),
    )


def _entry(
    document: SourceDocument | DocumentEntry,
    passages: Sequence[Passage],
    questions: int,
    segment: str,
    created: str,
) -> DocumentEntry:
    """The manifest entry of a document whose passages this run writes."""
    return DocumentEntry(
        info=document.info,
        sha256=document.sha256,
        path=document.path,
        reading=reading_of(document),
        passages=len(passages),
        units=sum(len(passage.units) for passage in passages),
        questions=questions,
        segment=segment,
        pages=len(document.page_starts) if isinstance(document, SourceDocument) else document.pages,
        changed=created,
    )
