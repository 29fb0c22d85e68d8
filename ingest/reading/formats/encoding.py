"""Decodes the bytes of a text file, and leaves out characters and comments that no reader sees.

A byte order mark decides; then what HTML or XML declares; then UTF-8 if the bytes are valid; then
UTF-16 if every other byte is zero; then the old code page that the text shows (code_pages.py).
"""

import codecs
import logging
import re
from pathlib import Path
from typing import NamedTuple

from core.errors import DocumentError
from ingest.reading.formats import code_pages

log = logging.getLogger(__name__)

# Control characters are never shown, and a NUL would end the text for the embedder.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# With marks that have no width or turn the direction of writing, readers would see another text
# than the one that is searched, quoted and checked.
_HIDDEN = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_BINARY = 0.1  # share of control characters from which a file is no text; texts have stray ones
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, which begins the same
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DECLARED = re.compile(
    rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)|<meta[^>]*?\bcharset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)
_TEXT_ENCODING = re.compile(
    r"utf-(?:8|16|32)\b.*|ascii|cp\d+|iso8859-\d+|koi8-\w|mac-\w+|tis-620"
    r"|gb\w+|big5\w*|euc_\w+|shift_jis\w*|iso2022_\w+|hz"
)  # not idna, punycode and others that Python has for programs
_HEAD = 2048  # bytes in which a web page declares its encoding: HTML asks for the first 1,024


class Decoded(NamedTuple):
    """The text of a file, and its encoding where that was detected; "" if it is UTF-8 or said."""

    text: str
    detected: str = ""


def decode(path: Path, data: bytes, *, declares: bool = False) -> Decoded:
    """The text of a file, with newlines as line ends and without control characters; HTML and XML
    may declare its encoding.

    Raises:
        DocumentError: the file is no text, or its encoding cannot be detected.
    """
    marked = next((name for mark, name in _BYTE_ORDER_MARKS.items() if data.startswith(mark)), "")
    said = marked or (_declared(data) if declares else "")
    encoding = said or _found(data)
    raw = _decoded(data, encoding) if encoding else None
    if raw is None or len(_CONTROL.findall(_newlines(raw))) > _BINARY * len(raw):
        problem = "is not text, or in an unknown encoding"
        raise DocumentError(path, None, problem, "Save the file as UTF-8 text.", "encoding")
    if encoding.lower() != "utf-8":
        log.info("%s is read as %s", path, encoding)
    return Decoded(without_control(raw), "" if said or encoding == "utf-8" else encoding)


def without_control(text: str) -> str:
    """A text with newlines as line ends and without control characters, marks without width and
    marks that turn the direction of writing."""
    return _HIDDEN.sub("", _CONTROL.sub("", _newlines(text)))


def without_comments(text: str) -> str:
    """A text without comments of HTML or Markdown ("<!-- a page number -->"), which no reader sees.

    One that does not end is kept. Takes time in proportion to length.
    """
    kept, at = [], 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin + 2)) >= 0:
        before, at = text[at:begin], end + len("-->")
        kept.append(before if text[at : at + 1].strip() else before.rstrip(" "))
    return "".join((*kept, text[at:]))


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _declared(data: bytes) -> str:
    """The encoding that a web page declares; "" if it is unknown or wrong."""
    found = _DECLARED.search(data[:_HEAD])
    name = (found[1] or found[2]).decode("ascii") if found else ""
    if name.lower() in ("iso-8859-1", "latin1", "ascii", "us-ascii"):
        name = "windows-1252"  # as browsers do
    try:
        known = _TEXT_ENCODING.fullmatch(codecs.lookup(name).name) if name else None
    except LookupError:
        return ""
    return name if known and _decoded(data, name) is not None else ""


def _found(data: bytes) -> str:
    has_few_zeros = b"\0\0" not in data and data.count(b"\0") <= _BINARY * len(data)
    if has_few_zeros and _decoded(data, "utf-8") is not None:
        return "utf-8"
    even, odd = data[::2].count(b"\0"), data[1::2].count(b"\0")
    if max(even, odd) > len(data) // 8 and min(even, odd) < max(even, odd) // 8:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "" if b"\0" in data else code_pages.detect(data)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeError:
        return None


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SIGNS = str.maketrans("+-−–", "⁺⁻⁻⁻")
_FIGURE = re.compile(r"\s*[+\-−–]?\d+\s*")


def raised(text: str) -> str:
    """What is set higher than its line, as characters that are: 10²⁵ is not 1025. Letters stay, as
    in 1er, and so does what stands beside the numbers of notes; a sign belongs to its figure.

    >>> [raised(text) for text in ("-6", "er", "(1)", "2,3*")]
    ['⁻⁶', 'er', '(¹)', '²,³*']
    """
    signed = text.translate(_SIGNS) if _FIGURE.fullmatch(text) else text
    return signed.translate(_RAISED)
