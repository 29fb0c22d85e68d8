"""The work of a run, before it writes anything: documents, plan, passages, known vectors."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import NamedTuple

from core.errors import DocumentError, IndexMismatchError, NoIndexError, StrategiewijzerError
from core.files import as_text
from core.settings import Settings
from core.source import Passage, PreparedQuestion, SourceDocument
from ingest.passages.isolated import Loaded, Loader
from ingest.publishing.ingest_run import Failure, FileDone, IngestOptions, Tell
from ingest.publishing.plan import Document, Plan, content, make_plan, reading_fingerprint
from ingest.reading import question_file
from ingest.reading.files import FoundFiles, is_official, refuse_large, unforeseen
from ingest.reading.load import double, fingerprint
from vectorstore.chroma import DocumentsRefused
from vectorstore.embeddings import Embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations, store_exists
from vectorstore.manifest import DocumentEntry, Manifest, method_of

_REMEDY = "Check the embedder with: ./strategiewijzer doctor. Else save its text in a new file."


class Stored(NamedTuple):
    """The place of the vectors of a passage's units: in a generation, under a passage id."""

    generation: Generation
    passage_id: str


@dataclass(frozen=True)
class Files:
    """What was read of the files that a run looks at."""

    found: FoundFiles
    documents: tuple[Document, ...]
    loaded: Mapping[str, Loaded]  # by path
    failed: tuple[Failure, ...]
    refused: Mapping[str, str]  # keys of the documents that the store refuses, by path

    def without(self, refused: DocumentsRefused) -> "Files":
        """The same, where the files of the documents that the store refuses have failed. Raises the
        error itself: a document has no file that was read, so its former version is refused."""
        paths = {loaded.document.key: path for path, loaded in self.loaded.items()}
        if not paths.keys() >= refused.reasons.keys():
            raise refused
        failed = {
            paths[key]: DocumentError(
                paths[key], None, f"the vector store refuses it: {reason}", _REMEDY, "store"
            )
            for key, reason in refused.reasons.items()
        }
        return replace(
            self,
            documents=tuple(one for one in self.documents if one.path not in failed),
            loaded={path: one for path, one in self.loaded.items() if path not in failed},
            failed=(*self.failed, *map(Failure.of, failed.values())),
            refused={**self.refused, **{paths[key]: key for key in refused.reasons}},
        )

    def covers(self, failure: Failure, entry: DocumentEntry) -> bool:
        """Whether a document in use is that of a failure: it was refused, or its file is, or is in,
        what could not be read."""
        is_refused = self.refused.get(failure.path) == entry.key  # its file may have moved
        return is_refused or PurePath(entry.path).is_relative_to(failure.path)


