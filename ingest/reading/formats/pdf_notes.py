"""Footnotes of PDF pages: small type at the foot, or any type below a short rule."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.reading.formats.pdf_columns import Flow
from ingest.reading.formats.pdf_lines import PdfLine
from ingest.reading.formats.pdf_page import Box

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
    """A footnote; its first line begins with the number."""

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
        and (_own_number(below[0]) > 0 or all(line.size < _SMALLER * body for line in below))
        and below[0].base - rule.top < _NEAR * below[0].size
        and not any(0 <= rule.top - line.base < _UNDER * line.size for line in lines)
    )


def _is_short(width: float, flow: Flow) -> bool:
    shortest, longest = _SHORT_RULE
    return shortest <= width <= longest * (flow.right - flow.left)
