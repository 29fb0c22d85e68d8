"""Tables: spans of cells, tables that are lists or layout, and tables in Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from lxml import etree

from ingest.reading.formats import limits

Element: TypeAlias = etree._Element

_MARK = re.compile(
    r"\(?(?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})[.)]|(?:\d{1,3}\.){2,5}", re.IGNORECASE
)
_NUMBER = re.compile(r"\d{1,3}[.)]")
_BULLET = re.compile(r"[-–—•·▪◦*o\uf000-\uf0ff]")  # the last from Word's Symbol font
_FIGURES = re.compile("[0-9]{1,9}")  # not "²" or "③"; Markdown takes as many
_LARGEST_SPAN = 100  # HTML allows 1,000 columns and 65,534 rows, and each is written out


def cells_of(table: Element) -> list[list[Element]]:
    """The cells of each row, without those of nested tables."""
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    return [row.xpath("./td | ./th") for row in rows]


def list_items(cells: Iterable[Sequence[Element]]) -> list[tuple[str, Element]]:
    """The items of a table that is a list, as in legal texts: "(a)" beside its text.

    Returns:
        Mark and text of each row; nothing when the table is no list.
    """
    items = []
    for row in cells:
        filled = [cell for cell in row if content(cell)]
        mark = content(filled[0]) if filled else ""
        if len(filled) != 2 or not (_MARK.fullmatch(mark) or _BULLET.fullmatch(mark)):
            return []
        items.append((mark, filled[1]))
    return items


def markdown_mark(mark: str) -> tuple[str, str]:
    """The Markdown mark of a list item, and the part of its own mark that becomes text.

    >>> markdown_mark("3."), markdown_mark("(a)"), markdown_mark("•")
    (('3. ', ''), ('- ', '(a) '), ('- ', ''))
    """
    if _NUMBER.fullmatch(mark):
        return f"{mark} ", ""
    return "- ", "" if _BULLET.fullmatch(mark) or not mark else f"{mark} "


def is_layout(table: Element, cells: Iterable[Sequence[Element]]) -> bool:
    """Whether a table is only layout."""
    within = table.iterdescendants("table", "h1", "h2", "h3", "h4", "h5", "h6")
    return (
        table.get("role") in ("presentation", "none")
        or next(within, None) is not None
        or all(len(row) <= 1 for row in cells)
    )


def grid(cells: Sequence[Sequence[tuple[Element, str]]]) -> list[list[str]]:
    """The texts of cells in rows of equal length; a cell that spans rows is repeated in each."""
    places: dict[tuple[int, int], str] = {}
    for top, row in enumerate(cells):
        left = 0
        for cell, text in row:
            while (top, left) in places:
                left += 1
            width = _span(cell, "colspan")
            for down in range(min(_span(cell, "rowspan"), len(cells) - top)):
                places |= {(top + down, left + right): "" for right in range(1, width)}
                places[top + down, left] = text
            left += width
    columns = range(max((left + 1 for _, left in places), default=0))
    return [[places.get((top, left), "") for left in columns] for top in range(len(cells))]


def to_markdown(rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, without empty rows and columns; "" for a table without text.

    The first row is the header.

    Raises:
        LimitError: it has too many columns.
    """
    filled = [row for row in rows if any(row)]
    used = [number for number, column in enumerate(zip(*filled, strict=True)) if any(column)]
    limits.refuse_above(limits.MOST_COLUMNS, len(used), "columns")
    lines = [
        f"| {' | '.join(row[number].replace('|', chr(92) + '|') for number in used)} |"
        for row in filled
    ]
    return "\n".join((lines[0], "|" + " --- |" * len(used), *lines[1:])) if lines else ""


def content(element: Element) -> str:
    """The text of an element, in one line."""
    return " ".join("".join(element.itertext()).split())


def _span(cell: Element, name: str) -> int:
    return min(max(number(cell.get(name), 1), 1), _LARGEST_SPAN)


def number(written: str | None, otherwise: int) -> int:
    """The value of an attribute such as "12"; `otherwise` if it is no such number."""
    return int(written) if written and _FIGURES.fullmatch(written) else otherwise
