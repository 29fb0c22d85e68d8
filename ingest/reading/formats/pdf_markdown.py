"""Markdown of the blocks of a PDF: hyphens joined, notes at their references, tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from babel import Locale

from ingest.reading.formats.markdown import has_header
from ingest.reading.formats.pdf_blocks import Flow, PdfBlock
from ingest.reading.formats.pdf_lines import LIST_MARK, PdfLine, Row
from ingest.reading.formats.pdf_page import Box
from language.official import OFFICIAL
from language.sentences import sentences

# Joins the lines of a paragraph; a hyphen at a line's end stays if it belongs to the word.


_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"(?<![^\W_])([^\W_]+(?:-[^\W_]+)*)[-\xad]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HYPHENATED = 0.02  # share of lines that end in a hyphen: below it these are hyphens of compounds


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
        last, first = _LAST_WORD.search(above), _FIRST_WORD.match(below)
        if last is None:
            return above, f" {below}"
        stem, head = last[1], first[0] if first else ""
        whole = (stem + head).lower()
        if head.lower() in _conjunctions() and whole not in self._words:  # drug- and arms trade
            return above.replace("\xad", "-"), f" {below}"
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
    """The words for "and" and "or" in the languages of the Union."""
    patterns = [Locale.parse(language).list_patterns for language in OFFICIAL]
    return frozenset(
        pattern[kind]["2"].replace("{0}", "").replace("{1}", "").strip()
        for pattern in patterns
        for kind in ("standard", "or")
    )


# Footnotes of a PDF: small type at the foot of a page, or any type below a short rule; their
# raised numbers in the text identify them.


_NORMAL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIZE = 0.93  # of the body's type size: 10 points to 11 (0.91) may be a note, rounding is not
_SMALLER = 0.97  # of the body's type size: 7.5 points to 8, below a rule
_OWN_MARK = re.compile(r"\(?(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?\s*|\(?(?P<plain>\d{1,3})[.)]?\s*(?=\D)")
# A reference in the text; a power is none (10⁶, m²).
_MARK = re.compile(
    r"(?<!\b10)(?<!\b[kcdmµ]m)(?<!\bm)\s?\(?(?P<number>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?"
    r"(?:[,\s](?=[⁰¹²³⁴⁵⁶⁷⁸⁹])|\s(?=[.,;:!?)]))?"
)

# Points, and of the text's width: shorter underlines, longer is a border.
_SHORT_RULE = (30.0, 0.6)
_EDGE = 6.0  # points from where the text begins: farther off it is of a table or drawing
_NEAR = 4.0  # of the type size: how far below it the first note is; what is farther is other text
_UNDER = 0.4  # of the type size: how far below a line its underlining is; a lower rule parts text
_ENDS = re.compile(r"[.!?][”“»\"')\]]*$")


@dataclass(frozen=True)
class Footnote:
    """A footnote; the `text` of its first line begins after the number."""

    page: int
    number: int
    lines: tuple[PdfLine, ...]


def numbers_in(text: str) -> list[int]:
    """The numbers of notes that a line refers to, in order."""
    return [int(match["number"].translate(_NORMAL)) for match in _MARK.finditer(text)]


def without_marks(text: str, numbers: Sequence[int]) -> str:
    """A line without the marks of these notes."""

    def keep(match: re.Match[str]) -> str:
        number = int(match["number"].translate(_NORMAL))
        return "" if number in numbers else match.group()

    return _MARK.sub(keep, text)


def own_number(line: PdfLine) -> int:
    """The number at the beginning of a note's first line; 0 without one."""
    match = _OWN_MARK.match(line.text)
    return int((match["raised"] or match["plain"]).translate(_NORMAL)) if match else 0


def without_own_mark(text: str) -> str:
    """The first line of a note without its number."""
    return _OWN_MARK.sub("", text, count=1)


def take_notes(
    flows: Sequence[Flow], rules: Sequence[Box], body: float, before: Sequence[Footnote]
) -> tuple[list[Flow], list[Footnote], list[PdfLine]]:
    """Separates the footnotes of a page from its text.

    Args:
        flows: of one page.
        rules: the lines that are drawn on it.
        body: the type size of the running text.
        before: the notes of the page before; the last may go on here.

    Returns:
        The flows without notes, the notes, and the lines that belong to the last note of the page
        before.
    """
    known = before[-1].number if before else 0
    referred = {
        number
        for flow in flows
        for item in flow.content
        if isinstance(item, PdfLine)
        for number in numbers_in(item.text)
    }
    kept: list[Flow] = []
    notes: list[Footnote] = []
    carried: list[PdfLine] = []
    for flow in flows:
        foot = _foot(flow, rules, body)
        taken = 0
        for line in foot:
            number, is_raised = own_number(line), line.text.lstrip("(")[:1] in "⁰¹²³⁴⁵⁶⁷⁸⁹"
            expected = number == known + 1 or (not notes and number in referred)
            if number and (is_raised or expected):
                notes.append(Footnote(line.page, number, (line,)))
                known = number
            elif notes:
                notes[-1] = replace(notes[-1], lines=(*notes[-1].lines, line))
            elif before:
                carried.append(line)
            else:
                continue
            taken += 1
        if not notes and not (before and not _ENDS.search(before[-1].lines[-1].text)):
            carried, taken = [], 0  # small type, but no notes
        kept.append(replace(flow, content=flow.content[: len(flow.content) - taken]))
    return [flow for flow in kept if flow.content], notes, carried


