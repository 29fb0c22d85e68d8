"""From HTML to Markdown, for all formats that are or become HTML: web pages, Word files, e-books.

Headings keep their id ("# Title {#name}"), lists their depth and numbers, tables their rows, and
notes stand below their references. Bold and italic marks are left out, as a quote has none.
"""

import re
from collections.abc import Iterator

from lxml import etree

from ingest.reading.formats import table
from ingest.reading.formats.encoding import without_comments, without_control
from ingest.reading.formats.hypertext import INLINE, NOTE, SILENT
from ingest.reading.formats.table import Element

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
_BULLET = re.compile(r"\A[-–—•·▪◦*\uf000-\uf0ff]\s+")  # the last from Word's Symbol font


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
                yield "\n".join(
                    ("```", without_comments("".join(element.itertext())).strip("\n"), "```")
                )
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
        return "".join(parts) if element.tag in INLINE else f" {''.join(parts)} "

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
        number = table.number(element.get("start"), 1)
        for child in element:
            if child.tag != "li":  # a list right in a list belongs to the item above it
                for block in self._block(child):
                    yield "  " + block.replace("\n", "\n  ")
                continue
            number = table.number(child.get("value"), number)
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
        cells = table.cells_of(element)
        for caption in element.findall("caption"):
            yield from self.blocks(caption)
        if items := table.list_items(cells):
            yield from self._joined(
                item
                for mark, cell in items
                for item in self._item(cell, *table.markdown_mark(mark))
            )
        elif table.is_layout(element, cells):
            for cell in (cell for row in cells for cell in row):
                yield from self.blocks(cell)
        else:
            grid = table.grid([[(cell, self._line(cell)) for cell in row] for row in cells])
            yield from filter(None, [table.to_markdown(grid)])
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
    if before is not None and before.tag == "a" and not "".join(before.itertext()).strip():
        places.append(before)
    elif before is None and (parent := heading.getparent()) is not None:
        places.append(parent)
    names = (place.get("id") or place.get("name") or "" for place in places)
    return next((name for name in names if name and not re.search(r"[\s{}]", name)), "")
