"""One module per file format.

Each has `parse(path, data) -> Parsed` (read a file once, decide what is text and what are headings)
and `blocks(text) -> tuple[Block, ...]` (the same blocks again, for the splitter). A format whose
files are not text themselves is made into Markdown, so that its blocks are those of
`ingest.formats.markdown`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.types import SourceDocument
from ingest.formats import docx, epub, html, markdown, odt, pdf, plain, pptx, xlsx
from ingest.formats.blocks import Block, Parsed


@dataclass(frozen=True)
class Format:
    """How files of one kind are read.

    `parse` takes the path (for messages) and the bytes, and raises `DocumentError`.
    """

    parse: Callable[[Path, bytes], Parsed]
    blocks: Callable[[str], tuple[Block, ...]] = markdown.blocks


_MARKDOWN = Format(markdown.parse)
_HTML = Format(html.parse)

FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".txt": Format(plain.parse, plain.blocks),
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".docx": Format(docx.parse),
    ".odt": Format(odt.parse),
    ".epub": Format(epub.parse),
    ".pptx": Format(pptx.parse),
    ".xlsx": Format(xlsx.parse),
    ".pdf": Format(pdf.parse),
}
CONVERT = {
    ".doc": ".docx",
    ".rtf": ".docx",
    ".wpd": ".docx",
    ".pages": ".docx",
    ".ppt": ".pptx",
    ".odp": ".pptx",
    ".key": ".pptx",
    ".xls": ".xlsx",
    ".ods": ".xlsx",
    ".numbers": ".xlsx",
}
"""What is not read, because no kept library does it well, and as what it is to be saved."""


def blocks_of(document: SourceDocument) -> tuple[Block, ...]:
    """The blocks of a loaded document, in order; a text without a known suffix is Markdown."""
    return FORMATS.get(Path(document.path).suffix.lower(), _MARKDOWN).blocks(document.text)
