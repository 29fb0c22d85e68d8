"""Rows of the Markdown tables that an answer cites, with the headings of their columns.

    | weapon   | number |
    | -------- | ------ |
    | revolver | 102    |    ->    "weapon: revolver; number: 102"

This module shares no code with what writes answers, so that it notices errors there.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.answer import Answer
from eval.answer_lines import plain
from language.matching import fold

_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")  # below the headings
_END = " .;:,"


@dataclass(frozen=True)
class CitedRow:
    """Pairs of heading and cell, folded; a column may have no heading, a cell no text."""

    columns: tuple[tuple[str, str], ...]

    def is_read(self, said: str) -> bool:
        """Whether a folded text is cells of this row in their order, each under its heading."""
        for heading, cell in self.columns:
            told = f"{heading}: {cell}" if heading else cell
            if cell and said.rstrip(_END) == told.rstrip(_END):
                return True
            if cell and said.startswith(f"{told}; "):
                said = said.removeprefix(f"{told}; ")
        return False

    def is_meant(self, said: str) -> bool:
        """Whether a folded text names two headings as a row does, or the only one."""
        headings = {heading for heading, _ in self.columns if heading}
        named = sum(f"; {heading}: " in f"; {said}" for heading in headings)
        return bool(headings) and named >= min(2, len(headings))


def is_right_row(text: str, rows: Iterable[CitedRow]) -> bool | None:
    """Whether a text is one of these rows as their table has it; None if it is no row of theirs."""
    said, rows = fold(text), tuple(rows)
    if any(row.is_read(said) for row in rows):
        return True
    return False if any(row.is_meant(said) for row in rows) else None


def cited_rows(answer: Answer, numbers: Iterable[int]) -> tuple[CitedRow, ...]:
    """The rows that the citations with these numbers quote."""
    texts, wanted = {one.id: one.text for one in answer.passages}, frozenset(numbers)
    return tuple(
        row
        for one in answer.citations
        if one.number in wanted
        for row in rows_within(texts.get(one.passage_id, ""), one.start, one.end)
    )


def rows_within(text: str, start: int, end: int) -> Iterator[CitedRow]:
    """The rows that a stretch of a text touches, without headings and what no headings are above.

    Args:
        text: Markdown.
        start, end: offsets in it, end exclusive.
    """
    offset, above = 0, ""
    headings: list[str] | None = None
    for line in text.splitlines(keepends=True):
        said = line.strip()
        if _RULE.fullmatch(said):
            headings = _cells(above)
        elif not said.startswith("|"):
            headings = None
        elif headings is not None and start < offset + len(line) and offset < end:
            yield CitedRow(tuple(itertools.zip_longest(headings, _cells(said), fillvalue="")))
        offset, above = offset + len(line), said


def _cells(line: str) -> list[str]:
    cells = _CELLS.split(line.removeprefix("|").removesuffix("|"))
    return [fold(plain(cell)) for cell in cells]
