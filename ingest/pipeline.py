"""Syncs the index with the source texts.

    folders -> documents -> plan -> new generation (vectors reused or embedded) -> check -> publish

Readers see nothing of a run until its last step; a crash at any point leaves what they use as it
was, and the next run clears what the crash left behind.
"""

import datetime
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from core.errors import DocumentError, IndexMismatchError, NoIndexError
from core.settings import Settings
from core.types import Frozen, Passage, SourceDocument
from ingest.build import Progress, copy_unchanged, embed, known_passages
from ingest.check import check
from ingest.load import find, fingerprint, load, refuse_doubles
from ingest.lock import exclusive
from ingest.plan import Plan, known_files, make_plan, segments_to_merge, splitter_fingerprint
from ingest.split import split
from vectorstore.embeddings import Embedder, make_embedder
from vectorstore.generations import Generation, Generations, store_exists
from vectorstore.manifest import DocumentEntry, Manifest, SegmentEntry, method_of, new_id
from vectorstore.store import carry_keyword, remove_old_keyword_indexes


class Report(Frozen):
    """What a run did, or would do; `generation` is empty when nothing was published."""

    plan: Plan
    embedded: int
    reused: int
    seconds: float
    generation: str
    dry_run: bool


def ingest(
    settings: Settings,
    folders: Sequence[Path] = (),
    *,
    dry_run: bool = False,
    rebuild: bool = False,
    progress: Progress = lambda done, total: None,
    embedder: Embedder | None = None,
) -> Report:
    """Makes the index hold exactly the documents in `folders` (default: `corpus_dirs`).

    Args:
        settings: where the index is.
        folders: folders and files with source texts.
        dry_run: only say what would be done.
        rebuild: make everything anew and take nothing over from earlier generations.
        progress: told how far the embedding is.
        embedder: other than the one of the settings (a benchmark brings vectors that are known).

    Raises:
        DocumentError: a source text cannot be taken; the index stays as it was.
        LockedError: another run is busy.
        StoreError: the new generation did not pass its check; the index stays as it was.
    """
    started = time.perf_counter()
    for folder in folders:
        if not folder.exists():
            raise DocumentError(folder, None, "there is no such file or folder", "Check the path.")
    files = find(folders or settings.corpus_dirs)
    if not files:
        where = ", ".join(str(folder) for folder in folders or settings.corpus_dirs)
        raise DocumentError(where, None, "there are no documents here", "Name a folder that has.")
    embedder = embedder or make_embedder(settings)
    method = method_of(embedder)
    with exclusive(settings.data_dir, unless=dry_run):
        reuse = store_exists(settings) and not rebuild
        current, others = _generations(settings) if reuse else (None, [])
        manifest = current.manifest if current else None
        documents = _documents(files, manifest, method)
        plan = make_plan(documents, manifest, method)
        fresh = _passages_to_make(documents, plan, embedder)
        known = known_passages([current, *others] if current else others, fresh, method)
        untouched = sum(entry.passages for entry in _entries(manifest, plan.unchanged))
        published = ""
        if not dry_run:
            generations = Generations(settings)
            if not plan.is_empty:
                new = generations.create(_manifest(documents, plan, fresh, manifest, method))
                if current:
                    copy_unchanged(current, new, plan)
                embed(fresh, known, embedder, new, progress)
                if current and len(new.manifest.segments) > 1:
                    gone = {*plan.changed, *plan.removed}
                    carry_keyword(settings, current, new, gone=gone, fresh=fresh)
                check(new, settings)
                generations.publish(new.id)
                published = new.id
            generations.remove_unpublished()
            remove_old_keyword_indexes(settings, generations.pointer().kept)
    return Report(
        plan=plan,
        embedded=len(fresh) - len(known),
        reused=len(known) + untouched,
        seconds=time.perf_counter() - started,
        generation=published,
        dry_run=dry_run,
    )


