"""Collects the documents that the index should hold; a file that fails does not stop the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.errors import DocumentError, IndexMismatchError, NoIndexError, StrategiewijzerError
from core.file_names import as_text
from core.prepared import PreparedQuestion
from core.settings import Settings
from core.source import Passage, SourceDocument
from ingest.passages.isolated import Loader
from ingest.passages.worker import Loaded
from ingest.publishing.build import (
    Plan,
    Rename,
    Stored,
    known_files,
    known_passages,
    make_plan,
    plan_fingerprint,
    reading_fingerprint,
    renames,
)
from ingest.publishing.ingest_report import Failure, FileDone, FilesFound, Tell
from ingest.reading import question_file
from ingest.reading.files import FoundFiles, is_official, refuse_large, unforeseen
from ingest.reading.load import double, fingerprint
from vectorstore.embeddings import Embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations, store_exists
from vectorstore.manifest import DocumentEntry, Manifest, method_of

Document = SourceDocument | DocumentEntry
"""Loaded, or as the generation in use knows it."""


@dataclass(frozen=True)
class Gathered:
    """The documents that the index should hold, one for each key, and how they were found.

    `loaded` has what was read of each file, by its path; `missing` are the keys of documents that
    are kept although their files are gone.
    """

    documents: tuple[Document, ...]
    loaded: Mapping[str, Loaded]
    renamed: tuple[Rename, ...]
    failures: tuple[Failure, ...]
    missing: tuple[str, ...]


def gather(
    found: FoundFiles,
    before: Manifest | None,
    method: str,
    load: Callable[[Path], Loaded],
    *,
    documents_dir: Path,
    largest_file: int,
    keep_missing: bool,
    tell: Tell,
) -> Gathered:
    """Loads new and changed files; for the others takes the entries of the generation in use.

    A file that fails leaves its document as the generation in use has it. Of two files with the
    same document version the known one stays, else the first.

    Args:
        found: the files.
        before: the manifest of the generation in use, or None when there is none.
        method: the embedding method.
        load: reads and cuts one file.
        documents_dir: where the organisation's own prepared questions are.
        largest_file: in bytes; larger files are not read.
        keep_missing: keep documents whose files are gone.
        tell: called for each file.
    """
    loaded: dict[str, Loaded] = {}

    def load_one(path: Path) -> SourceDocument:
        one = load(path)
        loaded[one.document.path] = one
        return one.document

    def current(file: Path, entry: DocumentEntry | None) -> Document:
        """The known entry of a file, if the file is unchanged, would be read as it was, and counts
        as an official text or not as it did; else the file is loaded."""
        refuse_large(file, largest_file)
        own = question_file.own_file(documents_dir, entry.key) if entry else None
        if (
            entry is not None
            and entry.reading == reading_fingerprint(entry.path)
            and entry.sha256 == fingerprint(file, own)
            and (entry.info.kind == "official") == is_official(file, documents_dir)
        ):
            return entry
        return load_one(file)

    files, failures = _load(found, known_files(before, method), current, tell)
    documents, doubles = _without_doubles(files, before)
    failures = [*map(Failure.of, found.unreadable), *failures, *doubles]
    paths = {as_text(file) for file in found.files}
    renamed = renames(documents, paths, before)
    gone = {document.key for document in documents} | {one.former_key for one in renamed}
    lost = [entry for entry in (before.documents if before else ()) if entry.key not in gone]
    fallen = [entry for entry in lost if any(_covers(failure, entry) for failure in failures)]
    kept = {entry.key for entry in fallen}
    missing = [
        entry
        for entry in lost
        if keep_missing and entry.key not in kept and entry.path not in paths
    ]
    embedded_anew = before is not None and before.method != method
    return Gathered(
        documents=(*documents, *(_kept(entry, embedded_anew) for entry in (*fallen, *missing))),
        loaded=loaded,
        renamed=renamed,
        failures=tuple(_with_kept(failure, fallen) for failure in failures),
        missing=tuple(entry.key for entry in missing),
    )


def _load(
    found: FoundFiles,
    known: Mapping[str, DocumentEntry],
    current: Callable[[Path, DocumentEntry | None], Document],
    tell: Tell,
) -> tuple[list[Document], list[Failure]]:
    total = len(found.files)
    tell(FilesFound(files=total))
    loaded: list[Document] = []
    failures: list[Failure] = []
    for done, file in enumerate(found.files, start=1):
        path = as_text(file)
        try:
            document = current(file, known.get(path))
        except DocumentError as error:
            failed = error
        except StrategiewijzerError:  # every other file would fail too
            raise
        except Exception as error:  # noqa: BLE001 - a failure of this file only
            failed = unforeseen(file, error)
        else:
            loaded.append(document)
            if isinstance(document, SourceDocument):
                tell(FileDone(event="loaded", path=path, done=done, total=total))
            else:
                tell(FileDone(event="unchanged", path=path, done=done, total=total))
            continue
        failures.append(Failure.of(failed, path))
        tell(FileDone(event="failed", path=path, done=done, total=total, reason=str(failed)))
    return loaded, failures


def _without_doubles(
    loaded: Iterable[Document], before: Manifest | None
) -> tuple[list[Document], list[Failure]]:
    """One document for each key, and failures for the other files."""
    known = {entry.key: entry.path for entry in before.documents} if before else {}
    chosen: dict[str, Document] = {}
    others: list[Document] = []
    for document in loaded:
        first = chosen.setdefault(document.key, document)
        if first is document:
            continue
        if document.path == known.get(document.key):
            chosen[document.key], document = document, first
        others.append(document)
    return list(chosen.values()), [
        Failure.of(double(one.key, one.path, chosen[one.key].path)) for one in others
    ]


def _covers(failure: Failure, entry: DocumentEntry) -> bool:
    """Whether a document's file is, or is in, what could not be read."""
    return PurePath(entry.path).is_relative_to(failure.path)


