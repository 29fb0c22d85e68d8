"""Footnotes of a PDF: small type at the foot of a page, found again by their raised numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.formats.pdf_columns import Flow
from ingest.formats.pdf_lines import Line

_NORMAL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIZE = 0.93  # of the body's type size: notes are smaller
_OWN_MARK = re.compile(r"\(?(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?\s*|\(?(?P<plain>\d{1,3})[.)]?\s*(?=\D)")
# In the text; a power is none (10⁶, m²).
_MARK = re.compile(
    r"(?<!\b10)(?<!\b[kcdmµ]m)(?<!\bm)\s?\(?(?P<number>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?"
    r"(?:[,\s](?=[⁰¹²³⁴⁵⁶⁷⁸⁹])|\s(?=[.,;:!?)]))?"
)

_ENDS = re.compile(r"[.!?][”“»\"')\]]*$")


@dataclass(frozen=True)
class Note:
    """A footnote; `text` of its first line begins after the number."""

    page: int
    number: int
    lines: tuple[Line, ...]


def numbers_in(text: str) -> list[int]:
    """The numbers of notes that a line refers to, in order."""
    return [int(match["number"].translate(_NORMAL)) for match in _MARK.finditer(text)]


def without_marks(text: str, numbers: Sequence[int]) -> str:
    """A line without the marks of these notes."""

    def keep(match: re.Match[str]) -> str:
        number = int(match["number"].translate(_NORMAL))
        return "" if number in numbers else match.group()

    return _MARK.sub(keep, text)


def own_number(line: Line) -> int:
    """The number that a note's first line begins with; 0 where it has none."""
    match = _OWN_MARK.match(line.text)
    return int((match["raised"] or match["plain"]).translate(_NORMAL)) if match else 0


def without_own_mark(text: str) -> str:
    """The first line of a note without its number."""
    return _OWN_MARK.sub("", text, count=1)


def take_notes(
    flows: Sequence[Flow], body: float, before: Sequence[Note]
) -> tuple[list[Flow], list[Note], list[Line]]:
    """Parts the footnotes of a page from its text.

    Args:
        flows: of one page.
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
        if isinstance(item, Line)
        for number in numbers_in(item.text)
    }
    kept: list[Flow] = []
    notes: list[Note] = []
    carried: list[Line] = []
    for flow in flows:
        foot = _foot(flow, body)
        taken = 0
        for line in foot:
            number, is_raised = own_number(line), line.text.lstrip("(")[:1] in "⁰¹²³⁴⁵⁶⁷⁸⁹"
            expected = number == known + 1 or (not notes and number in referred)
            if number and (is_raised or expected):
                notes.append(Note(line.page, number, (line,)))
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


def _foot(flow: Flow, body: float) -> list[Line]:
    """The lines in small type at the end of a column."""
    foot: list[Line] = []
    for item in reversed(flow.content):
        if not isinstance(item, Line) or item.size > _SIZE * body:
            break
        foot.insert(0, item)
    return foot
