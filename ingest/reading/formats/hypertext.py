"""HTML trees, which web pages, Word files and e-books are or become: to read and change them."""

import re
from pathlib import Path

from lxml import etree, html

from core.errors import DocumentError
from ingest.reading.formats.table import Element

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NOTE = "note"  # our element for a note at its reference, made by linked_notes.py
_WITHIN_LINES = """
    a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark note
    q rp rt ruby s samp small span strike strong sub sup time tt u var wbr
"""
_NOT_READ = """
    audio button canvas head iframe input math nav noscript object script select style svg
    template textarea video
"""
INLINE, SILENT = frozenset(_WITHIN_LINES.split()), frozenset(_NOT_READ.split())
_DEEPEST = 256  # nesting of elements: libxml2 loses what is deeper
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_XHTML = "http://www.w3.org/1999/xhtml"
_CLOSED = re.compile(r"<(?!(?:area|base|br|col|hr|img|input|link|meta|wbr)\b)(\w+)(\s[^<>]*)?/>")


def parse(path: Path, text: str) -> Element | None:
    """The tree of an HTML page; None if it is empty.

    Raises:
        DocumentError: elements are nested so deep that text would be lost.
    """
    text = _DECLARATION.sub("", text, count=1)
    if _XHTML in text:
        text = _CLOSED.sub(r"<\1\2></\1>", text)
    if not text.strip():
        return None
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree: Element = html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError:  # only comments and the like
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise DocumentError(
            path,
            None,
            f"has more than {_DEEPEST} elements within each other",
            "Open it in a browser, copy its text, and save that.",
            "limits",
        )
    return tree


def cut(element: Element) -> None:
    """Removes an element from its tree, and keeps the text behind it."""
    element.tail, tail = None, element.tail
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    parent.remove(element)
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail


def unwrap(element: Element) -> None:
    """Replaces an element by its content."""
    before = etree.Element("wbr")
    before.tail = element.text
    element.addprevious(before)
    for child in list(element):
        element.addprevious(child)
    element.text = None
    cut(element)
    cut(before)
