"""The headings of legal texts and communications, with level and title.

A label and the title below it are one heading: "Article 5 – Prohibited practices".
"""

import re

from lxml import etree

from ingest.reading.formats import cellar_styles, legal_lines
from ingest.reading.formats.cellar_styles import StyleRole
from ingest.reading.formats.element_text import words
from ingest.reading.formats.hypertext import cut
from ingest.reading.formats.table import Element

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


def mark(content: Element) -> None:
    """Makes headings of the paragraphs that are headings; the title is one already."""
    paragraphs = [p for p in content.iter("p", "h1") if p.find(".//p") is None and words(p)]
    lines = [words(p) for p in paragraphs]
    depths = [_typed_depth(p, line) for p, line in zip(paragraphs, lines, strict=True)]
    outline = _Outline()
    last: Element | None = None  # a label whose title may follow
    last_role: StyleRole = "other"
    for number, (paragraph, line) in enumerate(zip(paragraphs, lines, strict=True)):
        role = _role(paragraph, line)
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
            level = outline.level(role, line, cellar_styles.level(paragraph.get("class", "")))
        last = None
        if level:
            _as_heading(paragraph, level)
            last, last_role = (paragraph, role) if role in _LABELS else (None, role)


def _role(paragraph: Element, line: str) -> StyleRole:
    if paragraph.tag == "h1" or next(paragraph.iterancestors("td", "th", "li"), None) is not None:
        return "other"
    role = cellar_styles.role(paragraph.get("class", ""))
    if role == "heading" and legal_lines.is_sentence(line):  # a sentence in the style of a heading
        return "other"
    if line.startswith(_QUOTED):  # quoted from an act that this one amends
        return "other"
    found = legal_lines.label(line) if role == "plain" else None
    return _ROLES_OF_LABELS[found] if found else role


def _typed_depth(paragraph: Element, line: str) -> int:
    return legal_lines.heading_depth(line) if _role(paragraph, line) == "plain" else 0


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
                kind = legal_lines.kind(line)
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
