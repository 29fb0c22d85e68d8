"""Reads the text of a file independently of `ingest/reading/formats/`, for the verbatim check.

Our own reading is checked against it (ingest/reading/compare_text.py), so the two share only how
bytes become characters. It knows no headings, lists or tables, only the order of characters, and
may give more of them than anybody reads, such as the navigation of a web page.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from pypdf import PdfReader

from ingest.reading import source_parts
from ingest.reading.formats.encoding import decode, without_comments
from ingest.reading.source_parts import APART, LABEL, as_label

_READ_APART = frozenset(("script", "style", "template", "title", "textarea", "noscript"))
_SMALL = 0.85  # of the size of the text around: larger figures are text, not a raised number
# A label that is marked already, "word(1)", or a mark of changes in a consolidated text.
_UNLINKED = re.compile(rf"({LABEL.pattern})|(?<=[^\W\d_])\(\d{{1,3}}\)|[►▼]\s*[A-Z]\d{{0,3}}|◄")
_LONGEST_LABEL = 8  # characters of a link that may be a note's number, "[123]"; longer is text


def read(path: Path, data: bytes) -> tuple[str, ...]:
    """The text of a file that has been loaded before, and so is known to be harmless.

    Returns:
        The text of each page or slide; one text for a file without pages. `APART` separates texts
        that do not follow each other, and `as_label` marks numbers of notes. Lines end only where
        those of a page do.
    """
    if path.suffix.lower() == ".pdf":
        return tuple(_pdf(data))
    return tuple(" ".join(text.split("\n")) for text in _without_lines(path, data))


def _without_lines(path: Path, data: bytes) -> tuple[str, ...]:
    match path.suffix.lower():
        case ".html" | ".htm" | ".xhtml":
            return (_page(decode(path, data, declares=True)),)
        case ".epub":
            return (APART.join(_epub(path, data)),)
        case ".docx" | ".odt" | ".pptx" | ".xlsx":
            with zipfile.ZipFile(io.BytesIO(data)) as parts:
                return source_parts.read(path.suffix.lower(), parts)
        case ".md" | ".markdown" | ".txt":
            return (without_comments(decode(path, data)),)
    raise ValueError(path.suffix)


def _pdf(data: bytes) -> Iterator[str]:
    for page in PdfReader(io.BytesIO(data)).pages:
        chunks = _Chunks()
        page.extract_text(visitor_text=chunks.add)
        yield "".join(chunks.found)


class _Chunks:
    """Collects the text of a page as pypdf visits it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._size = 0.0  # of the text before

    def add(
        self, text: str, around: list[float], own: list[float], _: object, font_size: float
    ) -> None:
        """Small figures right after larger text are the number of a note."""
        size = abs(font_size * own[3] * around[3])
        if text.strip().isdigit() and size < _SMALL * self._size:
            text = as_label(text)
        elif text.strip():
            self._size = size
        self.found.append(text)


def _epub(path: Path, data: bytes) -> Iterator[str]:
    """The text of each page of an e-book that its package names."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            if not name.endswith(".opf"):
                continue
            package = ElementTree.fromstring(parts.read(name))  # noqa: S314 - see `read`
            for item in package.iter("{http://www.idpf.org/2007/opf}item"):
                page = posixpath.join(posixpath.dirname(name), unquote(item.get("href", "")))
                if "html" in item.get("media-type", "") and page in parts.namelist():
                    yield _page(decode(path, parts.read(page), declares=True))


def _page(text: str) -> str:
    reader = _Page()
    reader.feed(text)
    reader.close()
    return reader.text()


class _Page(HTMLParser):
    """Collects the text of a web page, with the marks that we add to a list of terms."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []
        self._silent = 0  # elements around, whose text is not shown
        self._link: int | None = None  # where the text of a link within the page begins
        self._after_term = False

    def text(self) -> str:
        text = without_comments("".join(self._found))
        return _UNLINKED.sub(lambda mark: mark[1] or as_label(mark[0]), text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _READ_APART:
            self._silent += 1
        elif tag == "a":
            self._link = len(self._found) if "#" in (dict(attrs).get("href") or "") else None
        elif tag in ("dt", "dd") and self._after_term:
            self._found.append(":" if tag == "dd" else ",")
            self._after_term = False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass  # nothing is in it

    def handle_endtag(self, tag: str) -> None:
        if tag in _READ_APART:
            self._silent = max(self._silent - 1, 0)
        elif tag == "a" and self._link is not None:
            text = "".join(self._found[self._link :])
            if len(text.strip()) <= _LONGEST_LABEL:
                self._found[self._link :] = [as_label(text)]
            self._link = None
        elif tag == "dt":
            self._after_term = True

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._found.append(data)
