"""Files of Word and LibreOffice, and other ZIP archives of parts, as tests need them."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import docx


def word(path: Path, write: Callable[[Any], None]) -> Path:
    file = docx.Document()
    write(file)
    file.save(str(path))
    return path


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
