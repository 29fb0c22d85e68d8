"""Collects the documents that the index should hold; a file that fails does not stop the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.errors import DocumentError, StrategiewijzerError
from core.files import as_text
from core.settings import Settings
from core.source import SourceDocument
from ingest.passages.isolated import Loaded
from ingest.publishing.ingest_run import Failure, FileDone, FilesFound, Tell
from ingest.publishing.plan import Document, Rename, known_files, reading_fingerprint, renames
from ingest.reading import question_file
from ingest.reading.files import FoundFiles, is_official, refuse_large, unforeseen
from ingest.reading.load import double, fingerprint
from vectorstore.generation import DocumentEntry, Manifest


@dataclass(frozen=True)
class Gathered:
    """The documents that the index should hold, one for each key, and how they were found."""

    documents: tuple[Document, ...]
    loaded: Mapping[str, Loaded]  # what was read of each file, by its path
    renamed: tuple[Rename, ...]
    failures: tuple[Failure, ...]
    missing: tuple[str, ...]  # keys of documents that are kept although their files are gone


def gather(
    found: FoundFiles,
    before: Manifest | None,
    method: str,
    load: Callable[[Path], Loaded],
    settings: Settings,
    *,
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
        settings: with the organisation's own prepared questions, and the largest size of a file.
        keep_missing: keep documents whose files are gone.
        tell: called for each file.
    """
    loaded: dict[str, Loaded] = {}

    def current(file: Path, entry: DocumentEntry | None) -> Document:
        """The known entry of a file, if the file is unchanged, would be read as it was, and counts
        as an official text or not as it did; else the file is loaded."""
        refuse_large(file, settings.largest_file)
        own = question_file.own_file(settings.documents_dir, entry.key) if entry else None
        if (
            entry is not None
            and entry.reading == reading_fingerprint(entry.path)
            and entry.sha256 == fingerprint(file, own)
            and (entry.info.kind == "official") == is_official(file, settings.documents_dir)
        ):
            return entry
        made = load(file)
        loaded[made.document.path] = made
        return made.document

    files, failures = _load(found, known_files(before, method), current, tell)
    documents, doubles = _without_doubles(files, before)
    failures = [*map(Failure.of, found.unreadable), *failures, *doubles]
    paths = {as_text(file) for file in found.files}
    renamed = renames(documents, paths, before)
    there = {document.key for document in documents} | {rename.former_key for rename in renamed}
    lost = [entry for entry in (before.documents if before else ()) if entry.key not in there]
    fallen = [entry for entry in lost if any(_covers(failure, entry) for failure in failures)]
    fallen_keys = {entry.key for entry in fallen}
    missing = [
        entry
        for entry in lost
        if keep_missing and entry.key not in fallen_keys and entry.path not in paths
    ]
    kept = [*fallen, *missing]
    if before is not None and before.method != method:
        # Another embedder cuts passages of another length: once these files can be read, they are.
        kept = [entry.model_copy(update={"reading": ""}) for entry in kept]
    return Gathered(
        documents=(*documents, *kept),
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
    documents: list[Document] = []
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
            documents.append(document)
            if isinstance(document, SourceDocument):
                tell(FileDone(event="loaded", path=path, done=done, total=total))
            else:
                tell(FileDone(event="unchanged", path=path, done=done, total=total))
            continue
        failures.append(Failure.of(failed, path))
        tell(FileDone(event="failed", path=path, done=done, total=total, reason=str(failed)))
    return documents, failures


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
        Failure.of(double(other.key, other.path, chosen[other.key].path)) for other in others
    ]


def _covers(failure: Failure, entry: DocumentEntry) -> bool:
    """Whether a document's file is, or is in, what could not be read."""
    return PurePath(entry.path).is_relative_to(failure.path)


def _with_kept(failure: Failure, fallen: Sequence[DocumentEntry]) -> Failure:
    kept = tuple(entry.key for entry in fallen if _covers(failure, entry))
    return failure.model_copy(update={"kept": kept})
