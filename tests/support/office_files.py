"""Files of Word, PowerPoint, Excel and LibreOffice, and other archives, as tests need them."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches


def word(path: Path, write: Callable[[Any], None]) -> Path:
    file = docx.Document()
    write(file)
    file.save(str(path))
    return path


def slide_show(path: Path, *write: Callable[[Any], None]) -> Path:
    """A presentation with a slide, without placeholders, for each function that writes one."""
    presentation = Presentation()
    for write_slide in write:
        write_slide(presentation.slides.add_slide(presentation.slide_layouts[6]))
    presentation.save(str(path))
    return path


def text_box(shapes: Any, top: int, text: str) -> Any:
    """A text among the shapes of a slide or group, so many inches from its top."""
    box = shapes.add_textbox(Inches(1), Inches(top), Inches(5), Inches(1))
    box.text_frame.text = text
    return box


def workbook(path: Path, *rows: Sequence[object], change: Callable[[Any], object] = id) -> Path:
    """A workbook with one sheet of these rows, which `change` may change before it is saved."""
    file = Workbook()
    file.active.title = "Blad1"
    for row in rows:
        file.active.append(row)
    change(file.active)
    file.save(path)
    return path


def workbook_of_shared(path: Path, shared: str, rows: Sequence[Sequence[int]]) -> Path:
    """A workbook as Excel writes it: texts stand in a part of their own, and each cell has the
    number of one."""
    workbook(path)
    with zipfile.ZipFile(path) as whole:
        parts = {name: whole.read(name).decode() for name in whole.namelist()}
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = ("".join(f'<c t="s"><v>{number}</v></c>' for number in row) for row in rows)
    data = "".join(f"<row>{row}</row>" for row in cells)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    types = parts["[Content_Types].xml"].replace("</Types>", override)
    changed = {
        "[Content_Types].xml": types,
        "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{data}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {space}>{shared}</sst>",
    }
    return zipped(path, {**parts, **changed})


def zipped(
    path: Path, parts: Mapping[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive_file:
        for name, data in parts.items():
            archive_file.writestr(name, data)
    return path


def open_text(path: Path, body: str, meta: str = "") -> Path:
    names = {"draw": "drawing", "svg": "svg-compatible"}
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{names.get(name, name)}:1.0"'
        for name in ("office", "text", "draw", "svg", "meta")
    )
    content = f"<office:body><office:text>{body}</office:text></office:body>"
    about = f"<office:meta>{meta}</office:meta>"
    parts = {
        "content.xml": f"<office:document-content {spaces}>{content}</office:document-content>",
        "meta.xml": f"<office:document-meta {spaces}>{about}</office:document-meta>",
    }
    return zipped(path, parts)


def book(
    path: Path, pages: Mapping[str, str], spine: Sequence[str], others: Mapping[str, str] = {}
) -> Path:
    """An e-book of these pages, by name, read in the order of its spine."""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in pages
    )
    order = "".join(f'<itemref idref="{name}"/>' for name in spine)
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>{items}</manifest>'
        f"<spine>{order}</spine></package>"
    )
    written = {
        f"OEBPS/{name}.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
        for name, body in pages.items()
    }
    parts = {"META-INF/container.xml": container, "OEBPS/book.opf": package}
    return zipped(path, {**parts, **written, **others})
