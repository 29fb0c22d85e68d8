"""Rows of the tables in a model's text, as items."""

import re
from collections.abc import Iterator, Sequence

from chain.answerer import Draft
from chain.writing.markers import plain
from chain.writing.sentence_drafts import drafts_of

_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:-]+")  # below the header of a table


class TableRows:
    """Parses one table after another, row by row."""

    def __init__(self) -> None:
        self._head: Sequence[str] = ()  # header of the current table
        self._first = ""  # row of a table, until the second shows whether it is the header

    def row(self, text: str) -> Iterator[Draft]:
        """Yields the draft of a row, and of the first if this one shows that it is no header."""
        if not self._head and not self._first:
            self._first = text
        elif self._first and _RULE.fullmatch(text):
            self._head, self._first = [cell for cell, _ in _cells(self._first)], ""
        else:
            yield from self.first_row()
            yield from _row_draft(self._head, text)

    def first_row(self) -> Iterator[Draft]:
        """Yields the first row of a table that turns out to have no header."""
        if self._first:
            row, self._first = self._first, ""
            self._head = [""] * len(_cells(row))
            yield from _row_draft(self._head, row)

    def end(self) -> Iterator[Draft]:
        """Yields what the end of the table completes."""
        yield from self.first_row()
        self._head = ()


def _cells(row: str) -> list[tuple[str, list[int]]]:
    """Text and cited passage numbers of each cell of a row."""
    cells = _CELLS.split(row.strip().removeprefix("|").removesuffix("|"))
    return [
        (said, [one for _, numbers in cited for one in numbers])
        for said, cited in map(plain, cells)
    ]


def _row_draft(head: Sequence[str], row: str) -> Iterator[Draft]:
    """A table row in the form of the sources' rows: "weapon: revolver; number: 102"."""
    cells = _cells(row)
    names = [*head, *[""] * len(cells)]
    told = [
        f"{name}: {said}" if name else said
        for name, (said, _) in zip(names, cells, strict=False)
        if said
    ]
    yield from drafts_of("; ".join(told), [one for _, cites in cells for one in cites], "item")
