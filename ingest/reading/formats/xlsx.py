"""Workbooks (.xlsx): each sheet becomes a section with its rows as a table; formulas show
results."""

import datetime
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.utils.exceptions import InvalidFileException

from ingest.reading.blocks import MOST_COLUMNS, Parsed, refuse_above
from ingest.reading.formats import hypertext, markdown, zip_parts
from ingest.reading.formats.encoding import without_control

_LONGEST_TITLE = 150  # characters of a line above a table; longer is a note, which is text


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a workbook.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
    """
    with zip_parts.open_checked(path, data, "xl/workbook.xml") as parts:
        about = zip_parts.of_office(path, parts)
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sections = []
        for sheet in workbook.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # the size that a file states may be wrong
                sections.append((sheet.title, "\n\n".join(_blocks(_rows(sheet.iter_rows())))))
    except (InvalidFileException, *zip_parts.MALFORMED) as error:
        raise zip_parts.damaged(path) from error
    text = "\n\n".join(f"## {name}\n\n{rows}" for name, rows in sections if rows)
    return about.added_to(replace(markdown.read(text + "\n"), title=""))


def _blocks(rows: list[list[str]]) -> Iterator[str]:
    """The titles of a sheet as one heading, and long texts among them; then its table."""
    header = _header(rows)
    above = [" ".join(filter(None, row)) for row in rows[:header]]
    if titles := [line for line in above if len(line) <= _LONGEST_TITLE]:
        yield f"### {' – '.join(titles)}"
    yield from (markdown.paragraph(line) for line in above if len(line) > _LONGEST_TITLE)
    if rows:
        yield hypertext.table_to_markdown(rows[header:])


def _header(rows: list[list[str]]) -> int:
    """The index of the header row: the first row that fills the columns of the table.

    These are the columns that most rows fill; the column of the rows' names may have no name
    itself. Without such a row it is the first.
    """
    wide = [row for row in rows if sum(map(bool, row)) > 1]
    filled = [sum(map(bool, column)) for column in zip(*wide, strict=True)]
    columns = [number for number, count in enumerate(filled) if 2 * count >= len(wide)]
    full = (n for n, row in enumerate(rows) if columns[1:] and all(row[c] for c in columns[1:]))
    return next(full, 0)


def _rows(sheet: Iterable[Iterable[Cell]]) -> list[list[str]]:
    """The rows with text, of equal length, without columns that are empty in all of them."""
    rows: list[dict[int, str]] = []
    used: set[int] = set()
    for row in sheet:
        if cells := {column: text for column, cell in enumerate(row) if (text := _text(cell))}:
            rows.append(cells)
            used |= cells.keys()
            refuse_above(MOST_COLUMNS, len(used), "columns")
    columns = sorted(used)
    return [[row.get(column, "") for column in columns] for row in rows]


def _text(cell: Cell) -> str:
    """A cell as a reader sees it: a date without midnight, a share as a percentage."""
    value = cell.value
    match value:
        case None:
            return ""
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case float() | int() if not isinstance(value, bool) and "%" in cell.number_format:
            return f"{round(value * 100, 6):g}%"
        case float():
            return f"{round(value, 10):.15g}"
        case _:
            return " ".join(without_control(str(value)).split())
