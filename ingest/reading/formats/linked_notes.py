"""Footnotes of a page: a number that links to a text below, which links back.

Word, LibreOffice, EUR-Lex, e-books and most web sites make them so, however much else differs.
"""

import re

from lxml import etree

from ingest.reading.formats.element_text import texts
from ingest.reading.formats.hypertext import HEADINGS, INLINE, NOTE, cut
from ingest.reading.formats.table import Element, content

_LABEL = re.compile(
    r"[\[(]?\s*(\d{1,4}|[a-z]{1,2}|[ivxlc]{1,6}|[*†‡§]{1,4})\s*[\])]?", re.IGNORECASE
)
_OPENING, _CLOSING = re.compile(r"[(\[]\s*\Z"), re.compile(r"\s*[)\]]")
_BACK = re.compile(r"[\s↑↩⬆^\ufe0e]+")
_TELLING = re.compile(r"foot-?note|noteref|endnote", re.IGNORECASE)
_LONGEST = 4000  # characters: a longer target is a chapter


def attach(root: Element) -> None:
    """Moves every note to its reference, as an element `note` that replaces the number."""
    named = {
        name: element
        for element in root.iter(etree.Element)
        for name in (element.get("id"), element.get("name"))
        if name
    }
    done: set[Element] = set()  # links of notes
    moved: set[Element] = set()  # notes
    may_be: dict[Element, bool] = {}  # whether a target is like a note; many links can lead to it
    for link in list(root.iter("a")):
        label = _LABEL.fullmatch(content(link))
        target = named.get(_fragment(link))
        if label is None or target is None or link in done:
            continue
        text = _note_of(target)
        if text in moved:  # another reference to the same note
            cut(_around(link))
            continue
        if text not in may_be:
            may_be[text] = _may_be_note(text)
        if not may_be[text] or text in link.iterancestors():
            continue
        back = [other for other in text.iter("a") if named.get(_fragment(other)) in _near(link)]
        if not (back or _is_telling(link)):
            continue
        done.update(text.iter("a"))
        moved.add(text)
        is_numbered = not any(_LABEL.fullmatch(content(other)) for other in back)
        for other in back:
            cut(other)
        _trim(text, label[1] if is_numbered else "")
        note = _note(label[1], text)
        _replace(_around(link), note)
        _drop_brackets(note)


def _fragment(link: Element) -> str:
    return str(link.get("href") or "").rpartition("#")[2]


def _near(link: Element) -> tuple[Element, ...]:
    """A reference and the elements around it, one of which has the id that a note links back to."""
    around = [link, *link.iterdescendants()]
    before = link.getprevious()
    if before is not None and _is_empty(before):
        around.append(before)
    for element in link.iterancestors():
        if element.tag not in INLINE:
            break
        around.append(element)
    return tuple(around)


def _note_of(target: Element) -> Element:
    """The block that a link leads to: it has the link's target, or stands right behind it."""
    after = target.getnext()
    if _is_empty(target) and after is not None and after.tag not in INLINE:
        return after
    while target.tag in INLINE and (parent := target.getparent()) is not None:
        target = parent
    return target


def _is_empty(element: Element) -> bool:
    """Whether an element only names a place."""
    return element.tag == "a" and not content(element)


def _is_telling(link: Element) -> bool:
    return any(_TELLING.search(value) for value in (link.get("class", ""), link.get("role", "")))


def _may_be_note(text: Element) -> bool:
    return (
        text.tag not in (*HEADINGS, "body", "html", "td", "th")
        and next(text.iterdescendants(*HEADINGS), None) is None
        and len(content(text)) <= _LONGEST
    )


def _trim(text: Element, label: str) -> None:
    """Removes the number or its brackets from the beginning of a note, and all arrows."""
    number = re.compile(rf"\A\s*[\[(]?\s*{re.escape(label)}(?!\w)\s*[\])]?[.:]?\s*")
    for element, side in texts(text):
        if (written := getattr(element, side) or "").strip():
            setattr(element, side, number.sub("", written, count=1))
            break
    for element in text.iter():
        for side in ("text", "tail"):
            if _BACK.fullmatch(getattr(element, side) or ""):
                setattr(element, side, " ")


def _around(link: Element) -> Element:
    """The reference with the superscript and brackets around it, if these hold nothing else."""
    around, parent = link, link.getparent()
    while parent is not None and parent.tag in INLINE:
        if _LABEL.fullmatch(content(parent)) is None:
            break
        around, parent = parent, parent.getparent()
    return around


def _drop_brackets(note: Element) -> None:
    """Removes the brackets around a reference, if they are not part of its link."""
    before, side = note.getprevious(), "tail"
    if before is None:
        before, side = note.getparent(), "text"
    opening = _OPENING.search(getattr(before, side) or "")
    closing = _CLOSING.match(note.tail or "")
    if opening and closing:
        setattr(before, side, (getattr(before, side) or "")[: opening.start()])
        note.tail = (note.tail or "")[closing.end() :]


def _note(label: str, text: Element) -> Element:
    note = etree.Element(NOTE, label=label)
    cut(text)
    note.append(text)
    return note


def _replace(element: Element, by: Element) -> None:
    parent = element.getparent()
    if parent is not None:
        by.tail, element.tail = element.tail, None
        parent.replace(element, by)
