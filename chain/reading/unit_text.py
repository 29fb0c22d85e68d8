"""Reads units of a passage as they are shown; a table row with its headings."""

import re

from core.passage import Passage, Unit

_FOOTNOTE = re.compile(r"^[⁰¹²³⁴-⁹]+\s*")  # the number of the footnote before
_CELLS = re.compile(r"(?<!\\)\|")


def reading(passage: Passage, unit: Unit) -> str:
    """Text of a unit as shown: in one line, without a footnote's number before it; a table row with
    its headings.

    | weapon | number |    | revolver | 102 |    ->    weapon: revolver; number: 102
    """
    if is_row(passage, unit) and unit.lead_in is not None:
        pairs = zip(
            _cells(passage, *unit.lead_in), _cells(passage, unit.start, unit.end), strict=False
        )
        return "; ".join(f"{head}: {cell}" if head else cell for head, cell in pairs if cell)
    text = " ".join(passage.text[unit.start : unit.end].split()).lstrip("#- ")
    return _FOOTNOTE.sub("", text)


def is_row(passage: Passage, unit: Unit) -> bool:
    """Whether a unit is a row of a table, header rows included."""
    return passage.text[_line_start(passage, unit.start) : unit.start].rstrip(" \t").endswith("|")


def _line_start(passage: Passage, offset: int) -> int:
    return passage.text.rfind("\n", 0, offset) + 1


def _cells(passage: Passage, start: int, end: int) -> list[str]:
    """Cells of the table row at these offsets, with an empty first cell, which precedes `start`."""
    line = passage.text[_line_start(passage, start) : end]
    return [" ".join(cell.split()).replace("\\|", "|") for cell in _CELLS.split(line)[1:]]
