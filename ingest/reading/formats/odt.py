"""OpenDocument texts (.odt), as LibreOffice writes them.

Their XML states what is a heading, list, table or note, so its elements are only renamed to those
of HTML. (odfdo's own Markdown loses which note belongs to what, and numbers bullets.)
"""

import re
from pathlib import Path

from lxml import etree

from ingest.reading.blocks import Parsed
from ingest.reading.formats import markdown, zip_parts
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import NOTE, Element

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"

_RENAMED = {
    f"{_TEXT}p": "p",
    f"{_TEXT}span": "span",
    f"{_TEXT}a": "a",
    f"{_TEXT}line-break": "br",
    f"{_TEXT}list-item": "li",
    f"{_TEXT}list-header": "li",
    f"{_TABLE}table": "table",
    f"{_TABLE}table-header-rows": "tbody",
    f"{_TABLE}table-rows": "tbody",
    f"{_TABLE}table-row": "tr",
    f"{_TABLE}table-cell": "td",
}
_SPANS = {f"{_TABLE}number-rows-spanned": "rowspan", f"{_TABLE}number-columns-spanned": "colspan"}
_LEFT_OUT = frozenset(
    (
        f"{_TEXT}tracked-changes",
        f"{_TEXT}table-of-content",
        f"{_TEXT}sequence-decls",
        f"{_TEXT}note-citation",
        f"{_OFFICE}annotation",
        f"{_OFFICE}forms",
        f"{_TABLE}covered-table-cell",
        "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}title",
        "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}desc",
    )
)


def parse(path: Path, data: bytes) -> Parsed:
    """Reads an OpenDocument text. Raises DocumentError: it is damaged, protected, or would unpack
    to too much."""
    with zip_parts.open_checked(path, data, "content.xml") as parts:
        content = zip_parts.tree(path, parts, "content.xml")
        styles = zip_parts.tree(path, parts, "styles.xml")
        about = zip_parts.of_open_document(path, parts)
    body = content.find(f"{_OFFICE}body/{_OFFICE}text") if content is not None else None
    if content is None or body is None:
        raise zip_parts.damaged(path)
    _move_shapes(body)
    _rename(body, _Styles([content] if styles is None else [content, styles]))
    return about.added_to(markdown.read(to_markdown(body)))


def _move_shapes(body: Element) -> None:
    """Moves shapes and frames below their paragraph, so as not to interrupt its text."""
    lowest: dict[Element, Element] = {}  # paragraph -> the last element put below it
    for shape in list(body.iter(f"{_DRAW}*")):
        around = next(shape.iterancestors(f"{_TEXT}p", f"{_TEXT}h", f"{_DRAW}*"), None)
        parent = shape.getparent()
        if parent is None or around is None or str(around.tag).startswith(_DRAW):
            continue
        place = etree.Element(f"{_TEXT}span")
        place.tail, shape.tail = shape.tail, None
        parent.replace(shape, place)
        lowest.get(around, around).addnext(shape)
        lowest[around] = shape


class _Styles:
    """The styles of titles, and of numbered lists by level."""

    def __init__(self, parts: list[Element]) -> None:
        self._parents: dict[str, str] = {}
        self._numbered: set[tuple[str, str]] = set()
        for part in parts:
            for style in part.iter(f"{_STYLE}style"):
                name = style.get(f"{_STYLE}name", "")
                self._parents[name] = style.get(f"{_STYLE}parent-style-name", "")
            for level in part.iter(f"{_TEXT}list-level-style-number"):
                style = level.getparent()
                if style is not None and level.get(f"{_STYLE}num-format"):
                    name = style.get(f"{_STYLE}name", "")
                    self._numbered.add((name, level.get(f"{_TEXT}level", "")))

    def is_title(self, name: str) -> bool:
        return "Title" in (name, self._parents.get(name))

    def is_numbered(self, name: str, level: int) -> bool:
        return (name, str(level)) in self._numbered


def _rename(body: Element, styles: _Styles) -> None:
    for element in list(body.iter(etree.Element)):
        tag = str(element.tag)
        if tag in _LEFT_OUT:
            element.clear(keep_tail=True)
            element.tag = "script"  # which is not read
        elif tag == f"{_TEXT}h":
            element.tag = f"h{_level(element)}"
        elif tag == f"{_TEXT}p" and styles.is_title(element.get(f"{_TEXT}style-name", "")):
            element.tag = "h1"
        elif tag == f"{_TEXT}list":
            _rename_list(element, styles)
        elif tag == f"{_TEXT}note":
            element.set("label", (element.findtext(f"{_TEXT}note-citation") or "*").strip())
            element.tag = NOTE
        elif tag in (f"{_TEXT}s", f"{_TEXT}tab"):
            element.tag, element.text = "span", " "
        else:
            element.tag = _RENAMED.get(tag, "div" if len(element) else "span")
        for theirs, ours in _SPANS.items():
            if spanned := element.get(theirs):
                element.set(ours, spanned)


def _rename_list(element: Element, styles: _Styles) -> None:
    around = [element, *element.iterancestors(f"{_TEXT}list", "ul", "ol")]
    name = next((value for e in around if (value := e.get(f"{_TEXT}style-name"))), "")
    element.tag = "ol" if styles.is_numbered(name, len(around)) else "ul"
    start = element.find(f"{_TEXT}list-item")
    if start is not None and (value := start.get(f"{_TEXT}start-value")):
        element.set("start", value)


def _level(heading: Element) -> int:
    level = re.sub(r"\D", "", heading.get(f"{_TEXT}outline-level", "1"))
    return min(max(int(level or 1), 1), 6)
