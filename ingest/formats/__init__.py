"""One module per file format.

Each has `parse(content) -> Parsed` (read a file once, decide what is text and what are headings)
and `blocks(text) -> tuple[Block, ...]` (the same blocks again, for the splitter).
"""

from pathlib import Path
from types import ModuleType

from core.types import SourceDocument
from ingest.formats import html, markdown, plain
from ingest.formats.blocks import Block

FORMATS: dict[str, ModuleType] = {
    ".md": markdown,
    ".markdown": markdown,
    ".txt": plain,
    ".html": html,
    ".htm": html,
    ".xhtml": html,
}


def blocks_of(document: SourceDocument) -> tuple[Block, ...]:
    """The blocks of a loaded document, in order; a text without a known suffix is Markdown."""
    module = FORMATS.get(Path(document.path).suffix.lower(), markdown)
    blocks: tuple[Block, ...] = module.blocks(document.text)
    return blocks
