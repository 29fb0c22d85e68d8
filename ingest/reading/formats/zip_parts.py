"""ZIP archives of parts (Word, PowerPoint, Excel, LibreOffice, EPUB), and their properties.

An archive is checked before anything else reads it: the size it unpacks to, whether it is whole,
and that its XML defines no entities or attributes (a few lines of which can stand for gigabytes).
"""

import datetime
import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from lxml import etree

from core.errors import DocumentError
from ingest.reading.blocks import Parsed
from ingest.reading.formats.hypertext import Element

MOST_UNPACKED = 500_000_000  # bytes; far above reports with pictures, far below a bomb
MOST_RATIO = 200  # of unpacked to packed; XML packs to a tenth, of a large sheet to a hundredth
_SMALL = 10_000_000  # bytes; harmless whatever the ratio
_CHUNK = 1 << 20  # bytes read at once
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError),
    *(NotImplementedError, OSError),
)
_OF_TEXT = (".xml", ".rels")  # in files of Microsoft Office
_PICTURE = ".svg"  # the one kind of part that may define entities, as Illustrator does; not read
_DEFINITIONS = tuple(
    mark.encode(encoding)
    for mark in ("<!ENTITY", "<!ATTLIST")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_LONGEST_MARK = max(map(len, _DEFINITIONS))
_MANIFEST = "META-INF/manifest.xml"  # of OpenDocument, which encrypts parts in its own way
_OLD_WORD = b"\xd0\xcf\x11\xe0"  # the container of .doc, and of a .docx with a password

# Errors of libraries on intact parts that violate their format.
MALFORMED = (
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError),
    *(etree.LxmlError, ExpatError, ParseError, ArithmeticError),
)

_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_APP = "{http://schemas.openxmlformats.org/officeDocument/2006/extended-properties}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
# Longest time from beginning a text to saving it; a file that is older was made from another text,
# and has its date.
_LONGEST_WORK = datetime.timedelta(days=366)


def open_checked(path: Path, data: bytes, needed: str) -> zipfile.ZipFile:
    """Opens the archive in a file, after checking it; `needed` is a part that every file of its
    format has.

    Raises:
        DocumentError: it is no archive, damaged, encrypted, or unpacks to too much.
    """
    if data.startswith(_OLD_WORD):
        problem = "has a password or is of an old format"
        raise DocumentError(path, None, problem, f"Save it anew as {path.suffix}.", "password")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise damaged(path) from error
    declared = sum(part.file_size for part in archive.infolist())
    if declared > MOST_UNPACKED or declared > max(_SMALL, MOST_RATIO * len(data)):
        problem = f"would unpack from {len(data):,} to {declared:,} bytes"
        remedy = "Do not trust it; ask its sender for another copy, or save its text in a new file."
        raise DocumentError(path, None, problem, remedy, "unsafe")
    try:
        for part in archive.infolist():
            _check(path, archive, part)
    except _DAMAGED as error:
        raise damaged(path) from error
    except RuntimeError as error:  # how zipfile asks for a password
        raise _protected(path) from error
    if _MANIFEST in archive.namelist() and b":encryption-data" in archive.read(_MANIFEST):
        raise _protected(path)
    if needed not in archive.namelist():
        problem = f"is not a {path.suffix} file (no {needed})"
        raise DocumentError(path, None, problem, "Save it anew under its type.", "damaged")
    return archive


def read_text_parts(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The parts of a file of Microsoft Office by name, without pictures and fonts."""
    return {name: archive.read(name) for name in archive.namelist() if name.endswith(_OF_TEXT)}


def packed(parts: Mapping[str, bytes]) -> bytes:
    """An archive of these parts, not compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def damaged(path: Path) -> DocumentError:
    return DocumentError(
        path, None, "is damaged", f"Open it and save it anew as {path.suffix.lower()}.", "damaged"
    )


def _protected(path: Path) -> DocumentError:
    return DocumentError(path, None, "has a password", "Save it without one.", "password")


def tree(path: Path, archive: zipfile.ZipFile, name: str) -> Element | None:
    """Parses an XML part; None if the archive has no such part. Raises DocumentError: it is not
    well-formed, or its elements are nested too deep."""
    if name not in archive.namelist():
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(archive.read(name), parser)
    except etree.XMLSyntaxError as error:
        raise damaged(path) from error


def _check(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Reads a part to its end; zipfile checks its checksum and gives no more than the declared
    size."""
    is_picture = part.filename.lower().endswith(_PICTURE)
    with archive.open(part) as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            seen = before[-_LONGEST_MARK:] + chunk
            if not is_picture and any(mark in seen for mark in _DEFINITIONS):
                problem = "defines XML entities or attributes"
                raise DocumentError(path, None, problem, "Open it and save it anew.", "unsafe")
            before = chunk


class Properties(NamedTuple):
    """The properties of a file; empty if unknown."""

    title: str
    language: str
    date: datetime.date | None

    def added_to(self, parsed: Parsed) -> Parsed:
        """A text with this language and date, and with this title if it has none of its own."""
        title = parsed.title or self.title
        return replace(parsed, title=title, language=self.language, date=self.date)


def of_office(path: Path, parts: zipfile.ZipFile) -> Properties:
    """The properties of a Word, PowerPoint or Excel file. Raises DocumentError: they are not
    well-formed."""
    core = tree(path, parts, "docProps/core.xml")
    app = tree(path, parts, "docProps/app.xml")
    created = _property_text(core, f"{_TERMS}created")
    saved = _property_text(core, f"{_TERMS}modified")
    return _properties(core, _day(created, saved, _property_text(app, f"{_APP}Words")))


def of_open_document(path: Path, parts: zipfile.ZipFile) -> Properties:
    """The properties of an OpenDocument file; raises as `of_office`."""
    about = tree(path, parts, "meta.xml")
    meta = about[0] if about is not None and len(about) else about
    created = _property_text(meta, f"{_META}creation-date")
    saved = _property_text(meta, f"{_DUBLIN}date")
    words = _attribute(meta, f"{_META}document-statistic", f"{_META}word-count")
    template = _attribute(meta, f"{_META}template", f"{_META}date")
    return _properties(meta, _day(created, saved, words) if created > template else None)


def _properties(about: Element | None, date: datetime.date | None) -> Properties:
    language = _property_text(about, f"{_DUBLIN}language")[:2].lower()
    return Properties(_property_text(about, f"{_DUBLIN}title"), language, date)


def _property_text(about: Element | None, name: str) -> str:
    return "" if about is None else (about.findtext(name) or "").strip()


def _attribute(about: Element | None, name: str, attribute: str) -> str:
    element = about.find(name) if about is not None else None
    return "" if element is None else element.get(attribute, "")


def _day(created: str, saved: str, words: str) -> datetime.date | None:
    """The date on which a text was begun.

    None if the properties are of an empty file (without words), or if it was saved so much later
    that the date is that of another text.
    """
    begun, ended = date_of(created), date_of(saved)
    is_older = begun and ended and ended - begun > _LONGEST_WORK
    return None if words == "0" or is_older else begun


def date_of(text: str) -> datetime.date | None:
    """The date at the beginning of a property ("2020-07-24T09:30:00Z")."""
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        return None
