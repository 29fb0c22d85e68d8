"""Benchmark of reading real documents: titles, headings, paragraphs, order, and processor time.

Headings and titles are compared with lists made apart (headings.py), the order of words with pages
marked by hand (order_read.py).
"""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import DocumentError
from core.settings import Settings
from core.source import Frozen, SourceDocument
from ingest.passages.isolated import Loader
from ingest.reading.blocks import Block
from ingest.reading.files import find
from ingest.reading.formats import blocks_of
from ingest.reading.load import load
from research.benchmarks.headings import Part, Share, Truth, headings_read, title_read, truth_of
from research.benchmarks.order_read import marked_pages, neighbours

_LONG = 150  # characters: a paragraph this long has at least one sentence

# A paragraph may end with a stop, perhaps followed by quotes or a note's label; or with a comma or
# "; and" if the next does not begin in lower case.
_CLOSED = re.compile(r"[.!?:;…—–](?:\W|[_⁰¹²³⁴-⁹]|\[\^\w+\]|\d{1,3}(?!\w))*$")
_GOES_ON = re.compile(r"[,;]\s*\w{0,4}\W*$")
_IN_LOWER_CASE = re.compile(r"[^\W\d_](?!\))")


class DocumentsRead(Frozen):
    """Figures of one file, or of several together.

    pages, cpu: pages, and seconds of processor time for them; 0 for formats without pages.
    """

    name: str
    files: int = 1
    unread: int = 0  # files that were refused or crashed the reader
    titles: Share = Share()
    recall: Share = Share()
    precision: Share = Share()
    parents: Share = Share()  # of the headings found, those below the right heading
    # Words of marked pages that follow each other as on the page (order_read.py).
    neighbours: Share = Share()
    paragraphs: Share = Share()  # of the long ones, those that end with a sentence
    pages: int = 0
    cpu: float = 0.0
    wrong: tuple[str, ...] = ()  # descriptions of the errors

    def shares(self) -> dict[str, Share]:
        """The shares, by what they are called in tables."""
        return {name: getattr(self, field) for field, name in _SHARES.items()}


_SHARES = {
    "titles": "titles",
    "recall": "headings found",
    "precision": "headings right",
    "parents": "below the right one",
    "neighbours": "neighbouring words",
    "paragraphs": "whole paragraphs",
}
"""Fields of shares, and what they are called in tables."""


def documents(settings: Settings, folder: Path, lists: Path) -> list[DocumentsRead]:
    """Measures every file of a folder; returns figures per file, per format and of all together.

    Args:
        settings: has the limits of the reader.
        folder: documents.
        lists: folder with the lists of headings.

    Raises:
        DocumentError: the folder is missing or empty, or a list is malformed.
    """
    files = find([folder]).files
    if not files:
        raise DocumentError(folder, None, "there are no documents here", "Name a folder that has.")
    with Loader(settings) as loader:
        figures = [measure(file, truth_of(file, lists), loader) for file in files]
    formats = sorted({file.suffix for file in files})
    kinds = [
        together(f"all {suffix}", [figure for figure in figures if figure.name.endswith(suffix)])
        for suffix in formats
    ]
    return [*figures, *kinds, together("all", figures)]


def measure(path: Path, truth: Truth | None, loader: Loader) -> DocumentsRead:
    """Measures one file; headings and title only if there is a list."""
    try:
        document = loader.load(path).document
    except DocumentError as error:
        return DocumentsRead(name=path.name, unread=1, wrong=(f"not read: {error.problem}",))
    blocks = blocks_of(document)
    figures = DocumentsRead(
        name=path.name,
        pages=len(document.page_starts),
        cpu=_cpu(lambda: load(path)) if document.page_starts else 0.0,
    )
    parts = [_paragraphs(document.text, blocks), _order(path, document)]
    if truth and truth.titles:
        parts.append(title_read(document.title, truth))
    if truth and truth.headings:
        parts.append(headings_read(document.title, blocks, truth))
    shares = {name: share for part in parts for name, share in part[0].items()}
    wrong = tuple(line for part in parts for line in part[1])
    return figures.model_copy(update={**shares, "wrong": wrong})


def together(name: str, figures: Sequence[DocumentsRead]) -> DocumentsRead:
    """Sums the figures of several files: each heading and paragraph counts once."""

    def total(field: str) -> Share:
        shares: list[Share] = [getattr(figure, field) for figure in figures]
        return Share(
            right=sum(share.right for share in shares), of=sum(share.of for share in shares)
        )

    sums = DocumentsRead(
        name=name,
        files=sum(figure.files for figure in figures),
        unread=sum(figure.unread for figure in figures),
        pages=sum(figure.pages for figure in figures),
        cpu=sum(figure.cpu for figure in figures),
    )
    return sums.model_copy(update={field: total(field) for field in _SHARES})


def _order(path: Path, document: SourceDocument) -> Part:
    """Share of the words of marked pages that have their neighbour beside them."""
    found = [neighbours(path, document, marked) for marked in marked_pages(path)]
    share = Share(
        right=sum(page_read[0] for page_read in found), of=sum(page_read[1] for page_read in found)
    )
    return {"neighbours": share}, [
        f"apart: {words}" for page_read in found for words in page_read[2]
    ]


def _paragraphs(text: str, blocks: Sequence[Block]) -> Part:
    """Share of long paragraphs and list items that end with a sentence."""
    spoken = [block for block in blocks if block.kind not in ("note", "noise")]
    right, wrong = 0, []
    long = [
        (block, after)
        for block, after in zip(spoken, [*spoken[1:], None], strict=True)
        if block.kind in ("paragraph", "item") and block.end - block.start >= _LONG
    ]
    for block, after in long:
        own = text[block.start : block.end].rstrip()
        if _is_cut(own, text[after.start : after.end] if after else ""):
            wrong.append(f"cut: … {own[-60:]}")
        else:
            right += 1
    return {"paragraphs": Share(right=right, of=len(long))}, wrong


def _is_cut(text: str, after: str) -> bool:
    """Whether a paragraph breaks off before its sentence ends."""
    ending = text[-20:]
    if _CLOSED.search(ending):
        return False
    begins = _IN_LOWER_CASE.match(after)  # "b)" is a list mark, no word
    return not _GOES_ON.search(ending) or (begins is not None and begins[0].islower())


def _cpu(action: Callable[[], object]) -> float:
    """Seconds of processor time."""
    started = time.process_time()
    action()
    return time.process_time() - started
