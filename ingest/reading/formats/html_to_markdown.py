"""Writes Markdown of HTML, and moves its notes to their references before.

Word, LibreOffice, EUR-Lex, e-books and most web sites make them so, however much else differs.
"""

import re
from collections.abc import Iterator

from lxml import etree

from ingest.reading.formats import hypertext
from ingest.reading.formats.encoding import raised, without_comments, without_control
from ingest.reading.formats.hypertext import (
    HEADINGS,
    INLINE,
    NOTE,
    SILENT,
    Element,
    content,
    cut,
    texts,
)

_LABEL = re.compile(
    r"[\[(]?\s*(\d{1,4}|[a-z]{1,2}|[ivxlc]{1,6}|[*†‡§]{1,4})\s*[\])]?", re.IGNORECASE
)
_OPENING, _CLOSING = re.compile(r"[(\[]\s*\Z"), re.compile(r"\s*[)\]]")
_BACK = re.compile(r"[\s↑↩⬆^\ufe0e]+")
_TELLING = re.compile(r"foot-?note|noteref|endnote", re.IGNORECASE)
_LONGEST = 4000  # characters: a longer target is a chapter

_DEEPEST_LIST = 6  # nesting of lists: markdown-it reads at most ten
_SPACES = re.compile(r"[^\S\ue001]+")
_NOT_SHOWN = re.compile("[\u00ad\u200b\u2060\ufeff]")
_MARK, _BREAK = "\ue000", "\ue001"  # the reference of a note, the end of a line
_MARKS_IN_ROW = re.compile(f"{_MARK}(?: ?[,;]? ?{_MARK})+")
_MARK_BEFORE_POINT = re.compile(f" ?{_MARK} ?(?=[.,;:!?)])")
_MARK_IN_SPACE = re.compile(f" {_MARK}(?= )|{_MARK}")
# What Markdown would not read as a paragraph; it gets a backslash, which is no text.
_MARKUP = re.compile(r"#{1,6}(?:\s|$)|>|```|~~~|<|\||\[[^\]^]+\]:|[-=]+$|(?:[-*_] ?){3,}$")
_TRAILING = re.compile(r" +$", re.MULTILINE)
_LIST_LINE = re.compile(r"- |\d+[.)] ")
_INTERRUPTS = re.compile(r"- |1[.)] ")  # lists that can follow a paragraph without an empty line
_RAISED = frozenset(("superscript", "super", "oj-super"))  # classes of EUR-Lex
_BULLET = re.compile(r"\A[-–—•·▪◦*\uf000-\uf0ff]\s+")  # the last from Word's Symbol font


def attach_notes(root: Element) -> None:
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
            cut(link)
            continue
        if text not in may_be:
            may_be[text] = _may_be_note(text)
        if not may_be[text] or text in link.iterancestors():
            continue
        back = [other for other in text.iter("a") if named.get(_fragment(other)) in _near(link)]
        if not back and not any(_TELLING.search(link.get(name, "")) for name in ("class", "role")):
            continue
        done.update(text.iter("a"))
        moved.add(text)
        is_numbered = not any(_LABEL.fullmatch(content(other)) for other in back)
        for other in back:
            cut(other)
        _trim(text, label[1] if is_numbered else "")
        note = note_of(label[1], text)
        note.tail, link.tail = link.tail, None
        around = link.getparent()
        if around is not None:
            around.replace(link, note)
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


def note_of(label: str, text: Element) -> Element:
    """A note with this text, which is cut from its place."""
    note = etree.Element(NOTE, label=label)
    cut(text)
    note.append(text)
    return note


def to_markdown(root: Element, *, names: bool = False) -> str:
    """The text of a tree as Markdown; with `names`, headings have the ids that links lead to."""
    text = "\n\n".join(_Writer(root, names=names).blocks(root))
    return without_control(_TRAILING.sub("", text)) + "\n"


