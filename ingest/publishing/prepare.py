"""The work of a run, before it writes anything: documents, plan, passages, known vectors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import IndexMismatchError, NoIndexError
from core.passage import Passage
from core.prepared import PreparedQuestion
from core.settings import Settings
from core.source import SourceDocument
from ingest.passages.isolated import Loader
from ingest.publishing.build import Stored, known_passages
from ingest.publishing.events import Tell
from ingest.publishing.gather import Document, Gathered, gather
from ingest.publishing.plan import Plan, make_plan, plan_fingerprint
from ingest.reading.find import FoundFiles
from vectorstore.embeddings import Embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations, store_exists
from vectorstore.manifest import Manifest, method_of


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
) -> Work:
    """Loads new and changed files, and compares them with the generation in use."""
    method = method_of(embedder)
    reuse = store_exists(settings) and not rebuild
    current, others = _generations(settings) if reuse else (None, [])
    before = current.manifest if current else None
    with Loader(settings, embedder.limit) as loader:
        gathered = gather(
            found,
            before,
            method,
            loader.load,
            documents_dir=settings.documents_dir,
            max_file_size=settings.max_file_size,
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
