"""Trees of HTML, which web pages, Word files and e-books are or become: read and changed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from lxml import etree, html

from core.errors import DocumentError
from ingest.reading.formats.markdown import has_header

Element: TypeAlias = etree._Element

_MARK = re.compile(
    r"\(?(?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})[.)]|(?:\d{1,3}\.){2,5}", re.IGNORECASE
)
_NUMBER = re.compile(r"\d{1,3}[.)]")
_BULLET = re.compile(r"[-–—•·▪◦*o\uf000-\uf0ff]")  # the last from Word's Symbol font
_FIGURES = re.compile("[0-9]{1,9}")  # not "²" or "③"; Markdown takes as many
_LARGEST_SPAN = 100  # HTML allows 1,000 columns and 65,534 rows, and each is written out

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NOTE = "note"  # our element for a note at its reference, made by html_to_markdown.py
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

_ZERO = r"0*\.?0*(?:px|pt|em|rem|%)?(?:;|!|$)"
_FAR = r"-\d{3,}(?:\.\d+)?(?:px|pt|em|rem|%|vw|vh)"  # outside of any window
_HIDING = re.compile(
    rf"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|(?:font-size|opacity):(?=[.0]){_ZERO}"
    rf"|(?:left|right|top|bottom|text-indent|margin-left):{_FAR})"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_TOP = ("html", "body")


def cells_of(table: Element) -> list[list[Element]]:
    """The cells of each row, without those of nested tables."""
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    return [row.xpath("./td | ./th") for row in rows]


def list_items(cells: Iterable[Sequence[Element]]) -> list[tuple[str, Element]]:
    """The items of a table that is a list, as in legal texts: "(a)" beside its text.

    Returns:
        Mark and text of each row; nothing when the table is no list.
    """
    items = []
    for row in cells:
        filled = [cell for cell in row if content(cell)]
        mark = content(filled[0]) if filled else ""
        if len(filled) != 2 or not (_MARK.fullmatch(mark) or _BULLET.fullmatch(mark)):
            return []
        items.append((mark, filled[1]))
    return items


def markdown_mark(mark: str) -> tuple[str, str]:
    """The Markdown mark of a list item, and the part of its own mark that becomes text.

    >>> markdown_mark("3."), markdown_mark("(a)"), markdown_mark("•")
    (('3. ', ''), ('- ', '(a) '), ('- ', ''))
    """
    if _NUMBER.fullmatch(mark):
        return f"{mark} ", ""
    return "- ", "" if _BULLET.fullmatch(mark) or not mark else f"{mark} "


def is_layout(table: Element, cells: Iterable[Sequence[Element]]) -> bool:
    """Whether a table is only layout."""
    within = next(table.iterdescendants("table", *HEADINGS), None)
    is_presentation = table.get("role") in ("presentation", "none")
    return is_presentation or within is not None or all(len(row) <= 1 for row in cells)


def grid(cells: Sequence[Sequence[tuple[Element, str]]]) -> list[list[str]]:
    """The texts of cells in rows of equal length; a cell that spans rows is repeated in each."""
    places: dict[tuple[int, int], str] = {}
    for top, row in enumerate(cells):
        left = 0
        for cell, text in row:
            while (top, left) in places:
                left += 1
            width = _span(cell, "colspan")
            for down in range(min(_span(cell, "rowspan"), len(cells) - top)):
                places |= {(top + down, left + right): "" for right in range(1, width)}
                places[top + down, left] = text
            left += width
    columns = range(max((left + 1 for _, left in places), default=0))
    return [[places.get((top, left), "") for left in columns] for top in range(len(cells))]


def table_to_markdown(rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, without empty rows and columns; "" for a table without text.

    The first row is the header, or an empty one where the first row is data.
    """
    filled = [row for row in rows if any(row)]
    used = [number for number, column in enumerate(zip(*filled, strict=True)) if any(column)]
    lines = [
        f"| {' | '.join(row[number].replace('|', chr(92) + '|') for number in used)} |"
        for row in filled
    ]
    if lines and not has_header([[row[number] for number in used] for row in filled]):
        lines.insert(0, "|" + "  |" * len(used))
    return "\n".join((lines[0], "|" + " --- |" * len(used), *lines[1:])) if lines else ""


def content(element: Element) -> str:
    """The text of an element, in one line."""
    return " ".join("".join(element.itertext()).split())


def _span(cell: Element, name: str) -> int:
    return min(max(number(cell.get(name), 1), 1), _LARGEST_SPAN)


def number(written: str | None, otherwise: int) -> int:
    """The value of an attribute such as "12"; `otherwise` if it is no such number."""
    return int(written) if written and _FIGURES.fullmatch(written) else otherwise


def parse(path: Path, text: str) -> Element | None:
    """The tree of an HTML page; None if it is empty. Raises DocumentError: elements are nested so
    deep that text would be lost."""
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
        problem = f"has more than {_DEEPEST} elements within each other"
        remedy = "Open it in a browser, copy its text, and save that."
        raise DocumentError(path, None, problem, remedy, "limits")
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


def words(element: Element) -> str:
    """The text of an element without its notes, in one line."""
    found = element.xpath(f".//text()[not(ancestor::{NOTE})] | .//br | .//p | .//td | .//div")
    return " ".join("".join(text if isinstance(text, str) else " " for text in found).split())


def texts(element: Element) -> Iterator[tuple[Element, str]]:
    """The places of text in an element, in order, as (element, attribute)."""
    yield element, "text"
    for child in element:
        yield from texts(child)
        yield child, "tail"


def prepend(element: Element, text: str) -> None:
    """Puts text before the first words of an element."""
    for owner, side in texts(element):
        own = getattr(owner, side) or ""
        if own.strip():
            setattr(owner, side, text + own.lstrip())
            return


def cut_letters(element: Element, letters: int) -> None:
    """Removes the first letters from the text of an element, and the white space around them."""
    for owner, side in texts(element):
        text = (getattr(owner, side) or "").lstrip()
        taken = min(letters, len(text))
        setattr(owner, side, text[taken:].lstrip())
        letters -= taken
        if text[taken:].strip():
            return


def drop_hidden(tree: Element) -> None:
    """Removes elements that are hidden by their `hidden` attribute or their `style`: an injection
    hides there, and no reader would find it."""
    for element in [element for element in tree.iter(etree.Element) if _is_hidden(element)]:
        if element.tag not in _TOP:  # a page that hides all until its script ran
            cut(element)


def _is_hidden(element: Element) -> bool:
    if element.get("hidden", "until-found") != "until-found":  # that is found by who searches
        return True
    style = re.sub(r"\s+|/\*.*?\*/", "", element.get("style", "")).casefold()
    if not style:
        return False
    colour, background = _COLOUR.search(style), _BACKGROUND.search(style)
    same = colour is not None and background is not None and colour[1] == background[1]
    found = _HIDING.search(style)
    return same or (found is not None and not _is_shown_again(element, found[0]))


def _is_shown_again(element: Element, hiding: str) -> bool:
    """Whether an element within states the same property, as where only the gaps are hidden."""
    name = hiding.strip(";").partition(":")[0]
    inherited = name in ("font-size", "visibility")
    return inherited and any(name in inner.get("style", "") for inner in element.iterdescendants())
