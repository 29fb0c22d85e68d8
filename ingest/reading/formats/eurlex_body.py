"""The body of a text of EUR-Lex: the roles of its styles, its lists and its headings."""

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal

from lxml import etree

from ingest.reading.formats import hypertext, legal_lines
from ingest.reading.formats.hypertext import (
    HEADINGS,
    Element,
    cut,
    cut_letters,
    prepend,
    unwrap,
    words,
)

StyleRole = Literal[
    "left out",  # cover, contents, disclaimer, marks of amendments: not text to quote
    "title",  # a line of the title of an act or annex
    "kind",  # "COMMUNICATION FROM THE COMMISSION"
    "status",  # "Proposal for a"
    "part",  # of the file: explanatory memorandum, annex
    "division",  # "CHAPTER I"
    "article",  # "Article 5"
    "subtitle",  # the title that belongs to the label above it
    "group",  # a heading within an annex
    "heading",
    "recital",
    "plain",
    "other",
]

_ROLES: tuple[tuple[StyleRole, str], ...] = (
    (
        "left out",
        r"TOC(?:Heading|\d)|Logo|pageBreak|cpMarking|Emission|Nomdelinstitution|Corrigendum"
        r"|Rfrenceinstitutionnelle|Rfrenceinterinstitutionnelle|Rfrenceinterne|CrossReference"
        r"|IntrtEEE|Accompagnant|Typeacteprincipal|Objetacteprincipal|Confidence|Confidentialit"
        r"|hd-(?!modifiers).*|disclaimer|reference|modref|arrow|title-doc-oj-reference"
        r"|title-fam-member.*|hd-modifiers|toc-.*",
    ),
    ("title", r"Titreobjet|Prliminairetitre|doc-ti|title-doc-(?:first|last)"),
    ("kind", r"Typedudocument|Prliminairetype"),
    ("status", r"Statut"),
    ("part", r"(?:Annexetitre|Exposdesmotifstitre)\w*|Fichefinanci\w*titre\w*|title-annex-1"),
    ("division", r"(?:Part|Chapter|Section)Title|ti-section-1|title-division-1"),
    ("article", r"Titrearticle|ti-art|title-article-norm"),
    (
        "subtitle",
        r"Articletitle|sti-art|ti-section-2|title-division-2|stitle-article-norm|title-annex-2",
    ),
    ("group", r"ti-grseq-\d|title-gr-seq-level-\d"),
    ("heading", r"(?:Manual|Annex)?[Hh]eading[1-6]\D*"),
    ("recital", r"(?:Manual)?Considrant"),
    ("plain", r"Normal"),
)
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _ROLES)
_OWN = re.compile(  # no other publisher's page has these
    r"Typedudocument|Titreobjet|Titrearticle|Rfrenceinstitutionnelle|ManualHeading1|footnoteRef|doc-ti|ti-art"
    r"|sti-art|ti-section-1|title-article-norm|title-doc-first|title-division-1"
)
_ITEM = re.compile(r"li|(?:Point|Tiret|ListBullet|ListDash|ListNumber)\w*")
_LEVEL = re.compile(r"(\d)\D*$")

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
_DEEPEST_LIST = 6  # nesting of lists: what html_to_markdown.py writes as well
_FARTHEST = 30  # most elements between two items of a list; looking farther takes quadratic time
_ROMANS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv"
_NEXT_ROMAN = frozenset(pairwise(("", *_ROMANS.split())))

_ROLES_OF_LABELS: dict[legal_lines.Label, StyleRole] = {
    "article": "article",
    "division": "division",
    "annex": "part",
}
_LABELS: tuple[StyleRole, ...] = ("division", "article", "part", "title", "group")
_DEEPEST = 6  # levels of headings in HTML and in Markdown
_QUOTED = tuple("„“”‘’«»\"'")
_BETWEEN = " – "  # a label and its title
_LINE_END = "\ue001"
_BULLET = re.compile(r"[^\w(]")


