"""A public set in the project's own index: its documents go the way that source texts go.

    documents -> one .txt with front matter each -> ingest -> an index of the set's own

The way is that of plain text, because it has no markup that a paragraph could be taken for.
A document is one line there: line breaks and control characters are written as spaces, one for one,
so that offsets stay what they are. The few lines that would be taken for page noise ("See also") or
for a list item ("1. FC Köln") get a mark in front, which is not counted in offsets.
"""

import json
import re
from functools import lru_cache

from core.settings import Settings
from core.types import Passage, Unit
from eval.public.shapes import PublicDocument, PublicSet
from ingest.build import Progress
from ingest.events import Embedded, Event
from ingest.formats import plain
from ingest.pipeline import ingest
from vectorstore.embeddings import make_embedder
from vectorstore.manifest import method_of
from vectorstore.store import Index, open_index

_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKS = ("", "\u200c", "• ")  # nothing, a mark without width, a bullet


def build_index(
    public: PublicSet, settings: Settings, progress: Progress = lambda done, total: None
) -> Index:
    """The index of a set's documents; what was embedded before is used again.

    It is kept in `data_dir`/public, apart from the index of the assistant, in a folder per set and
    embedder. It is always a local one, also when the assistant uses a Chroma server.

    Raises:
        LockedError: another run is building it.
        StoreError: the new index did not pass its check.
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

    ingest(own, strict=True, tell=tell)
    return open_index(own)


def document_of(public: PublicSet, passage: Passage) -> PublicDocument:
    """The document of the set that a passage of its index is part of."""
    return public.documents[int(passage.document.id[1:])]


def span_of(document: PublicDocument, passage: Passage, unit: Unit) -> tuple[int, int]:
    """Where a unit of a passage stands in the text of its document; without the mark in front."""
    shift = passage.start - len(_mark(as_line(document.text)))
    return max(0, unit.start + shift), unit.end + shift


def as_line(text: str) -> str:
    """The text in one line, as long as it was."""
    return _NOT_IN_A_LINE.sub(" ", text)


def marked(public: PublicSet) -> int:
    """How many documents have a mark in front, to be taken as text."""
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
    """What must stand in front of a line for the loader to take all of it as text."""
    for mark in _MARKS[:-1]:
        blocks = plain.read(mark + line).blocks
        if [block.kind for block in blocks] == ["paragraph"]:
            return mark
    return _MARKS[-1]