def _foot(flow: Flow, rules: Sequence[Box], body: float) -> list[PdfLine]:
    """The lines at the end of a column in small type, or below the rule above the notes."""
    content = flow.content
    lines = [item for item in content if isinstance(item, PdfLine)]
    separators = [rule.top for rule in rules if _parts_notes(rule, flow, lines, body)]
    below = max(separators, default=float("inf"))
    foot: list[PdfLine] = []
    for item in reversed(content):
        if not isinstance(item, PdfLine) or (item.size > _SIZE * body and item.base < below):
            break
        foot.insert(0, item)
    return foot


def _parts_notes(rule: Box, flow: Flow, lines: Sequence[PdfLine], body: float) -> bool:
    """Whether a rule is the short one that word processors draw above footnotes: the text below it
    begins with a number, or is all in smaller type, and it underlines nothing."""
    width, height = rule.size
    if height > width or abs(rule.left - flow.left) > _EDGE or not _is_short(width, flow):
        return False
    below = [line for line in lines if line.base > rule.top]
    return (
        bool(below)
        and (own_number(below[0]) > 0 or all(line.size < _SMALLER * body for line in below))
        and below[0].base - rule.top < _NEAR * below[0].size
        and not any(0 <= rule.top - line.base < _UNDER * line.size for line in lines)
    )


def _is_short(width: float, flow: Flow) -> bool:
    shortest, longest = _SHORT_RULE
    return shortest <= width <= longest * (flow.right - flow.left)


# Writes the blocks of a PDF as Markdown, with the offsets at which its pages begin.


_Parts = list[tuple[int, str]]  # parts of a text, each with its page


def to_markdown(
    blocks: Sequence[PdfBlock], notes: Mapping[int, Sequence[Footnote]], joiner: Joiner, pages: int
) -> tuple[str, tuple[int, ...]]:
    """The text of a document and where its pages begin.

    A footnote stands below its reference, but never after text of a later page. So if a page has
    footnotes, a paragraph that continues on the next page is cut before the sentence that does.

    Args:
        blocks: in reading order.
        notes: page -> its footnotes.
        joiner: of the document's lines.
        pages: the number of pages.
    """
    writer = _Writer(notes, joiner)
    for number, block in enumerate(blocks):
        writer.block(block)
        is_in_list = block.kind == "item" and [b.kind for b in blocks[number + 1 :][:1]] == ["item"]
        if block.kind != "heading" and not is_in_list:
            writer.notes_referred_to()
    writer.notes_before(pages + 1)
    return writer.text(), writer.page_starts(pages)


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
        self._referred: list[Footnote] = []
        self._pieces: list[str] = []
        self._length = 0
        self._starts: dict[int, int] = {}  # page -> where its first text is
        self._items: list[_Item] = []  # open items at the end of the text, outermost first

    def text(self) -> str:
        return "".join(self._pieces)

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
            if not any(note.page <= page for note in self._left):
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
        texts = [["".join(text for _, text in self._joined(cell)) for cell in row] for row in rows]
        names_columns = has_header(texts)
        if not names_columns:
            self._add("|" + "  |" * len(rows[0]) + "\n|" + " --- |" * len(rows[0]))
        for number, (row, cells) in enumerate(zip(rows, texts, strict=True)):
            page = next(line.page for cell in row for line in cell)
            shown = " | ".join(cell.replace("|", "\\|") for cell in cells)
            self._add("\n" if number or not names_columns else "")
            self._add_parts("", [(page, f"| {shown} |")])
            if names_columns and number == 0:
                self._add("\n|" + " --- |" * len(row))

    def _joined(self, lines: Sequence[PdfLine]) -> _Parts:
        """The text of lines by page, without the marks of footnotes."""
        parts: _Parts = []
        for line in lines:
            notes = {note.number: note for note in reversed(self._notes.get(line.page, ()))}
            self._referred += [notes[n] for n in numbers_in(line.text) if n in notes]
            text = without_marks(line.text, list(notes))
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
        if self._pieces:
            self._add("\n\n")

    def _add_parts(self, mark: str, parts: _Parts) -> None:
        for page, text in parts:
            self._starts.setdefault(page, self._length)
            self._add(mark + text)
            mark = ""

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def _marked(block: PdfBlock) -> tuple[str, Sequence[PdfLine]]:
    """The Markdown mark of a block, and its lines without their own mark."""
    if block.kind == "heading":
        return "#" * block.level + " ", _without_bullet(block.lines)
    if block.kind == "paragraph":
        return "", block.lines
    first = block.lines[0]
    mark = LIST_MARK.fullmatch(first.words[0].text)
    if mark is None or mark["letter"]:  # Markdown has no such list
        return "- ", block.lines
    shown = mark["number"] or "-"
    return f"{shown} ", (PdfLine(first.page, first.words[1:]), *block.lines[1:])


def _without_bullet(lines: Sequence[PdfLine]) -> Sequence[PdfLine]:
    first = lines[0]
    mark = LIST_MARK.fullmatch(first.words[0].text)
    if mark is None or mark["bullet"] is None or len(first.words) == 1:
        return lines
    return (PdfLine(first.page, first.words[1:]), *lines[1:])


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
