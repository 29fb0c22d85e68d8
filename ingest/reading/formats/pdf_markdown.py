"""Markdown of the blocks of a PDF: broken words joined, notes below their references, tables."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

from babel import Locale

from core.yaml_files import read_yaml
from ingest.reading.formats.markdown import has_header
from ingest.reading.formats.pdf_blocks import (
    Footnote,
    PdfBlock,
    numbers_in,
    without_marks,
    without_own_mark,
    without_repeated_marks,
)
from ingest.reading.formats.pdf_lines import LIST_MARK, PdfLine
from ingest.reading.formats.pdf_tables import Row
from language.identify import OFFICIAL
from language.sentences import sentences
from language.vocabulary import FOLDER

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"(?<![^\W_])([^\W_]+(?:-[^\W_]+)*)[-\xad‐]$")
_HYPHENATED = 0.02  # share of lines that end in a hyphen: below it these are hyphens of compounds

_Parts = list[tuple[int, str]]  # parts of a text, each with its page


class Joiner:
    """Joins broken words by the words of their document, to tell "ver-|slag" from "e-|mail"."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Collects the words of the document's lines; parts of words at their ends do not count."""
        whole = [_LAST_WORD.sub("", line) for line in lines]
        self._words = {word.lower() for line in whole for word in _WORD.findall(line)}
        cut = sum(line != own for line, own in zip(lines, whole, strict=True))
        self._is_hyphenated = cut > _HYPHENATED * len(lines)

    def join(self, above: str, below: str) -> tuple[str, str]:
        """The end of a line and the beginning of the next, ready to be put together."""
        last, first = _LAST_WORD.search(above), _WORD.match(below)
        if last is None:
            return above, f" {below}"
        stem, head = last[1], first[0] if first else ""
        whole = (stem + head).lower()
        if head.lower() in _conjunctions() and whole not in self._words:  # drug- and arms trade
            return above.replace("\xad", "-").replace("‐", "-"), f" {below}"
        if above.endswith("\xad"):
            return above[:-1], below
        keeps = (
            not head
            or head[0].isupper()
            or not stem.isalpha()
            or stem.isupper()
            or (not self._is_hyphenated and whole not in self._words)
            or (f"{stem}-{head}".lower() in self._words and whole not in self._words)
        )
        return (above if keeps else above[:-1]), below


@cache
def _conjunctions() -> frozenset[str]:
    """The words for "and" and "or" in the languages of the Union, and others that a suspended
    hyphen may stand before."""
    patterns = [Locale.parse(language).list_patterns for language in OFFICIAL]
    more = read_yaml((FOLDER / "suspended.yaml").read_text("utf-8"))
    return frozenset(
        pattern[kind]["2"].replace("{0}", "").replace("{1}", "").strip()
        for pattern in patterns
        for kind in ("standard", "or")
    ).union(*more.values())


def to_markdown(
    blocks: Sequence[PdfBlock], notes: Mapping[int, Sequence[Footnote]], joiner: Joiner, pages: int
) -> tuple[str, tuple[int, ...]]:
    """The text of blocks in reading order, with the footnotes of each page, and where its pages
    begin.

    A footnote stands below its reference, but never after text of a later page. So if a page has
    footnotes, a paragraph that continues on the next page is cut before the sentence that does.
    """
    writer = _Writer(notes, joiner)
    for block, below in zip_longest(blocks, blocks[1:]):
        writer.block(block)
        is_in_list = block.kind == "item" and below is not None and below.kind == "item"
        if block.kind != "heading" and not is_in_list:
            writer.notes_referred_to()
    writer.notes_before(pages + 1)
    return "".join(writer.pieces), writer.page_starts(pages)


class _Item(NamedTuple):
    """An open list item: its kind of mark, and the columns of its mark and of its text."""

    kind: str
    indent: int
    text: int


