"""The work of a run, before it writes anything: documents, plan, passages, known vectors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.errors import DocumentError, IndexMismatchError, NoIndexError
from core.files import as_text
from core.prepared import PreparedQuestion
from core.settings import Settings
from core.source import Passage, SourceDocument
from ingest.passages.isolated import Loaded, Loader
from ingest.publishing.gather import Gathered, gather
from ingest.publishing.ingest_run import IngestOptions, Tell
from ingest.publishing.plan import Document, Plan, make_plan, plan_fingerprint
from ingest.reading.files import FoundFiles
from vectorstore.embeddings import Embedder
from vectorstore.generation import Generation, Manifest, method_of
from vectorstore.generations import Generations, store_exists


class Stored(NamedTuple):
    """The place of the vectors of a passage's units: in a generation, under a passage id."""

    generation: Generation
    passage_id: str


@dataclass(frozen=True)
class Work:
    """The work of one run."""

    current: Generation | None  # in use; None when there is none that this program can read
    gathered: Gathered
    plan: Plan
    method: str  # of embedding
    fresh: tuple[Passage, ...]  # to be written
    known: Mapping[str, Stored]  # vectors that are stored already, by the id of a fresh passage
    questions: tuple[PreparedQuestion, ...]  # of the documents that are written
    sources: tuple[Generation, ...]  # whose vectors may be reused, in this order
    twins: Mapping[str, str]  # key of a document -> key in use with the same content

    @property
    def before(self) -> Manifest | None:
        """The manifest of the generation in use."""
        return self.current.manifest if self.current else None

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the planned run."""
        failed = [f"{failure.place}: {failure.problem}" for failure in self.gathered.failures]
        return plan_fingerprint(self.gathered.documents, failed, self.before, self.method)


def prepare(
    settings: Settings,
    found: FoundFiles,
    embedder: Embedder,
    options: IngestOptions,
    tell: Tell,
    refused: Mapping[str, DocumentError],
) -> Work:
    """Loads new and changed files, and compares them with the generation in use.

    `refused` are files (by path) that fail, as the store does not take their documents.
    """
    method = method_of(embedder)
    reuse = store_exists(settings) and not options.rebuild
    current, sources = _generations(settings, method) if reuse else (None, ())
    before = current.manifest if current else None
    with Loader(settings, embedder.limit) as loader:

        def load(path: Path) -> Loaded:
            if error := refused.get(as_text(path)):
                raise error
            return loader.load(path)

        keep_missing = options.keep_missing or bool(options.only)
        gathered = gather(
            found, before, method, load, settings, keep_missing=keep_missing, tell=tell
        )
    plan = make_plan(gathered.documents, before, method, gathered.renamed)
    fresh, questions = _to_write(gathered, plan, current)
    twins = _twins(gathered.documents, before)
    known = _known_passages(sources, fresh, twins)
    return Work(current, gathered, plan, method, fresh, known, questions, sources, twins)


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
    try:
        current: Generation | None = generations.current()
    except NoIndexError:
        current = None
    if current and not _is_readable(current):
        current = None
    if current:
        sources.insert(0, current)
    readable = filter(_is_readable, sources)
    return current, tuple(source for source in readable if source.manifest.method == method)


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


def stored_as(name: str, key: str, twins: Mapping[str, str]) -> Iterator[str]:
    """The ids that a passage or prepared question of this document may be stored under."""
    yield name
    if twins.get(key, key) != key:
        yield twins[key] + name.removeprefix(key)


def units_of(passage: Passage, name: str) -> list[str]:
    """The ids of a passage's units when it is stored under this id."""
    return [name + unit.removeprefix(passage.id) for unit in passage.unit_ids]
