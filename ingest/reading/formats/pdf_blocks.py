"""Paragraphs, list items and tables of a PDF, over columns and pages; not its footnotes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Literal

from ingest.reading.formats.pdf_columns import Flow
from ingest.reading.formats.pdf_lines import LIST_MARK, PdfLine
from ingest.reading.formats.pdf_tables import Table

_ENDS = re.compile(r"[.:;?!…][”“»\"')\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_STARTS = re.compile(r"[“„«\"'(\[–•]*[^\W_a-zà-öø-ÿα-ωа-я]")  # with a capital or figure
_SURE_BULLETS = "•◦▪▫■□●○‣⁃➢➔→⇒✓✔►▶▸◆◇◊❖❑☐"
_INDENT = 0.8  # of the type size: a line that hangs out less is only set inexactly
_WIDER_GAP = 1.25  # of the usual distance between lines: less is inexact, more parts paragraphs
_USUAL_GAPS = (0.9, 2.2)  # of the type size: closer lines overlap, farther ones are apart
_OTHER_SIZE = 0.05  # of the type size: a smaller difference is rounding, no other type
_FAR = 2.5  # of the usual distance: no paragraph goes on beyond it
_SHORT = 0.25  # of the text's width: a line that leaves as much free ends on purpose
_LONGEST_UNIT = 8  # words; a bracket that is never closed would take the whole line


@dataclass(frozen=True)
class PdfBlock:
    """A paragraph, heading or list item (`lines`), or a table."""

    kind: Literal["paragraph", "item", "table", "heading"]
    lines: tuple[PdfLine, ...] = ()
    table: Table | None = None
    level: int = 0  # of a heading; the depth of an item (from 1)
    room: float = 0  # free space to the right of its last line

    @cached_property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def page(self) -> int:
        return self.table.page if self.table else self.lines[0].page


def body_size(lines: Iterable[PdfLine]) -> float:
    """The type size that most of a document is set in; 0 without lines."""
    lengths: Counter[float] = Counter()
    for line in lines:
        lengths[line.size] += len(line.text)
    return max(lengths, key=lambda size: lengths[size], default=0)


def blocks_of(flows: Iterable[Flow], body: float) -> list[PdfBlock]:
    """The blocks of a document, whose running text has the type size `body`, in reading order;
    paragraphs go on over columns and pages."""
    found: list[PdfBlock] = []
    for flow in flows:
        own = list(_blocks(flow, body))
        if found and own:
            if _goes_on(found[-1], own[0]):
                above = found.pop()
                lines = above.lines + own[0].lines
                own[0] = replace(above, lines=lines, room=own[0].room)
            elif table := _whole_table(found[-1].table, own[0].table):
                own[0] = replace(found.pop(), table=table)
        found.extend(own)
    return found


def _whole_table(above: Table | None, below: Table | None) -> Table | None:
    """Joins a table with its part in the next column or on the next page; a repeated header is
    dropped."""
    if above is None or below is None or len(above.rows[0]) != len(below.rows[0]):
        return None
    first, header = (
        [line.text for cell in table.rows[0] for line in cell] for table in (below, above)
    )
    return replace(above, rows=above.rows + below.rows[first == header :])


def _blocks(flow: Flow, body: float) -> Iterator[PdfBlock]:
    indents: list[float] = []  # of the list items above
    for group in _groups(flow, body):
        if isinstance(group, Table):
            yield PdfBlock("table", table=group)
            continue
        first, room = group[0], flow.right - group[-1].right
        if not _has_mark(first):
            indents = [indent for indent in indents if indent < first.left - first.size]
            yield PdfBlock("paragraph", tuple(group), room=room)
            continue
        while indents and indents[-1] > first.left + first.size / 2:
            indents.pop()
        if not indents or indents[-1] < first.left - first.size / 2:
            indents.append(first.left)
        yield PdfBlock("item", tuple(group), level=len(indents), room=room)


def _groups(flow: Flow, body: float) -> Iterator[list[PdfLine] | Table]:
    """The tables of a flow, and its lines in groups of one paragraph or item."""
    gap = _usual_gap([item for item in flow.content if isinstance(item, PdfLine)], flow.right, body)
    group: list[PdfLine] = []
    for item in flow.content:
        if group and (isinstance(item, Table) or _begins_another(group, item, flow, gap)):
            yield group
            group = []
        if isinstance(item, Table):
            yield item
        else:
            group.append(item)
    if group:
        yield group


def _usual_gap(lines: Sequence[PdfLine], right: float, body: float) -> float:
    """The line spacing within paragraphs, as a multiple of the type size.

    Measured below full lines of running text if there are any: small print is set closer, and a
    short line may end its paragraph.
    """
    low, high = _USUAL_GAPS
    gaps = [((below.base - line.base) / below.size, line, below) for line, below in pairwise(lines)]
    usual = [entry for entry in gaps if low < entry[0] < high]
    running = [e for e in usual if e[1].size == e[2].size and e[2].size >= (1 - _OTHER_SIZE) * body]
    full = [e for e in running if not _has_room(right - e[1].right, e[2])]
    return median([gap for gap, _, _ in full or running or usual] or [1.2])


def _begins_another(group: Sequence[PdfLine], line: PdfLine, flow: Flow, gap: float) -> bool:
    """Whether a line below a group begins another paragraph, item or heading."""
    last = group[-1]
    distance = line.base - last.base
    if distance <= 0.5 * last.size:  # next to it
        return False
    if abs(line.size - last.size) > _OTHER_SIZE * last.size:
        return True
    room = flow.right - last.right
    had_room, ended = _has_room(room, line), _ENDS.search(last.text) is not None
    if _has_mark(line) and (had_room or ended or line.text[0] in _SURE_BULLETS):
        return True
    usual = gap * max(line.size, last.size)
    if not (ended or had_room) and line.text[0].islower() and distance < _FAR * usual:
        return False
    if distance > _WIDER_GAP * usual:
        return True
    is_other_style = (line.bold, line.italic) != (last.bold, last.italic)
    is_short = room > _SHORT * (flow.right - flow.left)
    if had_room and (ended or (_STARTS.match(line.text) and (is_other_style or is_short))):
        return True
    indent = _INDENT * line.size
    if len(group) > 1 or _has_mark(last):
        return line.left < last.text_left - indent and (had_room or len(group) > 1)
    return False


def _has_mark(line: PdfLine) -> bool:
    return len(line.words) > 1 and LIST_MARK.fullmatch(line.words[0].text) is not None


def _has_room(room: float, line: PdfLine) -> bool:
    """Whether the first words of a line would have fitted on the line above: then it was broken
    there on purpose."""
    return _unit(line) - line.left + 0.5 * line.size < room


def _unit(line: PdfLine) -> float:
    """The right edge of the first words that are kept together: "No 525/2013", "(OJ L 335, p. 1)".

    Publishers set them with non-breaking spaces, which the file shows as normal ones.
    """
    words = line.words[:_LONGEST_UNIT]
    for number, (word, following) in enumerate(pairwise(words)):
        opened = sum(w.text.count("(") - w.text.count(")") for w in words[: number + 1])
        if opened <= 0 and not following.text[0].isdigit():
            return word.right
    return words[-1].right


def _goes_on(block: PdfBlock, following: PdfBlock) -> bool:
    """Whether a paragraph or item continues in the next column or on the next page.

    A full last line that ends a sentence is more often in the middle of a paragraph than its end.
    """
    if block.table or following.table or following.kind == "item":
        return False
    last, first = block.lines[-1], following.lines[0]
    if abs(first.size - last.size) > _OTHER_SIZE * last.size:
        return False
    is_full, is_lower = not _has_room(block.room, first), first.text[0].islower()
    if first.bold != last.bold:  # a heading, or changes shown in bold
        return is_full and is_lower and not _ENDS.search(last.text)
    if _ENDS.search(last.text):
        kinds = {block.kind, following.kind}
        return (
            is_full and kinds == {"paragraph"} and min(map(len, (block.lines, following.lines))) > 1
        )
    return is_full or is_lower
