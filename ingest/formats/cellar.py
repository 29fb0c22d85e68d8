"""Texts of the EU's institutions as EUR-Lex and the Publications Office (Cellar) publish them.

They are made from Word files: a row of `p` elements whose class is the name of a Word style in the
Commission's templates ("li Heading1", "Titreobjet_cp", "li Point0") or in the Official Journal
("oj-ti-art"). The number of a paragraph is in a `span` of class "num".
"""

import re
from dataclasses import dataclass, field, replace

from lxml import etree

from ingest.formats import hypertext, markdown, notes, table
from ingest.formats.blocks import Parsed
from ingest.formats.table import Element

# Class -> level of a heading. The first that is found in a class counts.
_HEADINGS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"\b(?:Manual|Annex)?Heading(?P<level>[1-6])"), 0),
    (re.compile(r"\b(?:Annexetitre|Exposdesmotifstitre|Fichefinanciretitre)"), 2),
    (re.compile(r"\b(?:PartTitle|ChapterTitle|SectionTitle)"), 2),
    (re.compile(r"\b(?:oj-)?ti-section-\d"), 2),
    (re.compile(r"\b(?:Titrearticle|(?:oj-)?ti-art)\b"), 3),
    (re.compile(r"\b(?:Articletitle|(?:oj-)?sti-art)\b"), 4),
)
_TITLE = re.compile(r"\b(?:Titreobjet|Prliminairetitre|(?:oj-)?doc-ti\b)")
_TYPE = re.compile(r"\b(?:Typedudocument|Prliminairetype)")
_LEFT_OUT = re.compile(r"\b(?:TOC(?:Heading|\d)|Logo\b|pageBreak|cpMarking)")
_ITEM = re.compile(r"(?:^| )li(?: |$)|\b(?:Point|Tiret|ListBullet|ListDash|ListNumber)\w*")
_OFFICIAL = re.compile(
    r"\b(?:Typedudocument|Titreobjet|Rfrenceinstitutionnelle|ManualHeading1|oj-doc-ti|footnoteRef)"
    r"|\bli Heading1"
)
_SHORT_TYPE = 40  # characters: "ANNEX", but not all institutions a communication goes to


def is_official(tree: Element) -> bool:
    """Whether a page has the classes of a text of the institutions."""
    classes = (element.get("class", "") for element in tree.iter("p", "a"))
    return any(_OFFICIAL.search(name) for name in classes)


def read(tree: Element) -> Parsed:
    """Reads such a page: its title is the first heading, all others are below it."""
    notes.attach(tree)
    content = _content(tree)
    for number in content.xpath(".//span[@class='num']"):
        number.tail = f" {number.tail or ''}"
    title = _set_title(content)
    lists = _Lists()
    for paragraph in list(content.iter("p")):
        name = paragraph.get("class", "")
        if _LEFT_OUT.search(name):
            paragraph.clear(keep_tail=True)
        elif level := _level(name):
            paragraph.tag = f"h{level}"
        elif _ITEM.search(name):
            lists.add(paragraph)
    language = tree.get("lang") or tree.get("xml:lang") or ""
    parsed = markdown.read(hypertext.to_markdown(content, names=True))
    return replace(parsed, title=title or parsed.title, language=language[:2].lower())


def _content(tree: Element) -> Element:
    """The text without the page that EUR-Lex shows it in."""
    found: list[Element] = tree.xpath(
        "//*[@class='contentWrapper' or @id='docHtml' or @id='document1']"
    )
    outermost = [e for e in found if not any(around in found for around in e.iterancestors())]
    if len(outermost) == 1:
        return outermost[0]
    body: Element | None = tree.find("body")
    if outermost:
        body = etree.Element("body")
        body.extend(outermost)
    return tree if body is None else body


def _level(name: str) -> int:
    """The level of the heading that a class is, 0 where it is none; the title has level 1."""
    for pattern, level in _HEADINGS:
        if found := pattern.search(name):
            return level or min(int(found["level"]) + 1, 6)
    return 0


def _set_title(content: Element) -> str:
    """Makes the first title a heading, with its kind where that is short; empties repetitions."""
    paragraphs = list(content.iter("p"))
    first = next((p for p in paragraphs if _TITLE.search(p.get("class", ""))), None)
    if first is None:
        return ""
    kind = next((p for p in paragraphs if _TYPE.search(p.get("class", ""))), None)
    title = _words(first)
    repeated = {title, _words(kind)} if kind is not None else {title}
    for paragraph in paragraphs:
        name = paragraph.get("class", "")
        is_title = _TITLE.search(name) or _TYPE.search(name)
        if is_title and _words(paragraph) in repeated and paragraph not in (first, kind):
            paragraph.clear(keep_tail=True)
    if kind is not None and len(_words(kind)) <= _SHORT_TYPE:
        title = f"{_words(kind)} {title}"
        kind.clear(keep_tail=True)
    title = title[:1].upper() + title[1:]
    notes_of_title = list(first.iter(hypertext.NOTE))
    first.clear(keep_tail=True)
    first.tag, first.text = "h1", title
    first.extend(notes_of_title)
    return title


def _words(element: Element) -> str:
    """The text of an element without its notes."""
    texts = element.xpath(f".//text()[not(ancestor::{hypertext.NOTE})]")
    return " ".join(" ".join(texts).split())


@dataclass
class _Lists:
    """Makes lists of paragraphs that follow each other.

    A paragraph goes one deeper where its class or the kind of its mark is new, and back where they
    are those of an item above it.
    """

    _open: list[tuple[tuple[str, str], Element]] = field(default_factory=list)

    def add(self, paragraph: Element) -> None:
        if not self._open or paragraph.getprevious() is not self._open[0][1]:
            self._open = []
        mark = _take_mark(paragraph)
        before, text = table.markdown_mark(mark)
        key = (paragraph.get("class", ""), _kind(mark))
        keys = [key for key, _ in self._open]
        if key in keys:
            del self._open[keys.index(key) + 1 :]
        else:
            self._open.append((key, self._new_list(paragraph, "ul" if before == "- " else "ol")))
        paragraph.tag, paragraph.tail = "li", None
        if before != "- ":
            paragraph.set("value", before.rstrip(".) "))
        paragraph.text = text + (paragraph.text or "").lstrip()
        self._open[-1][1].append(paragraph)

    def _new_list(self, paragraph: Element, tag: str) -> Element:
        new = etree.Element(tag)
        if self._open:
            self._open[-1][1][-1].append(new)
        else:
            paragraph.addprevious(new)
        return new


def _take_mark(paragraph: Element) -> str:
    number = next(iter(paragraph.xpath(".//span[@class='num']")), None)
    if number is None:
        return ""
    mark = _words(number)
    tail, number.tail = number.tail, None
    number.clear()
    number.text = (tail or "").lstrip()
    return mark


def _kind(mark: str) -> str:
    """A mark without what counts on: (a) and (b) are of one kind, • and – are of two."""
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "1", mark))
