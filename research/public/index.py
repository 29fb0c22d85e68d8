"""Index of a public set: its documents are ingested like source texts.

    documents -> one .txt with front matter each -> ingest -> an index of the set's own

Plain text, because no paragraph can be taken for its markup. A document is one line: line breaks
and control characters become spaces, one for one, so that offsets are kept. The few lines that
would be taken for page noise ("See also") or a list item ("1. FC Köln") get a mark in front, which
does not count in offsets.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache

from core.settings import Settings
from core.source import Passage, Unit
from ingest.pipeline import ingest
from ingest.publishing.events import Embedded, Event
from ingest.publishing.options import IngestOptions
from ingest.reading.formats import plain
from research.public.shapes import PublicDocument, PublicSet
from vectorstore.embeddings import make_embedder
from vectorstore.segments import method_of
from vectorstore.store import Index, open_index

_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKS = ("", "\u200c", "• ")  # nothing, zero-width non-joiner, bullet


def build_index(
    public: PublicSet,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Index:
    """Builds or updates the index of a set's documents; reuses stored vectors.

    It is in `data_dir`/public, apart from the assistant's index: one folder for each set and
    embedder, always local, even if the assistant uses a Chroma server.

    Raises:
        LockedError: another run is building it.
        StoreError: the new index failed its check.
    """
    own = _own_settings(public, settings)
    folder = own.corpus_dirs[0]
    folder.mkdir(parents=True, exist_ok=True)
    for position, document in enumerate(public.documents):
        name = _index_id(position)
        (folder / f"{name}.txt").write_text(_source_text(name, public.language, document), "utf-8")

    def tell(event: Event) -> None:
        if isinstance(event, Embedded):
            progress(event.done, event.total)

    ingest(own, IngestOptions(strict=True), tell=tell)
    return open_index(own)


def document_of(public: PublicSet, passage: Passage) -> PublicDocument:
    """The document of a passage."""
    return public.documents[int(passage.document.id[1:])]


def span_of(document: PublicDocument, passage: Passage, unit: Unit) -> tuple[int, int]:
    """Offsets of a unit in the text of its document, without the mark in front."""
    shift = passage.start - len(_mark(as_line(document.text)))
    return max(0, unit.start + shift), unit.end + shift


def as_line(text: str) -> str:
    """The text in one line, of the same length."""
    return _NOT_IN_A_LINE.sub(" ", text)


def marked(public: PublicSet) -> int:
    """Number of documents with a mark in front."""
    return sum(bool(_mark(as_line(document.text))) for document in public.documents)


def _own_settings(public: PublicSet, settings: Settings) -> Settings:
    method = method_of(make_embedder(settings))
    slug = re.sub(r"[^\w.-]+", "-", f"{public.language}-{public.documents_fingerprint}-{method}")
    folder = (settings.data_dir / "public" / slug).resolve()
    changes = {
        "data_dir": folder,
        "corpus_dirs": (folder / "documents",),
        "chroma_url": "",  # a server holds one index, and that is the assistant's
        "keep_generations": 1,
    }
    return settings.model_copy(update=changes)


def _index_id(position: int) -> str:
    return f"p{position:07}"


def _source_text(name: str, language: str, document: PublicDocument) -> str:
    title = "".join(char if char.isprintable() else " " for char in document.title)
    line = as_line(document.text)
    return (
        f"---\nid: {name}\nlanguage: {language!r}\n"
        f"title: {json.dumps(title, ensure_ascii=False)}\n---\n{_mark(line)}{line}\n"
    )


@lru_cache(maxsize=100_000)
def _mark(line: str) -> str:
    """Mark in front of a line that makes the loader read all of it as a paragraph."""
    for mark in _MARKS[:-1]:
        blocks = plain.read(mark + line).blocks
        if [block.kind for block in blocks] == ["paragraph"]:
            return mark
    return _MARKS[-1]
