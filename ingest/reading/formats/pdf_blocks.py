"""Paragraphs, list items and tables of a PDF, over columns and pages, and the footnotes below."""

import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise
from statistics import median
from typing import Literal

from ingest.reading.formats.pdf_columns import Flow
from ingest.reading.formats.pdf_lines import LIST_MARK, PdfLine
from ingest.reading.formats.pdf_page import Box
from ingest.reading.formats.pdf_tables import Table

_ENDS = re.compile(r"[.:;?!…][”“»\"')\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_STARTS = re.compile(r"[“„«\"'(\[–•]*[^\W_a-zà-öø-ÿα-ωа-я]")  # with a capital or figure
_BROKEN = re.compile(r"[^\W\d_][-\xad‐]$")
_CAPTION = re.compile(r"[^\W\d_]{3,12}\.? \d{1,3}(?:\.\d{1,3})? ?[.:–—-]")
_BETWEEN = 30  # blocks between the parts of a broken word: a figure with its labels, no more
_SURE_BULLETS = "•◦▪▫■□●○‣⁃➢➔→⇒✓✔►▶▸◆◇◊❖❑☐"
_INDENT = 0.8  # of the type size: a line that hangs out less is only set inexactly
_WIDER_GAP = 1.25  # of the usual distance between lines: less is inexact, more parts paragraphs
_USUAL_GAPS = (0.9, 2.2)  # of the type size: closer lines overlap, farther ones are apart
_OTHER_SIZE = 0.05  # of the type size: a smaller difference is rounding, no other type
_FAR = 2.5  # of the usual distance: no paragraph goes on beyond it
_SHORT = 0.25  # of the text's width: a line that leaves as much free ends on purpose
_LONGEST_UNIT = 8  # words; a bracket that is never closed would take the whole line

_NORMAL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIZE = 0.93  # of the body's type size: 10 points to 11 (0.91) may be a note, rounding is not
_SMALLER = 0.97  # of the body's type size: 7.5 points to 8, below a rule
_OWN_MARK = re.compile(r"\(?(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?\s*|\(?(?P<plain>\d{1,3})[.)]?\s*(?=\D)")
# A reference in the text; a power is none (10⁶, m²).
_REFERENCE = re.compile(
    r"(?<!\b10)(?<!\b[kcdmµ]m)(?<!\bm)\s?\(?(?P<number>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?"
    r"(?:[,\s](?=[⁰¹²³⁴⁵⁶⁷⁸⁹])|\s(?=[.,;:!?)]))?"
)
# A mark of a note of an earlier page: after a word, where a power (x², 02⁴, cm²) does not stand.
_REPEATED = re.compile(r"(?<=[^\W\d_]{3}) ?(?P<number>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)(?![\w⁰¹²³⁴⁵⁶⁷⁸⁹])")

# Points, and of the text's width: shorter underlines, longer is a border.
_SHORT_RULE = (30.0, 0.6)
_EDGE = 6.0  # points from where the text begins: farther off it is of a table or drawing
_NEAR = 4.0  # of the type size: how far below it the first note is; what is farther is other text
_UNDER = 0.4  # of the type size: how far below a line its underlining is; a lower rule parts text
_SENTENCE_END = re.compile(r"[.!?][”“»\"')\]]*$")


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

    @property
    def last_page(self) -> int:
        rows = self.table.rows if self.table else ()
        cells = [line for row in rows for cell in row for line in cell]
        return max((line.page for line in (*self.lines, *cells)), default=self.page)


def body_size(lines: Iterable[PdfLine]) -> float:
    """The type size that most of a document is set in; 0 without lines."""
    lengths: Counter[float] = Counter()
    for line in lines:
        lengths[line.size] += len(line.text)
    return max(lengths, key=lengths.__getitem__, default=0)


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
    return _with_whole_words(found, body)


def _with_whole_words(blocks: Sequence[PdfBlock], body: float) -> list[PdfBlock]:
    """The blocks, with those joined between which a word is broken, also around the caption of a
    figure or a table; what was between stands before or after them, as its page asks."""
    whole: list[PdfBlock] = []
    left = deque(blocks)
    while left:
        block = left.popleft()
        ahead = list(islice(left, _BETWEEN + 1)) if _is_broken(block) else []
        place = next((n for n, other in enumerate(ahead) if not _is_aside(other, body)), len(ahead))
        if place == len(ahead) or not _has_rest(block, ahead[place]):
            whole.append(block)
            continue
        rest, between = ahead[place], ahead[:place]
        above = [other for other in between if other.last_page <= block.page]
        below = [other for other in between if other.last_page > block.page]
        if any(other.page < rest.last_page for other in below):  # no text stands after a later page
            whole.append(block)
            continue
        for _ in range(place + 1):
            left.popleft()
        joined = replace(block, lines=block.lines + rest.lines, room=rest.room)
        left.extendleft(reversed([joined, *below]))  # it may be broken again
        whole += above
    return whole


def _is_broken(block: PdfBlock) -> bool:
    return not block.table and _BROKEN.search(block.lines[-1].text) is not None


def _is_aside(block: PdfBlock, body: float) -> bool:
    """Whether a block is a table or a caption ("Figure 1: ..."), or in the small type of labels."""
    return (
        block.table is not None
        or _CAPTION.match(block.text) is not None
        or all(line.size < _SMALLER * body for line in block.lines)
    )


def _has_rest(block: PdfBlock, following: PdfBlock) -> bool:
    """Whether a block may begin with the rest of the word at another's end."""
    last, first = block.lines[-1], following.lines[0]
    is_same_type = abs(first.size - last.size) <= _OTHER_SIZE * last.size
    return following.kind == "paragraph" and first.text[0].islower() and is_same_type


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
    if _is_broken(block) and _CAPTION.match(following.text):
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


@dataclass(frozen=True)
class Footnote:
    """A footnote; its first line begins with the number."""

    page: int
    number: int
    lines: tuple[PdfLine, ...]


def numbers_in(text: str) -> list[int]:
    """The numbers of notes that a line refers to, in order."""
    return [int(match["number"].translate(_NORMAL)) for match in _REFERENCE.finditer(text)]


def without_marks(text: str, numbers: Sequence[int]) -> str:
    """A line without the marks of these notes."""

    def keep(match: re.Match[str]) -> str:
        number = int(match["number"].translate(_NORMAL))
        return "" if number in numbers else match.group()

    return _REFERENCE.sub(keep, text)


def without_repeated_marks(text: str, numbers: Collection[int]) -> str:
    """A line without the marks behind words that refer to these notes of earlier pages."""

    def keep(match: re.Match[str]) -> str:
        return "" if int(match["number"].translate(_NORMAL)) in numbers else match.group()

    return _REPEATED.sub(keep, text)


def _own_number(line: PdfLine) -> int:
    """The number at the beginning of a note's first line; 0 without one."""
    match = _OWN_MARK.match(line.text)
    return int((match["raised"] or match["plain"]).translate(_NORMAL)) if match else 0


def without_own_mark(text: str) -> str:
    """The first line of a note without its number."""
    return _OWN_MARK.sub("", text, count=1)


def take_notes(
    flows: Sequence[Flow], rules: Sequence[Box], body: float, before: Sequence[Footnote]
) -> tuple[list[Flow], list[Footnote], list[PdfLine]]:
    """Separates the footnotes of a page from its text, which has the type size `body`.

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
            number, is_raised = _own_number(line), line.text.lstrip("(")[:1] in "⁰¹²³⁴⁵⁶⁷⁸⁹"
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
        if not notes and not (before and not _SENTENCE_END.search(before[-1].lines[-1].text)):
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
    (width, height), (shortest, longest) = rule.size, _SHORT_RULE
    is_short = shortest <= width <= longest * (flow.right - flow.left)
    if height > width or abs(rule.left - flow.left) > _EDGE or not is_short:
        return False
    below = [line for line in lines if line.base > rule.top]
    return (
        bool(below)
        and (_own_number(below[0]) > 0 or all(line.size < _SMALLER * body for line in below))
        and below[0].base - rule.top < _NEAR * below[0].size
        and not any(0 <= rule.top - line.base < _UNDER * line.size for line in lines)
    )
