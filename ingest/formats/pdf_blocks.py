"""The lines of a PDF into paragraphs, list items and tables; footnotes apart."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Literal

from ingest.formats.pdf_columns import Flow
from ingest.formats.pdf_lines import LIST_MARK, Line
from ingest.formats.pdf_tables import Table

_ENDS = re.compile(r"[.:;?!…][”“»\"')\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_STARTS = re.compile(r"[“„«\"'(\[–•]*[^\W_a-zà-öø-ÿα-ωа-я]")  # with a capital or figure
_SURE_BULLETS = "•◦▪▫■□●○‣⁃➢➔→✓"
_INDENT = 0.8  # of the type size
_WIDER_GAP = 1.25  # of the usual distance between lines
_USUAL_GAPS = (0.9, 2.2)  # of the type size
_OTHER_SIZE = 0.05


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or list item (`lines`), or a table.

    `level` is that of a heading or the depth of an item (from 1), `room` what its last line leaves
    free on the right.
    """

    kind: Literal["paragraph", "item", "table", "heading"]
    lines: tuple[Line, ...] = ()
    table: Table | None = None
    level: int = 0
    room: float = 0

    @property
    def page(self) -> int:
        return self.table.page if self.table else self.lines[0].page


def body_size(lines: Iterable[Line]) -> float:
    """The type size that most of a document is set in; 0 without lines."""
    lengths: Counter[float] = Counter()
    for line in lines:
        lengths[line.size] += len(line.text)
    return max(lengths, key=lambda size: lengths[size], default=0)


def blocks_of(flows: Iterable[Flow]) -> list[Block]:
    """The blocks of a document in reading order; paragraphs go on over columns and pages."""
    found: list[Block] = []
    for flow in flows:
        own = list(_blocks(flow))
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
    """A table that goes on in the next column or on the next page; a repeated header comes once."""
    if above is None or below is None or len(above.rows[0]) != len(below.rows[0]):
        return None
    first, header = (
        [line.text for cell in table.rows[0] for line in cell] for table in (below, above)
    )
    return replace(above, rows=above.rows + below.rows[first == header :])


def _blocks(flow: Flow) -> Iterator[Block]:
    indents: list[float] = []  # of the list items above
    for group in _groups(flow):
        if isinstance(group, Table):
            yield Block("table", table=group)
            continue
        first, room = group[0], flow.right - group[-1].right
        if not _has_mark(first):
            indents = [indent for indent in indents if indent < first.left - first.size]
            yield Block("paragraph", tuple(group), room=room)
            continue
        while indents and indents[-1] > first.left + first.size / 2:
            indents.pop()
        if not indents or indents[-1] < first.left - first.size / 2:
            indents.append(first.left)
        yield Block("item", tuple(group), level=len(indents), room=room)


def _groups(flow: Flow) -> Iterator[list[Line] | Table]:
    """The tables of a flow, and its lines, those of one paragraph or item together."""
    gap = _usual_gap([item for item in flow.content if isinstance(item, Line)])
    group: list[Line] = []
    for item in flow.content:
        if group and (isinstance(item, Table) or _begins_another(group, item, flow.right, gap)):
            yield group
            group = []
        if isinstance(item, Table):
            yield item
        else:
            group.append(item)
    if group:
        yield group


def _usual_gap(lines: Sequence[Line]) -> float:
    """The distance between the lines of a paragraph, as a multiple of the type size."""
    low, high = _USUAL_GAPS
    gaps = [(below.base - line.base) / below.size for line, below in pairwise(lines)]
    return median([gap for gap in gaps if low < gap < high] or [1.2])


def _begins_another(group: Sequence[Line], line: Line, right: float, gap: float) -> bool:
    """Whether a line below those of a group begins another paragraph, item or heading."""
    last = group[-1]
    if line.base - last.base <= 0.5 * last.size:  # next to it
        return False
    is_other_style = abs(line.size - last.size) > _OTHER_SIZE * last.size or (
        (line.bold, line.italic) != (last.bold, last.italic)
    )
    had_room = _has_room(right - last.right, line)
    ended = _ENDS.search(last.text) is not None
    if line.base - last.base > _WIDER_GAP * gap * max(line.size, last.size):
        return True
    if abs(line.size - last.size) > _OTHER_SIZE * last.size:
        return True
    if _has_mark(line) and (had_room or ended or line.text[0] in _SURE_BULLETS):
        return True
    if had_room and (ended or is_other_style or _STARTS.match(line.text)):
        return True
    indent = _INDENT * line.size
    if len(group) > 1 or _has_mark(last):
        return line.left < last.text_left - indent and (had_room or len(group) > 1)
    return False


def _has_mark(line: Line) -> bool:
    return len(line.words) > 1 and LIST_MARK.fullmatch(line.words[0].text) is not None


def _has_room(room: float, line: Line) -> bool:
    """Whether the first word of a line would have fitted on the line above: it was broken there on
    purpose."""
    word = line.words[0]
    return word.right - word.left + 0.5 * line.size < room


def _goes_on(block: Block, following: Block) -> bool:
    """Whether a paragraph or item goes on in the next column or on the next page.

    A full last line that ends a sentence is more often in the middle of a paragraph than its end.
    """
    if block.table or following.table or following.kind == "item":
        return False
    last, first = block.lines[-1], following.lines[0]
    if abs(first.size - last.size) > _OTHER_SIZE * last.size or first.bold != last.bold:
        return False
    is_full = not _has_room(block.room, first)
    if _ENDS.search(last.text):
        kinds = {block.kind, following.kind}
        return (
            is_full and kinds == {"paragraph"} and min(map(len, (block.lines, following.lines))) > 1
        )
    return is_full or first.text[0].islower()
