"""Builds a generation: composes its manifest from segments, and writes what is new."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from core.errors import StoreError
from core.files import as_path, printable
from core.settings import Settings
from core.source import Passage, SourceDocument
from ingest.publishing.ingest_run import Embedded, Tell
from ingest.publishing.own_questions import kept_vectors, vectors_beside
from ingest.publishing.plan import Plan, reading_of
from ingest.publishing.prepare import Stored, Work, passages_by_document, stored_as, units_of
from ingest.publishing.verify import check
from ingest.reading import question_file
from vectorstore.chroma import DocumentsRefused, batches
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.generation import Generation, document_key
from vectorstore.generations import Generations
from vectorstore.keyword_index import carry_keyword
from vectorstore.manifest import DocumentEntry, Manifest, SegmentEntry, new_id, total

_SMALL = 500  # passages; they are copied in about two seconds
_GROWTH = 4  # at most about five segments at 100,000 passages: docs/decisions/0005
_STORED_AT_ONCE = 64  # passages in one write, each of which costs 0.1 s
_MANY = 20  # documents; fewer may all be wrong by themselves
_COPIED_AT_ONCE = 500  # passages in one write; their vectors are in memory together


def build(
    work: Work, generations: Generations, settings: Settings, embedder: Embedder, tell: Tell
) -> Generation:
    """Makes a new generation: complete, checked and not published.

    Raises:
        DocumentsRefused: the store takes all but these documents; the generation is incomplete.
        StoreError: the store takes hardly any document, or the generation does not pass its check.
    """
    new = generations.create(compose(work))
    if work.current:
        _copy_unchanged(work.current, new, work.plan)
    _embed(work, embedder, new, tell)
    _embed_questions(work, embedder, new, tell)
    if new.refused:
        raise DocumentsRefused(new.refused)
    if work.current and not work.plan.gone:
        carry_keyword(settings, work.current, new, work.fresh)
    check(new, settings)
    return new


def compose(work: Work) -> Manifest:
    """The manifest of a new generation: its documents, and the segments that they are in."""
    now = datetime.datetime.now(datetime.UTC)
    created = now.isoformat(timespec="milliseconds")
    own = new_id(now)
    passages = passages_by_document(work.fresh)
    questions = Counter(document_key(question.id) for question in work.questions)
    before, unchanged = work.before, frozenset(work.plan.unchanged)
    merged = segments_to_merge(before, work.plan, len(work.fresh)) if before else frozenset()
    kept = {
        entry.key: entry.model_copy(update={"segment": own}) if entry.segment in merged else entry
        for entry in work.entries
        if entry.key in unchanged
    }
    entries = tuple(
        kept.get(document.key)
        or DocumentEntry(
            info=document.info,
            sha256=document.sha256,
            path=document.path,
            reading=reading_of(document),
            passages=len(passages.get(document.key, ())),
            units=sum(len(passage.units) for passage in passages.get(document.key, ())),
            questions=questions[document.key],
            segment=own,
            pages=len(document.page_starts)
            if isinstance(document, SourceDocument)
            else document.pages,
            left_out=document.left_out,
            encoding=document.encoding,
            changed=created,
        )
        for document in sorted(work.documents, key=lambda document: document.key)
    )
    new = [entry for entry in entries if entry.segment == own]
    shared = {entry.segment for entry in entries} - {own}
    old_segments = before.segments if before else ()
    return Manifest(
        id=own,
        created=created,
        method=work.method,
        before=before.id if before else "",
        documents=entries,
        segments=(
            *(segment for segment in old_segments if segment.id in shared),
            SegmentEntry(id=own, **total(entry.counts for entry in new)._asdict()),
        ),
        **total(entry.counts for entry in entries)._asdict(),
    )


def segments_to_merge(manifest: Manifest, plan: Plan, fresh: int) -> frozenset[str]:
    """The segments of the generation in use whose unchanged documents move into the new one, which
    gets so many fresh passages anyway.

    Smallest first: those that are small, that are at most `_GROWTH` times what is written anyway,
    or that hold more stale passages than used ones. So segments grow in steps of `_GROWTH`: a
    search asks a handful, and a passage is rarely copied.
    """
    unchanged, used = set(plan.unchanged), Counter[str]()
    for entry in manifest.documents:
        if entry.key in unchanged:
            used[entry.segment] += entry.passages
    merged, size = set(), fresh
    for segment in sorted(manifest.segments, key=lambda segment: (used[segment.id], segment.id)):
        here = used[segment.id]
        if here <= max(_SMALL, _GROWTH * size) or 2 * here < segment.passages:
            merged.add(segment.id)
            size += here
    return frozenset(merged)


def _copy_unchanged(old: Generation, new: Generation, plan: Plan) -> None:
    """Copies the passages and prepared questions of those unchanged documents that move into the
    new segment."""
    moved = {*plan.unchanged} & new.manifest.used(new.id)[0]
    _copy(old.all_passages(moved), lambda passage: Stored(old, passage.id), new)
    for batch in batches(old.all_questions(moved), _COPIED_AT_ONCE):
        vectors = old.vectors("questions", [question.id for question in batch])
        new.add_questions(batch, np.stack([vectors[question.id] for question in batch]))


def _copy(passages: Iterable[Passage], place: Callable[[Passage], Stored], new: Generation) -> None:
    """Stores passages with the vectors that stand at these places."""
    for batch in batches(passages, _COPIED_AT_ONCE):
        vectors: dict[str, Vectors] = {}
        places = [place(passage) for passage in batch]
        names = [units_of(p, at.passage_id) for p, at in zip(batch, places, strict=True)]
        for generation in {id(at.generation): at.generation for at in places}.values():
            here = zip(names, places, strict=True)
            vectors |= generation.vectors(
                "units",
                [unit for units, at in here if at.generation is generation for unit in units],
            )
        new.add(batch, [np.stack([vectors[unit] for unit in units]) for units in names])


def _embed(work: Work, embedder: Embedder, new: Generation, tell: Tell) -> None:
    """Stores the fresh passages, with known vectors or new ones."""
    known = work.known
    _copy((p for p in work.fresh if p.id in known), lambda passage: known[passage.id], new)
    total, done = len(work.fresh) - len(known), 0
    tried: set[str] = set()
    for batch in batches((p for p in work.fresh if p.id not in known), _STORED_AT_ONCE):
        vectors: list[Vectors] = []
        for group in _groups(batch, embedder.at_once):
            texts = [passage.context(unit) for passage in group for unit in passage.units]
            ends = np.cumsum([len(passage.units) for passage in group])[:-1]
            vectors += np.split(embedder.passages(texts), ends)
            for _ in group:
                done += 1
                tell(Embedded(done=done, total=total))
        new.add(batch, vectors)
        tried.update(passage.document.key for passage in batch)
        _check_refusals(new, len(tried))


def _check_refusals(new: Generation, tried: int) -> None:
    """Raises StoreError: most of the documents that were tried are refused, and they are many, so
    it is not they that are wrong, and the others need not be embedded."""
    if len(new.refused) >= _MANY and 2 * len(new.refused) > tried:
        key, reason = next(iter(new.refused.items()))
        raise StoreError(
            f"The vector store refuses {len(new.refused)} of {tried} documents, such as "
            f"{printable(key)}: {reason}. Nothing is published. Check the embedder with: "
            "./strategiewijzer doctor"
        )


def _groups(passages: Sequence[Passage], texts: int) -> Iterator[list[Passage]]:
    """The passages in groups that have at least so many units, but for the last."""
    group: list[Passage] = []
    for passage in passages:
        group.append(passage)
        if sum(len(grouped.units) for grouped in group) >= texts:
            yield group
            group = []
    if group:
        yield group


def _embed_questions(work: Work, embedder: Embedder, new: Generation, tell: Tell) -> None:
    """Stores the prepared questions, with vectors that a generation has, that are kept beside their
    file, or new ones."""
    kept, done = _kept_vectors(work, embedder), 0
    for batch in batches(work.questions, _COPIED_AT_ONCE):
        vectors = {question.id: kept[question.id] for question in batch if question.id in kept}
        for generation in work.sources:
            names = {
                name: question.id
                for question in batch
                if question.id not in vectors
                for name in stored_as(question.id, document_key(question.id), work.twins)
            }
            found = generation.vectors("questions", list(names))
            vectors |= {names[name]: vector for name, vector in found.items()}
        missing = [question for question in batch if question.id not in vectors]
        if missing:
            made = embedder.queries([question.question for question in missing])
            vectors |= {question.id: vector for question, vector in zip(missing, made, strict=True)}
        new.add_questions(batch, np.stack([vectors[question.id] for question in batch]))
        done += len(batch)
        tell(Embedded(what="questions", done=done, total=len(work.questions)))


def _kept_vectors(work: Work, embedder: Embedder) -> dict[str, Vectors]:
    """The vectors that are kept beside files with prepared questions, by the questions' ids."""
    found: dict[str, Vectors] = {}
    for path, loaded in work.loaded.items():
        file = question_file.find(as_path(path)) if loaded.questions else None
        beside = vectors_beside(file, embedder.fingerprint) if file else None
        if beside and beside.is_file():
            width = len(embedder.query(loaded.questions[0].question))
            found |= kept_vectors(beside, loaded.questions, width)
    return found