def _documents(
    files: Iterable[Path], manifest: Manifest | None, method: str
) -> list[SourceDocument | DocumentEntry]:
    """Loads the files; of one that is as it was, what the generation in use knows is enough."""
    known = known_files(manifest, method)
    documents: list[SourceDocument | DocumentEntry] = []
    for file in files:
        entry = known.get(str(file))
        same = entry is not None and entry.sha256 == fingerprint(file)
        documents.append(entry if entry and same else load(file))
    refuse_doubles((document.key, document.path) for document in documents)
    return documents


def _generations(settings: Settings) -> tuple[Generation | None, list[Generation]]:
    """The generation in use, and all others whose vectors may be reused, newest first.

    Among the others are those that a crashed run left behind. What another version of this program
    made is left out: it is built anew.
    """
    generations = Generations(settings)
    pointer = generations.pointer()
    kept = [generations.open(name) for name in reversed(pointer.kept) if name != pointer.current]
    others = [*generations.unpublished(), *kept]
    try:
        current = generations.current()
    except NoIndexError:
        return None, list(filter(_is_readable, others))
    return current if _is_readable(current) else None, list(filter(_is_readable, others))


def _is_readable(generation: Generation) -> bool:
    try:
        return bool(generation.manifest)
    except IndexMismatchError:
        return False


def _passages_to_make(
    documents: Iterable[SourceDocument | DocumentEntry], plan: Plan, embedder: Embedder
) -> list[Passage]:
    wanted = {*plan.added, *plan.changed}
    return [
        passage
        for document in documents
        if isinstance(document, SourceDocument) and document.key in wanted
        for passage in split(document, embedder.token_count, embedder.limit)
    ]


def _manifest(
    documents: Sequence[SourceDocument | DocumentEntry],
    plan: Plan,
    fresh: Sequence[Passage],
    before: Manifest | None,
    method: str,
) -> Manifest:
    now = datetime.datetime.now(datetime.UTC)
    created = now.isoformat(timespec="seconds")
    own = new_id(now)
    made: dict[str, list[Passage]] = {}
    for passage in fresh:
        made.setdefault(passage.document.key, []).append(passage)
    merged = segments_to_merge(before, plan, len(fresh)) if before else frozenset()
    kept = {
        entry.key: entry.model_copy(update={"segment": own}) if entry.segment in merged else entry
        for entry in _entries(before, plan.unchanged)
    }
    entries = tuple(
        kept.get(document.key) or _entry(document, made.get(document.key, ()), own, created)
        for document in sorted(documents, key=lambda document: document.key)
    )
    new = [entry for entry in entries if entry.segment == own]
    return Manifest(
        id=own,
        created=created,
        method=method,
        splitter=splitter_fingerprint(),
        documents=entries,
        segments=(
            *_segments_in_use(before, {entry.segment for entry in entries}),
            SegmentEntry(
                id=own,
                passages=sum(entry.passages for entry in new),
                units=sum(entry.units for entry in new),
            ),
        ),
        passages=sum(entry.passages for entry in entries),
        units=sum(entry.units for entry in entries),
    )


def _entry(
    document: SourceDocument | DocumentEntry,
    passages: Sequence[Passage],
    segment: str,
    changed: str,
) -> DocumentEntry:
    """What the manifest says of a document whose passages are made in this run."""
    return DocumentEntry(
        info=document.info,
        sha256=document.sha256,
        path=document.path,
        passages=len(passages),
        units=sum(len(passage.units) for passage in passages),
        segment=segment,
        pages=len(document.page_starts) if isinstance(document, SourceDocument) else 0,
        changed=changed,
    )


def _segments_in_use(before: Manifest | None, ids: Collection[str]) -> Iterator[SegmentEntry]:
    return (segment for segment in (before.segments if before else ()) if segment.id in ids)


def _entries(manifest: Manifest | None, keys: Iterable[str]) -> Iterator[DocumentEntry]:
    wanted = set(keys)
    return (entry for entry in (manifest.documents if manifest else ()) if entry.info.key in wanted)
