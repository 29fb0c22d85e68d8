"""The lists of legal texts, as list items: paragraphs "1.", points "(a)" and "(i)", indents.

A mark is in a cell or box beside its text, in a `span` before it, or typed at its beginning.
"""

import re
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from ingest.reading.formats import cellar_styles, legal_lines, table
from ingest.reading.formats.element_text import cut_letters, prepend, words
from ingest.reading.formats.hypertext import HEADINGS, cut, unwrap
from ingest.reading.formats.table import Element

_MARK = r"\(?(?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})\)|\d{1,3}[a-z]?\.|[—–•·▪◦\uf000-\uf0ff-]"
_TYPED = re.compile(rf"({_MARK})\s+(?=\S)")
_NUMBER = re.compile(rf"{_MARK}|(?:\d{{1,2}}\.){{1,5}}\d{{0,2}}")
_ALONE = re.compile(_MARK)
_RECITAL = re.compile(r"\(\d{1,3}\)")
_NUMBERED = re.compile(r"\d{3}[A-Za-z]*\.\d{3}[A-Za-z]*")  # id of a box with a numbered paragraph
_FORMS = ("content", "border")  # a page of the file; a frame around a paragraph
_HANGING = re.compile(r"text-indent:\s*-")
_AROUND_ITEMS = ("td", "th", "li", "dd", "table")
_BELOW_TITLE = HEADINGS[1:]
_DEEPEST = 6  # nesting of lists: what html_to_markdown.py writes as well
_FARTHEST = 30  # most elements between two items of a list; looking farther takes quadratic time
_ROMANS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv"
_ROMAN = ("", *_ROMANS.split())


def make(content: Element) -> None:
    """Makes list items of everything with a mark; recitals stay paragraphs that begin with their
    number."""
    for division in list(content.iterdescendants("div")):
        is_mere_form = division.get("class") in _FORMS or _HANGING.search(division.get("style", ""))
        if is_mere_form:
            unwrap(division)
    lists = _Lists()
    before_articles = True
    for element in list(content.iter("p", "div", "table", *_BELOW_TITLE)):
        if element.tag in _BELOW_TITLE:
            first, _, _ = words(element).partition(" – ")
            before_articles = before_articles and legal_lines.label(first) is None
        elif element.tag == "table":
            if before_articles:
                _unfold_recitals(element)
            lists.absorb(element)
        elif mark := _take_mark(element):
            name = element.get("class", "")
            may_be_recital = before_articles and not cellar_styles.is_item(name)
            is_recital = cellar_styles.role(name) == "recital" or may_be_recital
            if is_recital and _RECITAL.fullmatch(mark):
                prepend(element, f"{mark} ")
            else:
                lists.add(element, mark)
        elif element.tag == "p" and cellar_styles.is_item(element.get("class", "")):
            lists.add(element, "")


def _unfold_recitals(element: Element) -> None:
    """Replaces a table of recitals, "(1)" beside its text, by its content."""
    items = table.list_items(table.cells_of(element))
    if not items or not all(_RECITAL.fullmatch(mark) for mark, _ in items):
        return
    for mark, cell in items:
        cell.tag = "div"
        prepend(cell, f"{mark} ")
        element.addprevious(cell)
    cut(element)


def name_number(paragraph: Element) -> None:
    """Gives the `span` of a number its class, if a paragraph of a list lacks it."""
    first = next(paragraph.iterchildren(etree.Element), None)
    is_number = first is not None and first.tag == "span" and not (paragraph.text or "").strip()
    if first is not None and is_number and _NUMBER.fullmatch(words(first)):
        first.set("class", "num")


def _take_mark(element: Element) -> str:
    """Removes and returns the mark at the beginning of a paragraph or box; "" without one."""
    number = _number(element)
    if number is not None:
        mark = words(number)
        cut(number)
        return mark
    paragraph = element
    if element.tag == "div" and _NUMBERED.fullmatch(element.get("id", "")):
        paragraph = next(element.iterchildren(etree.Element), element)
    is_within_item = next(paragraph.iterancestors(*_AROUND_ITEMS), None) is not None
    if paragraph.tag != "p" or paragraph.find(".//p") is not None or is_within_item:
        return ""
    if cellar_styles.role(paragraph.get("class", "")) not in ("plain", "other", "recital"):
        return ""
    typed = _TYPED.match(words(paragraph))
    if typed:
        cut_letters(paragraph, len(typed[1]))
    return typed[1] if typed else ""


