"""What was read of a document, in a form that tests compare with what they expect."""

from pathlib import Path

from core.source import Passage, SourceDocument
from ingest.passages.split import split
from ingest.reading.formats import blocks_of
from ingest.reading.load import load

Block = tuple[str, int, str]


def loaded(folder: Path, content: bytes, name: str = "a.en.pdf") -> SourceDocument:
    file = folder / name
    file.write_bytes(content)
    return load(file)


def web_page(folder: Path, html: str, name: str = "pagina.nl.html") -> Path:
    file = folder / name
    file.write_text(html, encoding="utf-8")
    return file


def blocks(document: SourceDocument) -> list[Block]:
    """Kind, level and text of all blocks; of a heading without marks."""
    return [
        (block.kind, block.level, block.title or document.text[block.start : block.end])
        for block in blocks_of(document)
    ]


def outline(document: SourceDocument) -> list[tuple[int, str]]:
    return [(level, text) for kind, level, text in blocks(document) if kind == "heading"]


def texts(document: SourceDocument, kind: str) -> list[str]:
    return [text for own, _, text in blocks(document) if own == kind]


def passages(document: SourceDocument) -> list[Passage]:
    return split(document, lambda text: len(text) // 4 + 2)


def units(document: SourceDocument) -> dict[str, str]:
    """The text of every unit -> the text of its lead-in."""
    return {
        passage.text[unit.start : unit.end]: passage.text[slice(*unit.lead_in or (0, 0))]
        for passage in passages(document)
        for unit in passage.units
    }
