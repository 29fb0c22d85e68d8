"""One module per file format, with `parse(path, data) -> Parsed`.

It reads a file once, and decides what is text and what are headings. A format that is not text
becomes Markdown. `markdown` and `plain` also have `blocks(text)`: the same blocks again, for the
splitter.
"""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from core.source import SourceDocument
from ingest.reading.blocks import Block, Parsed
from ingest.reading.formats import markdown, plain


class Reader(NamedTuple):
    """A module of this folder, as far as its files have to be read anew when that changes.

    `version` is raised by whoever changes what it gives; `tests/unit/test_readings.py` notices.
    `libraries` are the distributions that it reads with, besides those for all formats.
    """

    version: int
    libraries: tuple[str, ...] = ()


READERS = {
    "markdown": Reader(1),
    "plain": Reader(2),
    "html": Reader(1, ("lxml", "trafilatura")),
    "docx": Reader(1, ("lxml", "mammoth")),
    "odt": Reader(1, ("lxml",)),
    "epub": Reader(1, ("lxml",)),
    "pptx": Reader(1, ("lxml", "python-pptx")),
    "xlsx": Reader(1, ("lxml", "openpyxl")),
    "pdf": Reader(3, ("pypdfium2",)),
}
FORMATS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".docx": "docx",
    ".odt": "odt",
    ".epub": "epub",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".pdf": "pdf",
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


def parse(path: Path, data: bytes) -> Parsed:
    """Reads the bytes of a file whose suffix is one of `FORMATS`.

    Its module is imported only when needed: importing the libraries of all formats takes longer
    than reading most files.

    Raises:
        DocumentError: the file cannot be used as it is.
    """
    module = import_module(f"ingest.reading.formats.{FORMATS[path.suffix.lower()]}")
    parsed: Parsed = module.parse(path, data)
    return parsed


def blocks_of(document: SourceDocument) -> tuple[Block, ...]:
    """The blocks of a loaded document, in order; a text without a known suffix is Markdown."""
    is_plain = FORMATS.get(Path(document.path).suffix.lower()) == "plain"
    return plain.blocks(document.text) if is_plain else markdown.blocks(document.text)
