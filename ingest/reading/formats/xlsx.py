"""Workbooks (.xlsx): each visible sheet is a section with its rows as a table.

Cells are read as they are shown: formulas by their stored results, numbers and dates by their
format. Merged cells and hidden rows and columns, which openpyxl does not tell of a workbook that it
reads row by row, are looked up in the sheet's own part.
"""

import datetime
import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers import expat

from lxml import etree
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from ingest.reading.blocks import MOST_CELLS, MOST_COLUMNS, Parsed, refuse_above
from ingest.reading.formats import cell_formats, hypertext, markdown, zip_parts
from ingest.reading.formats.encoding import without_control
from ingest.reading.formats.html_to_markdown import to_markdown

_LONGEST_TITLE = 150  # characters of a line above a table; longer is a note, which is text
_MOST_CHARACTERS = 20_000_000  # in all cells; a text that a file has once may be in each of them
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384  # of a sheet in Excel


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a workbook.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
        LimitError: it has too many cells, characters or columns.
    """
    read = Counter[str]()
    with zip_parts.open_checked(path, data, "xl/workbook.xml") as parts, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl names what it would not write again
        about = zip_parts.of_office(path, parts)
        try:
            workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sections = []
            for sheet in workbook.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()  # the size that a file states may be wrong
                    layout = _layout(parts, sheet._worksheet_path)
                    rows = _rows(sheet.iter_rows(max_row=_LAST_ROW), layout, read)
                    sections.append((sheet.title, rows))
        except (InvalidFileException, OSError, *zip_parts.MALFORMED) as error:
            raise zip_parts.damaged(path) from error
    text = "\n".join(_section(name, rows) for name, rows in sections if rows)
    return about.added_to(replace(markdown.read(text), title=""))


@dataclass(frozen=True)
class _Layout:
    """What a sheet says of its rows and columns, which count from 1."""

    merged: list[tuple[int, int, int, int]] = field(
        default_factory=list
    )  # left, top, right, bottom
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def _layout(parts: zipfile.ZipFile, name: str) -> _Layout:
    """The layout of the sheet in a part. Raises ExpatError or ValueError: it is malformed."""
    layout = _Layout()
    row = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row
        is_hidden = attributes.get("hidden") in ("1", "true")
        match tag.rpartition(" ")[2]:
            case "row":
                row = int(attributes.get("r", row + 1))
                if is_hidden:
                    layout.hidden_rows.add(row)
            case "col" if is_hidden:
                last = min(int(attributes["max"]), _LAST_COLUMN)
                layout.hidden_columns.update(range(int(attributes["min"]), last + 1))
            case "mergeCell":
                refuse_above(MOST_CELLS, len(layout.merged) + 1, "merged cells")
                layout.merged.append(range_boundaries(attributes["ref"]))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    with parts.open(name) as stream:
        parser.ParseFile(stream)
    return layout


def _rows(sheet: Iterable[Iterable[Cell]], layout: _Layout, read: Counter[str]) -> list[list[str]]:
    """The visible rows with text, of equal length, without columns that are empty in all of them.

    A cell that is merged over several rows is repeated in each. `read` counts cells and characters
    of the whole workbook.

    Raises:
        LimitError: there are too many of them, or too many columns.
    """
    rows: dict[int, dict[int, str]] = {}
    used: set[int] = set()

    def put(row: int, column: int, text: str) -> None:
        read.update({"cells": 1, "characters": len(text)})
        refuse_above(MOST_CELLS, read["cells"], "cells")
        refuse_above(_MOST_CHARACTERS, read["characters"], "characters in cells")
        rows.setdefault(row, {})[column] = text
        if row not in layout.hidden_rows and column not in layout.hidden_columns:
            used.add(column)
            refuse_above(MOST_COLUMNS, len(used), "columns")

    last = 0
    for last, row in enumerate(sheet, 1):
        for column, cell in enumerate(row, 1):
            if text := _text(cell):
                put(last, column, text)
    for left, top, _, bottom in layout.merged:
        text = rows.get(top, {}).get(left, "")
        for below in range(top + 1, min(bottom, last) + 1) if text else ():
            put(below, left, text)
    columns = sorted(used)
    shown = (rows[row] for row in sorted(rows) if row not in layout.hidden_rows)
    filled = ([cells.get(column, "") for column in columns] for cells in shown)
    return [row for row in filled if any(row)]


def _text(cell: Cell) -> str:
    """A cell as it is shown, in one line."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return cell_formats.number(value, cell.number_format)
    if isinstance(value, datetime.date | datetime.time):
        return cell_formats.moment(value, cell.number_format)
    return " ".join(without_control(str(value)).split())


def _section(name: str, rows: list[list[str]]) -> str:
    """A sheet in Markdown: its name, the titles above its table, long texts among them, and the
    table."""
    header = _header(rows)
    above = [" ".join(filter(None, row)) for row in rows[:header]]
    body = etree.Element("body")
    etree.SubElement(body, "h2").text = name
    if titles := [line for line in above if len(line) <= _LONGEST_TITLE]:
        etree.SubElement(body, "h3").text = " – ".join(titles)
    for line in above:
        if len(line) > _LONGEST_TITLE:
            etree.SubElement(body, "p").text = line
    return f"{to_markdown(body)}\n{hypertext.table_to_markdown(rows[header:])}\n"


def _header(rows: list[list[str]]) -> int:
    """The index of the header row: the first row that fills the columns of the table.

    These are the columns that most rows fill; the column of the rows' names may have no name
    itself. Without such a row it is the first.
    """
    wide = [row for row in rows if sum(map(bool, row)) > 1]
    filled = [sum(map(bool, column)) for column in zip(*wide, strict=True)]
    columns = [number for number, count in enumerate(filled) if 2 * count >= len(wide)]
    full: Iterator[int] = (
        n for n, row in enumerate(rows) if columns[1:] and all(row[c] for c in columns[1:])
    )
    return next(full, 0)
