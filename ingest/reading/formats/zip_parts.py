"""Files that are a ZIP archive of parts (Word, LibreOffice, PowerPoint, Excel, EPUB).

An archive is checked before anything else reads it: the size it unpacks to, whether it is whole,
and that its XML defines no entities (a few lines of which can stand for gigabytes).
"""

import io
import zipfile
import zlib
from datetime import date
from pathlib import Path, PurePosixPath
from xml.parsers.expat import ExpatError

from lxml import etree

from core.errors import DocumentError
from ingest.reading.formats.table import Element

MOST_UNPACKED = 500_000_000  # bytes; far above reports with pictures, far below a bomb
MOST_RATIO = 200  # of unpacked to packed; XML packs to a tenth, of a large sheet to a hundredth
_SMALL = 10_000_000  # bytes; harmless whatever the ratio
_CHUNK = 1 << 20  # bytes read at once: a part is never in memory as a whole here
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)
_XML = (".xml", ".rels", ".opf", ".ncx")
_MANIFEST = "META-INF/manifest.xml"  # of OpenDocument, which encrypts parts in its own way
_OLD_WORD = b"\xd0\xcf\x11\xe0"  # the container of .doc, and of a .docx with a password

# Errors of libraries on intact parts that violate their format.
MALFORMED = (
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError),
    *(etree.LxmlError, ExpatError),
)


def open_checked(path: Path, data: bytes, needed: str) -> zipfile.ZipFile:
    """Opens the archive in a file, after checking it.

    Args:
        path: for messages.
        data: the file's bytes.
        needed: a part that every file of its format has.

    Raises:
        DocumentError: it is no archive, damaged, encrypted, or unpacks to too much.
    """
    if data.startswith(_OLD_WORD):
        raise DocumentError(
            path,
            None,
            "has a password or is of an old format",
            f"Save it anew as {path.suffix}.",
            "password",
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise damaged(path) from error
    declared = sum(part.file_size for part in archive.infolist())
    if declared > MOST_UNPACKED or declared > max(_SMALL, MOST_RATIO * len(data)):
        raise DocumentError(
            path,
            None,
            f"would unpack from {len(data):,} to {declared:,} bytes",
            "Do not trust it; ask its sender for another copy, or save its text in a new file.",
            "unsafe",
        )
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
        raise DocumentError(
            path,
            None,
            f"is not a {path.suffix} file (no {needed})",
            "Save it anew under its type.",
            "damaged",
        )
    return archive


def damaged(path: Path) -> DocumentError:
    return DocumentError(
        path, None, "is damaged", f"Open it and save it anew as {path.suffix.lower()}.", "damaged"
    )


def _protected(path: Path) -> DocumentError:
    return DocumentError(path, None, "has a password", "Save it without one.", "password")


def tree(path: Path, archive: zipfile.ZipFile, name: str) -> Element | None:
    """Parses an XML part; None if the archive has no such part.

    Raises:
        DocumentError: it is not well-formed, or its elements are nested too deep.
    """
    if name not in archive.namelist():
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(archive.read(name), parser)
    except etree.XMLSyntaxError as error:
        raise damaged(path) from error


def day(text: str | None) -> date | None:
    """The date at the beginning of a document property ("2020-07-24T09:30:00Z")."""
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def _check(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Reads a part to its end; zipfile checks its checksum and gives no more than the declared
    size."""
    is_xml = PurePosixPath(part.filename).suffix.lower() in _XML
    with archive.open(part) as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            if is_xml and b"<!ENTITY" in before[-8:] + chunk:
                raise DocumentError(
                    path, None, "defines XML entities", "Open it and save it anew.", "unsafe"
                )
            before = chunk