def _kept(entry: DocumentEntry, embedded_anew: bool) -> DocumentEntry:
    """The entry of a document that stays in the index without a look at its file.

    Its file is tried in every run if it would be read differently now, also for another embedder:
    the length of passages hangs on that.
    """
    return entry.model_copy(update={"reading": ""}) if embedded_anew else entry


def _with_kept(failure: Failure, fallen: Sequence[DocumentEntry]) -> Failure:
    kept = tuple(entry.key for entry in fallen if _covers(failure, entry))
    return failure.model_copy(update={"kept": kept})


# The work of a run, before it writes anything: documents, plan, passages, known vectors.


@dataclass(frozen=True)
class Work:
    """The work of one run.

    `current` is the generation in use, or None when there is none that this program can read;
    `fresh` are the passages to write, `known` the places of vectors that some of them have already,
    `questions` the prepared questions of their documents. Vectors may be reused of `sources`, and
    those of a document also of its twin in `twins`. `method` is the embedding method.
    """

    current: Generation | None
    gathered: Gathered
    plan: Plan
    fresh: tuple[Passage, ...]
    known: dict[str, Stored]
    questions: tuple[PreparedQuestion, ...]
    sources: tuple[Generation, ...]
    twins: Mapping[str, str]
    method: str

    @property
    def before(self) -> Manifest | None:
        """The manifest of the generation in use."""
        return self.current.manifest if self.current else None

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the planned run."""
        failed = [f"{one.place}: {one.problem}" for one in self.gathered.failures]
        return plan_fingerprint(self.gathered.documents, failed, self.before, self.method)


def prepare(
    settings: Settings,
    found: FoundFiles,
    embedder: Embedder,
    *,
    rebuild: bool,
    keep_missing: bool,
    tell: Tell,
    refused: Mapping[str, DocumentError],
) -> Work:
    """Loads new and changed files, and compares them with the generation in use.

    `refused` are files (by path) that fail, as the store does not take their documents.
    """
    method = method_of(embedder)
    reuse = store_exists(settings) and not rebuild
    current, others = _generations(settings) if reuse else (None, [])
    before = current.manifest if current else None
    with Loader(settings, embedder.limit) as loader:

        def load(path: Path) -> Loaded:
            if error := refused.get(as_text(path)):
                raise error
            return loader.load(path)

        gathered = gather(
            found,
            before,
            method,
            load,
            documents_dir=settings.documents_dir,
            largest_file=settings.largest_file,
            keep_missing=keep_missing,
            tell=tell,
        )
    documents = gathered.documents
    plan = make_plan(documents, before, method, gathered.renamed)
    fresh, questions = _to_write(gathered, plan, current)
    sources = (current, *others) if current else tuple(others)
    twins = _twins(documents, before)
    known = known_passages(sources, fresh, method, twins)
    return Work(current, gathered, plan, fresh, known, questions, sources, twins, method)


def _generations(settings: Settings) -> tuple[Generation | None, list[Generation]]:
    """The generation in use, and all others whose vectors may be reused, newest first.

    The others include leftovers of crashed runs. Generations of another version of this program are
    left out: they are built anew.
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


def _to_write(
    gathered: Gathered, plan: Plan, current: Generation | None
) -> tuple[tuple[Passage, ...], tuple[PreparedQuestion, ...]]:
    """The passages and prepared questions of new and changed documents; of one without a file,
    those in use."""
    passages: list[Passage] = []
    questions: list[PreparedQuestion] = []
    for document in gathered.documents:
        if document.key not in plan.written:
            continue
        if isinstance(document, SourceDocument):
            loaded = gathered.loaded[document.path]
            passages += loaded.passages
            questions += loaded.questions
        elif current:
            passages += current.all_passages({document.key})
            questions += current.all_questions({document.key})
    return tuple(passages), tuple(questions)


def _twins(documents: Iterable[Document], before: Manifest | None) -> dict[str, str]:
    """Maps document keys to keys in use with the same content, cut into the same sentences."""
    entries = before.documents if before else ()
    known = {(entry.sha256, entry.info.language): entry.key for entry in entries}
    same = ((one.key, known.get((one.sha256, one.info.language))) for one in documents)
    return {key: twin for key, twin in same if twin is not None}