def _number(element: Element) -> Element | None:
    """The element of a paragraph or box that holds the mark and nothing else."""
    if element.tag == "p":
        return next(iter(element.xpath("(.//span[@class='num'])[1]")), None)
    first = next(element.iterchildren(etree.Element), None)
    if first is None or (element.text or "").strip():
        return None
    is_number = (
        "grid-list-column-1" in first.get("class", "").split()
        or first.get("class") == "no-parag"
        or (first.tag == "p" and "display: inline" in first.get("style", ""))
    )
    return first if is_number and _ALONE.fullmatch(words(first)) else None


@dataclass
class _Open:
    """An open list: class and mark of its last item."""

    name: str
    mark: str
    items: Element


class _Lists:
    """Makes lists of consecutive elements.

    An element continues the list whose last mark precedes its own, even if paragraphs stand
    between; these then belong to the item above them. Otherwise it continues the deepest list
    directly above it of its class and kind of mark, or begins a deeper list.
    """

    def __init__(self) -> None:
        self._open: dict[Element, list[_Open]] = {}  # outermost list -> it and the lists in it

    def add(self, element: Element, mark: str) -> None:
        name = element.get("class", "")
        before, text = table.markdown_mark(mark)
        stack, goes_on = self._continued(element, name, mark)
        if goes_on is None:
            goes_on = _Open(name, mark, etree.Element("ul" if before == "- " else "ol"))
            if stack:
                stack[-1].items[-1].append(goes_on.items)
            else:
                element.addprevious(goes_on.items)
                stack = self._open[goes_on.items] = []
            stack.append(goes_on)
        del stack[stack.index(goes_on) + 1 :]
        goes_on.mark = mark
        element.tag, element.tail = "li", None
        if before != "- ":
            element.set("value", before.rstrip(".) "))
        if text:
            prepend(element, text)
        goes_on.items.append(element)

    def _continued(
        self, element: Element, name: str, mark: str
    ) -> tuple[list[_Open], _Open | None]:
        """The open lists above an element, and the one that it continues, if any."""
        between: list[Element] = []
        for above in islice(element.itersiblings(preceding=True), _FARTHEST):
            stack = self._open.get(above, [])
            next_of = [one for one in stack if one.name == name and _follows(one.mark, mark)]
            if next_of:
                for one in reversed(between):
                    next_of[-1].items[-1].append(one)
                return stack, next_of[-1]
            if above.tag in HEADINGS:
                break
            between.append(above)
        above = element.getprevious()
        stack = self._open.get(above, []) if above is not None else []
        if not stack or cellar_styles.is_item(stack[0].name) != cellar_styles.is_item(name):
            return [], None
        alike = [one for one in stack if one.name == name and _kind(one.mark) == _kind(mark)]
        is_new = not alike or mark.strip("()") == "i"
        return stack, (alike or stack)[-1] if not is_new or len(stack) == _DEEPEST else None

    def absorb(self, element: Element) -> None:
        """Moves a table that is a list into the item above it."""
        above = element.getprevious()
        if above in self._open and table.list_items(table.cells_of(element)):
            element.tail = None
            above[-1].append(element)


def _follows(before: str, mark: str) -> bool:
    """Whether a mark comes next after another: "(c)" after "(b)", "(ii)" after "(i)"."""
    one, two = before.strip("()."), mark.strip("().")
    if one.isdecimal() and two.isdecimal():
        return int(two) == int(one) + 1
    if one in _ROMAN and two in _ROMAN and _ROMAN.index(two) == _ROMAN.index(one) + 1:
        return True
    return len(one) == len(two) == 1 and ord(two) == ord(one) + 1


def _kind(mark: str) -> str:
    """A mark without its counter: (a) and (b) are of one kind, • and – of two."""
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "1", mark))