class _Writer:
    """Writes one tree; `_notes` are to be written below the current block."""

    def __init__(self, root: Element, *, names: bool) -> None:
        self._names = names
        self._notes: list[Element] = []
        self._depth = 0  # in lists and tables, where headings are text
        self._around_blocks: set[Element] = set()
        for element in root.iter(etree.Element):
            if element.tag not in INLINE:
                for around in element.iterancestors():
                    if around.tag == NOTE or around in self._around_blocks:
                        break
                    self._around_blocks.add(around)

    def blocks(self, parent: Element) -> Iterator[str]:
        """The paragraphs, lists and tables in an element, each followed by its notes."""
        run = [parent.text or ""]
        for child in parent:
            if child.tag in INLINE and child not in self._around_blocks:
                run.append(self._text(child))
            elif child.tag not in SILENT:
                yield from self._paragraphs(run)
                run = []
                yield from self._block(child)
            run.append(child.tail or "")
        yield from self._paragraphs(run)

    def _block(self, element: Element) -> Iterator[str]:
        match element.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if not self._depth:
                yield from self._heading(element)
            case "ul" | "ol" | "menu":
                yield from self._joined(self._list(element))
            case "dl":
                yield from self._joined(self._definitions(element))
            case "table":
                yield from self._table(element)
            case "pre":
                code = without_comments("".join(element.itertext())).strip("\n")
                yield f"```\n{code}\n```"
            case _:
                yield from self.blocks(element)

    def _text(self, element: Element) -> str:
        """The text of an element; its notes are kept for below the block."""
        if element.tag == NOTE:
            self._notes.append(element)
            return _MARK
        if element.tag == "br":
            return _BREAK
        if element.tag in SILENT:
            return ""
        parts = [element.text or ""]
        for child in element:
            if child.tag == "li" and element.tag in ("ul", "ol"):  # of a list in a table cell
                parts.append(f"{child.get('value')}. " if child.get("value") else "• ")
            parts += (self._text(child), child.tail or "")
        text = "".join(parts)
        if element.tag == "sup" or not _RAISED.isdisjoint((element.get("class") or "").split()):
            return raised(text)
        return text if element.tag in INLINE else f" {text} "

    def _line(self, element: Element) -> str:
        return _clean(self._text(element)).replace("\n", " ")

    def _paragraphs(self, run: list[str]) -> Iterator[str]:
        for paragraph in _clean("".join(run)).split("\n\n"):
            if paragraph:
                first, *others = (_BULLET.sub("- ", s) for s in paragraph.split("\n"))
                text = f"\\{first}" if _MARKUP.match(first) else first
                for line in others:
                    text += f" {line}" if _MARKUP.match(line) else f"\n{line}"
                yield text
        yield from self._take_notes()

    def _take_notes(self) -> Iterator[str]:
        notes, self._notes = self._notes, []
        for note in notes:
            text = " ".join(filter(None, (self._line(part) for part in note)))
            yield f"[^{note.get('label')}]: {text}"

    def _heading(self, element: Element) -> Iterator[str]:
        title = self._line(element).rstrip("¶# ")
        if title:
            name = _name(element) if self._names else ""
            yield "#" * int(element.tag[1]) + f" {title}" + (f" {{#{name}}}" if name else "")
        yield from self._take_notes()

    def _joined(self, items: Iterator[str]) -> Iterator[str]:
        self._depth += 1
        lines = "\n".join(items)
        self._depth -= 1
        if lines:
            yield lines

    def _list(self, element: Element) -> Iterator[str]:
        number = hypertext.number(element.get("start"), 1)
        for child in element:
            if child.tag != "li":  # a list right in a list belongs to the item above it
                for block in self._block(child):
                    yield "  " + block.replace("\n", "\n  ")
                continue
            number = hypertext.number(child.get("value"), number)
            yield from self._item(child, f"{number}. " if element.tag == "ol" else "- ")
            number += 1

    def _item(self, element: Element, mark: str, label: str = "") -> Iterator[str]:
        """An item with all its content; `label` goes before its own text."""
        blocks = [_BULLET.sub("", block) if not n else block
                  for n, block in enumerate(self.blocks(element))]  # fmt: skip
        if label and blocks and not _LIST_LINE.match(blocks[0]):
            blocks[0] = label + blocks[0]
        elif label:
            blocks.insert(0, label.strip())
        indent = " " * len(mark) if self._depth <= _DEEPEST_LIST else ""
        text = ""
        for block in blocks:
            gap = "\n" if _INTERRUPTS.match(block) else "\n\n"
            text += (gap + indent if text else mark) + block.replace("\n", f"\n{indent}")
        if text:
            yield text

    def _definitions(self, element: Element) -> Iterator[str]:
        terms: list[str] = []
        for child in element.iter("dt", "dd"):
            if child.tag == "dt":
                terms.append(self._line(child))
                continue
            term = ", ".join(filter(None, terms))
            yield from self._item(child, "- ", f"{term}: " if term else "")
            terms = []
        yield from (f"- {term}" for term in terms)

    def _table(self, element: Element) -> Iterator[str]:
        cells = hypertext.cells_of(element)
        for caption in element.findall("caption"):
            yield from self.blocks(caption)
        if items := hypertext.list_items(cells):
            yield from self._joined(
                item
                for mark, cell in items
                for item in self._item(cell, *hypertext.markdown_mark(mark))
            )
        elif hypertext.is_layout(element, cells):
            for cell in (cell for row in cells for cell in row):
                yield from self.blocks(cell)
        else:
            grid = hypertext.grid([[(cell, self._line(cell)) for cell in row] for row in cells])
            yield from filter(None, [hypertext.table_to_markdown(grid)])
            yield from self._take_notes()


def _clean(text: str) -> str:
    """A run of text as it is shown; lines end only at line breaks."""
    text = without_comments(_NOT_SHOWN.sub("", text))  # of which the page shows the marks
    text = _SPACES.sub(" ", text)
    text = _MARKS_IN_ROW.sub(_MARK, text)
    text = _MARK_IN_SPACE.sub("", _MARK_BEFORE_POINT.sub("", text))
    lines = [line.strip() for line in text.split(_BREAK)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _name(heading: Element) -> str:
    """The id of a heading: on it, in it, or right before it."""
    before = heading.getprevious()
    places = [heading, *heading.iterdescendants()]
    if before is not None and _is_empty(before):
        places.append(before)
    elif before is None and (parent := heading.getparent()) is not None:
        places.append(parent)
    names = (place.get("id") or place.get("name") or "" for place in places)
    return next((name for name in names if name and not re.search(r"[\s{}]", name)), "")