def style_role(name: str) -> StyleRole:
    """The role of an element whose class is `name`."""
    names = _names(name)
    for found, pattern in _PATTERNS:
        if any(map(pattern.fullmatch, names)):
            return found
    return "other" if set(names) - {"li"} else "plain"


def style_level(name: str) -> int:
    """The number at the end of a class, as in "Heading2"; 1 where there is none."""
    return next((int(found[1]) for found in map(_LEVEL.search, _names(name)) if found), 1)


def is_item(name: str) -> bool:
    return any(map(_ITEM.fullmatch, _names(name)))


def is_own(name: str) -> bool:
    """Whether only pages of the institutions have a class."""
    return any(map(_OWN.fullmatch, _names(name))) or name.startswith("li Heading1")


def is_cover(name: str) -> bool:
    return any(part.endswith("_cp") for part in name.split())


def _names(name: str) -> list[str]:
    return [part.removeprefix("oj-").removesuffix("_cp") for part in name.split()]


def make_lists(content: Element) -> None:
    """Makes list items of everything with a mark; recitals stay paragraphs that begin with their
    number."""
    for division in list(content.iterdescendants("div")):
        if division.get("class") in _FORMS or _HANGING.search(division.get("style", "")):
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
        elif mark := _take_mark(element):
            name = element.get("class", "")
            may_be_recital = before_articles and not is_item(name)
            is_recital = style_role(name) == "recital" or may_be_recital
            if is_recital and _RECITAL.fullmatch(mark):
                prepend(element, f"{mark} ")
            else:
                lists.add(element, mark)
        elif element.tag == "p" and is_item(element.get("class", "")):
            lists.add(element, "")


def _unfold_recitals(element: Element) -> None:
    """Replaces a table of recitals, "(1)" beside its text, by its content."""
    items = hypertext.list_items(hypertext.cells_of(element))
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
    if style_role(paragraph.get("class", "")) not in ("plain", "other", "recital"):
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
        before, text = hypertext.markdown_mark(mark)
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
            next_of = [
                other for other in stack if other.name == name and _follows(other.mark, mark)
            ]
            if next_of:
                for passed in reversed(between):
                    next_of[-1].items[-1].append(passed)
                return stack, next_of[-1]
            if above.tag in HEADINGS:
                break
            between.append(above)
        above = element.getprevious()
        stack = self._open.get(above, []) if above is not None else []
        if not stack or is_item(stack[0].name) != is_item(name):
            return [], None
        alike = [other for other in stack if (other.name, _kind(other.mark)) == (name, _kind(mark))]
        is_new = not alike or mark.strip("()") == "i"
        return stack, (alike or stack)[-1] if not is_new or len(stack) == _DEEPEST_LIST else None


def _follows(before: str, mark: str) -> bool:
    """Whether a mark comes next after another: "(c)" after "(b)", "(ii)" after "(i)"."""
    first, second = before.strip("()."), mark.strip("().")
    if first.isdecimal() and second.isdecimal():
        return int(second) == int(first) + 1
    if (first, second) in _NEXT_ROMAN:
        return True
    return len(first) == len(second) == 1 and ord(second) == ord(first) + 1


def _kind(mark: str) -> str:
    """A mark without its counter: (a) and (b) are of one kind, • and – of two."""
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "1", mark))


