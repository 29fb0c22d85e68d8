"""Metadata on the cover of a PDF of the Council, which is a picture with an alternative text.

"Document Cover Page. / Subject: ... / Date: 24 June 2022. / Language: EN." in lines of their own.
"""

import ctypes
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pypdfium2
from pypdfium2 import raw

from ingest.reading.formats.blocks import Value
from language.dates import day_in
from language.official import OFFICIAL

_FIELD = re.compile(r"^(Subject|Date|Language): (.+?)\.?\s*$", re.MULTILINE)
_NOT_SET = "Not Set"
_MOST = 2000  # elements of a page's tags; a damaged file may claim any number
_LONGEST = 20_000  # bytes of an alternative text, which get memory before any is read


def read_cover(document: pypdfium2.PdfDocument) -> dict[str, Value]:
    """The title, language and date on the cover; empty without such a cover."""
    page = document[0]
    try:
        texts = list(_alternatives(page))
    finally:
        page.close()
    for text in texts:
        stated = {name: " ".join(value.split()) for name, value in _FIELD.findall(text)}
        language = stated.get("Language", "").lower()
        if language in OFFICIAL and stated.get("Subject", _NOT_SET) != _NOT_SET:
            return {
                "title": stated["Subject"],
                "language": language,
                "date": day_in(stated.get("Date", ""), language),
            }
    return {}


def _alternatives(page: pypdfium2.PdfPage) -> Iterator[str]:
    """The alternative texts of the figures of a page."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return
    try:
        for element in islice(_elements(tree), _MOST):
            length = raw.FPDF_StructElement_GetAltText(element, None, 0)
            if 2 < length <= _LONGEST:
                buffer = ctypes.create_string_buffer(length)
                raw.FPDF_StructElement_GetAltText(element, buffer, length)
                yield buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
    finally:
        raw.FPDF_StructTree_Close(tree)


def _elements(tree: Any) -> Iterator[Any]:
    """All elements of the tags of a page."""
    left = [
        raw.FPDF_StructTree_GetChildAtIndex(tree, index)
        for index in range(raw.FPDF_StructTree_CountChildren(tree))
    ]
    while left:
        element = left.pop()
        if element:
            yield element
            count = min(raw.FPDF_StructElement_CountChildren(element), _MOST)
            left += [raw.FPDF_StructElement_GetChildAtIndex(element, n) for n in range(count)]
