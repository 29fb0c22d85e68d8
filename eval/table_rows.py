"""Rows of the Markdown tables that an answer cites, with the headings of their columns."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.answer import Answer
from core.source import Passage
from eval.answer_lines import plain
from language.words import fold

_CELLS = re.compile(r"(?<!\\)\|")
END = " .;:,"


@dataclass(frozen=True)
class CitedRow:
    """Pairs of heading and cell, folded; a column may have no heading, a cell no text."""

    columns: tuple[tuple[str, str], ...]

    def is_read(self, text: str) -> bool:
        """Whether a folded text is cells of this row in their order, each under its heading."""
        for heading, cell in self.columns:
            read_cell = f"{heading}: {cell}" if heading else cell
            if cell and text.rstrip(END) == read_cell.rstrip(END):
                return True
            if cell and text.startswith(f"{read_cell}; "):
                text = text.removeprefix(f"{read_cell}; ")
        return False

    def is_meant(self, text: str) -> bool:
        """Whether a folded text names two headings as a row does, or the only one."""
        headings = {heading for heading, _ in self.columns if heading}
        named = sum(f"; {heading}: " in f"; {text}" for heading in headings)
        return bool(headings) and named >= min(2, len(headings))


def is_right_row(text: str, rows: Iterable[CitedRow]) -> bool | None:
    """Whether a text is one of these rows as their table has it; None if it is no row of theirs."""
    folded, rows = fold(text), tuple(rows)
    if any(row.is_read(folded) for row in rows):
        return True
    return False if any(row.is_meant(folded) for row in rows) else None


def cited_rows(answer: Answer, numbers: Iterable[int]) -> tuple[CitedRow, ...]:
    """The rows that the citations with these numbers quote."""
    passages, wanted = {passage.id: passage for passage in answer.passages}, frozenset(numbers)
    return tuple(
        row
        for citation in answer.citations
        if citation.number in wanted and citation.passage_id in passages
        for row in rows_within(passages[citation.passage_id], citation.start, citation.end)
    )


def rows_within(passage: Passage, start: int, end: int) -> Iterator[CitedRow]:
    """The rows that a stretch of a passage touches, without headings and what no headings are
    above, in it or in what introduces it."""
    for unit in passage.units:
        if unit.kind == "item" and start < unit.end and unit.start < end:
            headers = [line for line in passage.lead_ins(unit) if line.startswith("|")]
            if headers:
                names = _column_names([_cells(header) for header in headers])
                line = passage.text[passage.text.rfind("\n", 0, unit.start) + 1 : unit.end]
                yield CitedRow(tuple(itertools.zip_longest(names, _cells(line), fillvalue="")))


def _column_names(headers: Sequence[Sequence[str]]) -> list[str]:
    """The names of the columns: those of the last header row, behind the group they are in."""
    *groups, own = headers
    names = list(own)
    for row in reversed(groups):
        over = ""
        for number, name in enumerate(names):
            over = row[number] if number < len(row) and row[number] else over
            names[number] = name if over == name else f"{over} {name}".strip()
    return names


def _cells(line: str) -> list[str]:
    cells = _CELLS.split(line.strip().removeprefix("|").removesuffix("|"))
    return [fold(plain(cell)) for cell in cells]