def mark_headings(content: Element) -> None:
    """Makes headings of the paragraphs that are headings; the title is one already."""
    paragraphs = [p for p in content.iter("p", "h1") if p.find(".//p") is None and words(p)]
    lines = [words(p) for p in paragraphs]
    roles = [_role(p, line) for p, line in zip(paragraphs, lines, strict=True)]
    depths = [
        legal_lines.heading_depth(line) if role == "plain" else 0
        for role, line in zip(roles, lines, strict=True)
    ]
    outline = _Outline()
    last: Element | None = None  # a label whose title may follow
    last_role: StyleRole = "other"
    for number, (paragraph, role, line) in enumerate(zip(paragraphs, roles, lines, strict=True)):
        around = depths[max(number - 1, 0) : number] + depths[number + 1 : number + 2]
        if role == "plain" and depths[number] and depths[number] not in around:
            level = outline.heading(depths[number])
        elif last is not None and _is_title_of(last, last_role, line, role):
            _join(last, paragraph)
            continue
        elif last is not None and _is_typed_title(role, last, line):
            _join(last, paragraph)
            level = 0
        else:
            level = outline.level(role, line, style_level(paragraph.get("class", "")))
        last = None
        if level:
            _as_heading(paragraph, level)
            last, last_role = (paragraph, role) if role in _LABELS else (None, role)


def _role(paragraph: Element, line: str) -> StyleRole:
    if paragraph.tag == "h1" or next(paragraph.iterancestors("td", "th", "li"), None) is not None:
        return "other"
    role = style_role(paragraph.get("class", ""))
    if role == "heading" and legal_lines.is_sentence(line):  # a sentence in the style of a heading
        return "other"
    if line.startswith(_QUOTED):  # quoted from an act that this one amends
        return "other"
    found = legal_lines.label(line) if role == "plain" else None
    return _ROLES_OF_LABELS[found] if found else role


def _is_typed_title(role: StyleRole, last: Element, line: str) -> bool:
    is_label = legal_lines.label(words(last)) is not None
    return role == "plain" and is_label and legal_lines.is_title(line)


def _is_title_of(last: Element, last_role: StyleRole, line: str, role: StyleRole) -> bool:
    """Whether a line with the class of a heading continues the heading above it."""
    is_titled = legal_lines.label(words(last)) is None
    return (
        role == "subtitle"
        or (role == last_role == "title")
        or (role == last_role and not is_titled and legal_lines.label(line) is None)
    )


class _Outline:
    """The levels of headings, from those before: the title is 1, its divisions are 2."""

    def __init__(self) -> None:
        self._base = 2
        self._divisions: list[str] = []  # kinds of the open divisions: title, chapter

    def level(self, role: StyleRole, line: str, number: int) -> int:
        """The level of a line, 0 where it is no heading."""
        match role:
            case "part" | "title" | "kind":
                self._base, self._divisions = 3, []
                return 2
            case "division":
                found = legal_lines.division(line)
                kind = found.kind if found else ""
                if kind in self._divisions:
                    del self._divisions[self._divisions.index(kind) :]
                self._divisions.append(kind)
                return min(self._base + len(self._divisions) - 1, _DEEPEST)
            case "article":
                return min(self._base + len(self._divisions), _DEEPEST)
            case "group":
                return min(self._base + len(self._divisions) + number - 1, _DEEPEST)
            case "heading":
                return self.heading(number)
        return 0

    def heading(self, depth: int) -> int:
        """The level of a heading that states its depth."""
        return min(self._base + depth - 1, _DEEPEST)


def _as_heading(paragraph: Element, level: int) -> None:
    paragraph.tag = f"h{level}"
    for number in paragraph.xpath(".//span[@class='num']"):
        if _BULLET.fullmatch(words(number)):
            cut(number)
    line_break = next(paragraph.iter("br"), None)
    if line_break is not None:
        line_break.tag, line_break.text = "span", _LINE_END
        first, _, rest = words(paragraph).partition(_LINE_END)
        is_label = rest.strip() and legal_lines.label(first.strip())
        line_break.text = _BETWEEN if is_label else " "


def _join(heading: Element, title: Element) -> None:
    """Appends the title of a label to it."""
    is_first = _BETWEEN not in words(heading)
    moved = etree.SubElement(heading, "span")
    moved.text = (_BETWEEN if is_first else " ") + (title.text or "").lstrip()
    moved.extend(list(title))
    cut(title)