@dataclass(frozen=True)
class Work:
    """The work of one run."""

    files: Files
    current: Generation | None  # in use; None when there is none that this program can read
    documents: tuple[Document, ...]  # that the index should hold, one for each key
    failures: tuple[Failure, ...]
    plan: Plan
    method: str  # of embedding
    fresh: tuple[Passage, ...]  # to be written
    known: Mapping[str, Stored]  # vectors that are stored already, by the id of a fresh passage
    questions: tuple[PreparedQuestion, ...]  # of the documents that are written
    sources: tuple[Generation, ...]  # whose vectors may be reused, in this order
    twins: Mapping[str, str]  # key of a document -> key in use with the same content

    @property
    def loaded(self) -> Mapping[str, Loaded]:
        """What was read of each file, by its path."""
        return self.files.loaded

    @property
    def before(self) -> Manifest | None:
        """The manifest of the generation in use."""
        return self.current.manifest if self.current else None

    @property
    def entries(self) -> tuple[DocumentEntry, ...]:
        """The documents of the generation in use."""
        return self.current.manifest.documents if self.current else ()

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the planned run: its documents, the files that failed and why, and the
        generation in use."""
        contents = sorted((*content(document), document.path) for document in self.documents)
        failed = sorted(f"{failure.place}: {failure.problem}" for failure in self.failures)
        whole = (contents, failed, self.before.id if self.before else "", self.method)
        return sha256(json.dumps(whole).encode()).hexdigest()[:16]


def read_files(
    settings: Settings, found: FoundFiles, embedder: Embedder, options: IngestOptions, tell: Tell
) -> Files:
    """Loads the files that are new or changed since the generation in use."""
    current, _ = _in_store(settings, method_of(embedder), options)
    known = _known_entries(current, method_of(embedder))
    with Loader(settings, embedder.limit) as loader:
        return _load(found, known, loader, settings, tell)


def prepare(settings: Settings, files: Files, embedder: Embedder, options: IngestOptions) -> Work:
    """Compares the files with the generation in use.

    A file that fails leaves its document as the generation in use has it. Of two files with the
    same document version the known one stays, else the first.
    """
    method, found = method_of(embedder), files.found
    current, sources = _in_store(settings, method, options)
    entries = current.manifest.documents if current else ()
    is_same_method = current is not None and current.manifest.method == method
    known = _known_entries(current, method)
    documents, doubles = _without_doubles(files.documents, entries)
    lost = _lost(documents, entries, is_same_method=is_same_method)
    failures = [
        failure.model_copy(update={"kept": tuple(e.key for e in lost if files.covers(failure, e))})
        for failure in (*map(Failure.of, found.unreadable), *files.failed, *doubles)
    ]
    kept = {key for failure in failures for key in failure.kept}
    paths = set(map(as_text, found.files))
    fallen = [entry for entry in lost if entry.key in kept]
    others = [entry for entry in lost if entry.key not in kept and entry.path not in paths]
    documents = (*documents, *fallen, *(others if options.only else ()))
    plan = make_plan(documents, entries, known)
    fresh, questions = _to_write(documents, files.loaded, plan, current)
    twins = _twins(documents, entries)
    return Work(
        files=files,
        current=current,
        documents=documents,
        failures=tuple(failures),
        plan=plan,
        method=method,
        fresh=fresh,
        known=_known_passages(sources, fresh, twins),
        questions=questions,
        sources=sources,
        twins=twins,
    )


def _in_store(
    settings: Settings, method: str, options: IngestOptions
) -> tuple[Generation | None, tuple[Generation, ...]]:
    """As `_generations`; nothing for a run that reuses nothing."""
    reuse = store_exists(settings) and not options.rebuild
    return _generations(settings, method) if reuse else (None, ())


def _known_entries(current: Generation | None, method: str) -> dict[str, DocumentEntry]:
    """The documents in use that may stay unchanged, by path."""
    if current is None or current.manifest.method != method:
        return {}
    return {entry.path: entry for entry in current.manifest.documents}


def _generations(
    settings: Settings, method: str
) -> tuple[Generation | None, tuple[Generation, ...]]:
    """The generation in use, and all whose vectors may be reused: that one, leftovers of crashed
    runs, and the kept ones, newest first.

    Generations of another version of this program are left out: they are built anew.
    """
    generations = Generations(settings)
    pointer = generations.pointer()
    kept = [generations.open(name) for name in reversed(pointer.kept) if name != pointer.current]
    sources = [*generations.unpublished(), *kept]
    current: Generation | None = None
    with suppress(NoIndexError):
        current = generations.current()
        sources.insert(0, current)
    readable = [source for source in sources if _is_readable(source)]
    sources = [source for source in readable if source.manifest.method == method]
    return current if current in readable else None, tuple(sources)


def _is_readable(generation: Generation) -> bool:
    try:
        return bool(generation.manifest)
    except IndexMismatchError:
        return False


def _load(
    found: FoundFiles,
    known: Mapping[str, DocumentEntry],
    loader: Loader,
    settings: Settings,
    tell: Tell,
) -> Files:
    """Loads new and changed files; for the others takes the known entries."""
    total = len(found.files)
    documents: list[Document] = []
    loaded: dict[str, Loaded] = {}
    failures: list[Failure] = []
    for done, file in enumerate(found.files, start=1):
        path = as_text(file)
        entry = known.get(path)
        try:
            refuse_large(file, settings.largest_file)
            if entry and _is_unchanged(file, entry, settings):
                documents.append(entry)
                tell(FileDone(event="unchanged", path=path, done=done, total=total))
                continue
            made = loader.load(file)
        except DocumentError as error:
            failed = error
        except StrategiewijzerError:  # every other file would fail too
            raise
        except Exception as error:  # noqa: BLE001 - a failure of this file only
            failed = unforeseen(file, error)
        else:
            documents.append(made.document)
            loaded[made.document.path] = made
            tell(FileDone(event="loaded", path=path, done=done, total=total))
            continue
        failures.append(Failure.of(failed, path))
        tell(FileDone(event="failed", path=path, done=done, total=total, reason=str(failed)))
    return Files(found, tuple(documents), loaded, tuple(failures), refused={})


def _is_unchanged(file: Path, entry: DocumentEntry, settings: Settings) -> bool:
    """Whether a file is unchanged, would be read as it was, and counts as an official text or not
    as it did."""
    own = question_file.own_file(settings.documents_dir, entry.key)
    return (
        entry.reading == reading_fingerprint(entry.path)
        and entry.sha256 == fingerprint(file, own)
        and (entry.info.kind == "official") == is_official(file, settings.documents_dir)
    )


def _without_doubles(
    loaded: Iterable[Document], entries: Iterable[DocumentEntry]
) -> tuple[tuple[Document, ...], list[Failure]]:
    """One document for each key, and failures for the other files."""
    known = {entry.key: entry.path for entry in entries}
    chosen: dict[str, Document] = {}
    others: list[Document] = []
    for document in loaded:
        first = chosen.setdefault(document.key, document)
        if first is document:
            continue
        if document.path == known.get(document.key):
            chosen[document.key], document = document, first
        others.append(document)
    return tuple(chosen.values()), [
        Failure.of(double(other.key, other.path, chosen[other.key].path)) for other in others
    ]


def _lost(
    documents: Iterable[Document], entries: Iterable[DocumentEntry], *, is_same_method: bool
) -> list[DocumentEntry]:
    """The entries in use of which there is no document any more."""
    there = {document.key for document in documents}
    lost = [entry for entry in entries if entry.key not in there]
    if is_same_method:
        return lost
    # Another embedder cuts passages of another length: once these files can be read, they are.
    return [entry.model_copy(update={"reading": ""}) for entry in lost]


def _to_write(
    documents: Iterable[Document],
    loaded: Mapping[str, Loaded],
    plan: Plan,
    current: Generation | None,
) -> tuple[tuple[Passage, ...], tuple[PreparedQuestion, ...]]:
    """The passages and prepared questions of new and changed documents; of one without a file,
    those in use."""
    passages: list[Passage] = []
    questions: list[PreparedQuestion] = []
    for document in documents:
        if document.key not in plan.written:
            continue
        if isinstance(document, SourceDocument):
            passages += loaded[document.path].passages
            questions += loaded[document.path].questions
        elif current:
            passages += current.all_passages({document.key})
            questions += current.all_questions({document.key})
    return tuple(passages), tuple(questions)


def _twins(documents: Iterable[Document], entries: Iterable[DocumentEntry]) -> dict[str, str]:
    """Maps document keys to keys in use with the same content, cut into the same sentences."""
    known = {(entry.sha256, entry.info.language): entry.key for entry in entries}
    same = {
        document.key: known.get((document.sha256, document.info.language)) for document in documents
    }
    return {key: twin for key, twin in same.items() if twin is not None}


def _known_passages(
    sources: Sequence[Generation], passages: Sequence[Passage], twins: Mapping[str, str]
) -> dict[str, Stored]:
    """Maps the id of a passage to the first generation that has the vectors of all its units."""
    known: dict[str, Stored] = {}
    for generation in sources:
        wanted = [
            (passage, name)
            for passage in passages
            if passage.id not in known
            for name in stored_as(passage.id, passage.document.key, twins)
        ]
        there = generation.stored_units([u for p, name in wanted for u in units_of(p, name)])
        for passage, name in wanted:
            if there.issuperset(units_of(passage, name)):
                known.setdefault(passage.id, Stored(generation, name))
    return known


def passages_by_document(passages: Iterable[Passage]) -> dict[str, list[Passage]]:
    """Passages by the key of their document."""
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        found.setdefault(passage.document.key, []).append(passage)
    return found


def stored_as(name: str, key: str, twins: Mapping[str, str]) -> Iterator[str]:
    """The ids that a passage or prepared question of this document may be stored under."""
    yield name
    if twins.get(key, key) != key:
        yield twins[key] + name.removeprefix(key)


def units_of(passage: Passage, name: str) -> list[str]:
    """The ids of a passage's units when it is stored under this id."""
    return [name + unit.removeprefix(passage.id) for unit in passage.unit_ids]
