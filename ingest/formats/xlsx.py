"""Workbooks (.xlsx): a section for each sheet, its rows as a table, formulas as their result."""

import datetime
import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.utils.exceptions import InvalidFileException

from ingest.formats import archive, limits, markdown, table
from ingest.formats.blocks import Parsed
from ingest.formats.encoding import without_control


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a workbook.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
    """
    archive.open_checked(path, data, "xl/workbook.xml").close()
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sections = []
        for sheet in workbook.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # what a file says of its size may be wrong
                sections.append((sheet.title, table.to_markdown(_rows(sheet.iter_rows()))))
        about = workbook.properties
        title, language, date = about.title, about.language, about.created
    except (InvalidFileException, *archive.MALFORMED) as error:
        raise archive.damaged(path) from error
    text = "\n\n".join(f"## {name}\n\n{rows}" for name, rows in sections if rows)
    parsed = markdown.read(text + "\n")
    return replace(
        parsed,
        title=title or "",
        language=(language or "")[:2].lower(),
        date=date.date() if date else None,
    )


def _rows(sheet: Iterable[Iterable[Cell]]) -> list[list[str]]:
    """The rows with text, of one length: without the columns that are empty in all of them."""
    rows: list[dict[int, str]] = []
    used: set[int] = set()
    for row in sheet:
        if cells := {column: text for column, cell in enumerate(row) if (text := _text(cell))}:
            rows.append(cells)
            used |= cells.keys()
            limits.refuse_above(limits.MOST_COLUMNS, len(used), "columns")
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
