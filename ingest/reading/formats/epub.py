"""E-books (.epub): web pages in an archive, in the order of their spine."""

import posixpath
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from core.errors import DocumentError
from ingest.reading.blocks import Parsed
from ingest.reading.formats import html_to_markdown, hypertext, markdown, zip_parts
from ingest.reading.formats.encoding import decode
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import Element

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_METHOD = "{http://www.w3.org/2001/04/xmlenc#}EncryptionMethod"
# How fonts are made useless outside of their book, which any program may undo.
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_ROOT_FILE = "{urn:oasis:names:tc:opendocument:xmlns:container}rootfile"
_OPF = "{http://www.idpf.org/2007/opf}"
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_PAGES = ("application/xhtml+xml", "text/html")


def parse(path: Path, data: bytes) -> Parsed:
    """Reads an e-book.

    Raises:
        DocumentError: it is damaged, protected against copying, or would unpack to too much.
    """
    with zip_parts.open_checked(path, data, _CONTAINER) as parts:
        _refuse_protected(path, parts)
        container = zip_parts.tree(path, parts, _CONTAINER)
        root = container.find(f".//{_ROOT_FILE}") if container is not None else None
        name = root.get("full-path", "") if root is not None else ""
        package = zip_parts.tree(path, parts, name)
        if package is None:
            raise zip_parts.damaged(path)
        book = etree.Element("body")
        names = set(parts.namelist())
        for page in _spine(package, posixpath.dirname(name)):
            if page in names:
                book.extend(_contents(path, parts, page))
    html_to_markdown.attach_notes(book)
    parsed = markdown.read(to_markdown(book))
    return replace(
        parsed,
        title=_metadata_text(package, "title") or parsed.title,
        language=_metadata_text(package, "language")[:2].lower(),
        date=zip_parts.date_of(_metadata_text(package, "date")),
    )


def _refuse_protected(path: Path, parts: zipfile.ZipFile) -> None:
    """Raises DocumentError: more than the fonts is encrypted."""
    encryption = zip_parts.tree(path, parts, _ENCRYPTION)
    methods = encryption.iter(_METHOD) if encryption is not None else ()
    if any(method.get("Algorithm") not in _OF_FONTS for method in methods):
        remedy = "Ask its publisher for a copy without protection, or for a PDF file."
        raise DocumentError(path, None, "is protected against copying", remedy, "protected")


def _metadata_text(package: Element, name: str) -> str:
    return (package.findtext(f"{_OPF}metadata/{_DUBLIN}{name}") or "").strip()


def _spine(package: Element, folder: str) -> list[str]:
    """The parts in reading order, each once, without the table of contents."""
    items = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in package.iter(f"{_OPF}item")
        if item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split()
    }
    order = [item.get("idref") for item in package.iter(f"{_OPF}itemref")]
    return list(dict.fromkeys(items[name] for name in order if name in items))


def _contents(path: Path, parts: zipfile.ZipFile, page: str) -> list[Element]:
    """The body of a page; its ids and links to them are made unique within the book."""
    tree = hypertext.parse(path, decode(path, parts.read(page), declares=True))
    body = tree.find("body") if tree is not None else None
    if body is None:
        return []
    hypertext.drop_hidden(body)
    for element in body.iter(etree.Element):
        for name in ("id", "name"):
            if element.get(name):
                element.set(name, f"{page}!{element.get(name)}")
        file, hash_sign, fragment = unquote(element.get("href", "")).partition("#")
        if hash_sign:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(page), file))
            element.set("href", f"#{target if file else page}!{fragment}")
    return list(body)