class _Writer:
    def __init__(self, notes: Mapping[int, Sequence[Footnote]], joiner: Joiner) -> None:
        self._notes = notes
        self._joiner = joiner
        self._left = [note for page in sorted(notes) for note in notes[page]]  # not yet written
        self._first_pages = {note.number: note.page for note in reversed(self._left)}
        self._referred: list[Footnote] = []
        self.pieces: list[str] = []
        self._length = 0
        self._starts: dict[int, int] = {}  # page -> where its first text is
        self._items: list[_Item] = []  # open items at the end of the text, outermost first

    def page_starts(self, pages: int) -> tuple[int, ...]:
        """The offsets of the pages. A page without text begins where the next one does, the first
        at 0."""
        starts: list[int] = []
        for page in range(pages, 1, -1):
            starts.append(self._starts.get(page, starts[-1] if starts else self._length))
        return (0, *reversed(starts))

    def block(self, block: PdfBlock) -> None:
        self.notes_before(block.page)
        if block.table is not None:
            self._rows(block.table.rows)
            self._items.clear()
            return
        mark, lines = _marked(block)
        parts = self._joined(lines)
        if block.kind == "paragraph":
            parts = self._cut_where_notes_come(parts)
        else:
            self.notes_before(parts[-1][0])
        if block.kind == "item":
            mark = self._begin_item(mark, block.level)
        else:
            self._add_space()
            self._items.clear()
        self._add_parts(mark, parts)

    def _begin_item(self, mark: str, depth: int) -> str:
        """The mark of an item, indented to its depth, but at most one step beyond the item around
        it: Markdown would read more as code."""
        last = self._items[-1] if self._items else None
        del self._items[depth - 1 :]
        indent = self._items[-1].text if self._items else 0
        item = _Item(mark.strip("0123456789 "), indent, indent + len(mark))
        if last is not None and item.kind == last.kind and item.indent == last.indent:
            self._add("\n")
        else:
            self._add_space()
        self._items.append(item)
        return " " * indent + mark

    def notes_referred_to(self) -> None:
        """Writes the footnotes that the blocks so far refer to."""
        for note in self._referred:
            self._note(note)
        self._referred.clear()

    def notes_before(self, page: int) -> None:
        """Writes the remaining footnotes of earlier pages."""
        for note in [note for note in self._left if note.page < page]:
            self._note(note)

    def _note(self, note: Footnote) -> None:
        if note not in self._left:
            return
        self._left.remove(note)
        text = without_own_mark(note.lines[0].text)
        for line in note.lines[1:]:
            text = "".join(self._joiner.join(text, line.text))
        self._add_space()
        self._add_parts(f"[^{note.number}]: ", [(note.page, text)])
        self._items.clear()

    def _cut_where_notes_come(self, parts: _Parts) -> _Parts:
        """Writes a paragraph up to the sentence that continues on another page, then the footnotes
        of its page; returns the rest."""
        for page, _ in parts[:-1]:
            if all(note.page > page for note in self._left):
                continue
            turn = sum(len(text) for number, text in parts if number <= page)
            whole = "".join(text for _, text in parts)
            start = next((s for s, end in sentences(whole, "en") if s < turn < end), turn)
            above, parts = _split(parts, start)
            if above:
                self._add_space()
                self._add_parts("", above)
            self.notes_before(page + 1)
        return parts

    def _rows(self, rows: Sequence[Row]) -> None:
        self._add_space()
        texts = [
            ["".join(text for _, text in self._joined(cell, is_cell=True)) for cell in row]
            for row in rows
        ]
        below_header = "\n|" + " --- |" * len(rows[0])
        names_columns = has_header(texts)
        if not names_columns:
            self._add("|" + "  |" * len(rows[0]) + below_header + "\n")
        for number, (row, cells) in enumerate(zip(rows, texts, strict=True)):
            page = next(line.page for cell in row for line in cell)
            shown = " | ".join(cell.replace("|", "\\|") for cell in cells)
            self._add("\n" if number else "")
            self._add_parts("", [(page, f"| {shown} |")])
            if names_columns and number == 0:
                self._add(below_header)

    def _joined(self, lines: Sequence[PdfLine], *, is_cell: bool = False) -> _Parts:
        """The text of lines by page, without the marks of footnotes."""
        parts: _Parts = []
        for line in lines:
            notes = {note.number: note for note in reversed(self._notes.get(line.page, ()))}
            self._referred += [notes[n] for n in numbers_in(line.text) if n in notes]
            text = without_marks(line.text, list(notes))
            earlier = {n for n, page in self._first_pages.items() if page < line.page}
            if not is_cell:  # a cell has notes of its own
                text = without_repeated_marks(text, earlier)
            if not parts:
                parts.append((line.page, text))
                continue
            page, above = parts.pop()
            above, below = self._joiner.join(above, text)
            if page == line.page:
                parts.append((page, above + below))
            else:
                space = " " if below.startswith(" ") else ""
                parts += [(page, above + space), (line.page, below.lstrip())]
        return parts

    def _add_space(self) -> None:
        if self.pieces:
            self._add("\n\n")

    def _add_parts(self, mark: str, parts: _Parts) -> None:
        for page, text in parts:
            self._starts.setdefault(page, self._length)
            self._add(mark + text)
            mark = ""

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self._length += len(text)


def _marked(block: PdfBlock) -> tuple[str, Sequence[PdfLine]]:
    """The Markdown mark of a block, and its lines without their own mark."""
    if block.kind == "heading":
        return "#" * block.level + " ", block.lines
    if block.kind == "paragraph":
        return "", block.lines
    first = block.lines[0]
    mark = LIST_MARK.fullmatch(first.words[0].text)
    if mark is None or mark["letter"]:  # Markdown has no such list
        return "- ", block.lines
    shown = mark["number"] or "-"
    return f"{shown} ", (PdfLine(first.page, first.words[1:]), *block.lines[1:])


def _split(parts: _Parts, at: int) -> tuple[_Parts, _Parts]:
    """The parts before and after an offset."""
    above: _Parts = []
    below: _Parts = []
    for page, text in parts:
        here = max(at, 0)
        if start := text[:here].rstrip():
            above.append((page, start))
        if rest := text[here:]:
            below.append((page, rest))
        at -= len(text)
    return above, below
