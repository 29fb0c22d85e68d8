"""Metadata in the properties of an office file: title, language, date.

A file made from a template, or over an older text, still has the date of that. So a date counts
only if nothing speaks against it.
"""

import datetime
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.reading.formats import zip_parts
from ingest.reading.formats.blocks import Parsed
from ingest.reading.formats.table import Element

_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_APP = "{http://schemas.openxmlformats.org/officeDocument/2006/extended-properties}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
# Longest time from beginning a text to saving it; a file that is older was made from another text,
# and has its date.
_LONGEST_WORK = datetime.timedelta(days=366)


@dataclass(frozen=True)
class Properties:
    """The properties of a file; empty if unknown."""

    title: str = ""
    language: str = ""
    date: datetime.date | None = None

    def added_to(self, parsed: Parsed) -> Parsed:
        """A text with this language and date, and with this title if it has none of its own."""
        title = parsed.title or self.title
        return replace(parsed, title=title, language=self.language, date=self.date)


def of_office(path: Path, parts: zipfile.ZipFile) -> Properties:
    """The properties of a file of Word, PowerPoint or Excel.

    Raises:
        DocumentError: they are not well-formed.
    """
    core = zip_parts.tree(path, parts, "docProps/core.xml")
    app = zip_parts.tree(path, parts, "docProps/app.xml")
    created, saved = _told(core, f"{_TERMS}created"), _told(core, f"{_TERMS}modified")
    words = _told(app, f"{_APP}Words")
    return Properties(
        title=_told(core, f"{_DUBLIN}title"),
        language=_told(core, f"{_DUBLIN}language")[:2].lower(),
        date=_day(created, saved, words),
    )


def of_open_document(path: Path, parts: zipfile.ZipFile) -> Properties:
    """The properties of an OpenDocument file; raises as `of_office`."""
    about = zip_parts.tree(path, parts, "meta.xml")
    told = about[0] if about is not None and len(about) else about
    created, saved = _told(told, f"{_META}creation-date"), _told(told, f"{_DUBLIN}date")
    words = _attribute(told, f"{_META}document-statistic", f"{_META}word-count")
    template = _attribute(told, f"{_META}template", f"{_META}date")
    return Properties(
        title=_told(told, f"{_DUBLIN}title"),
        language=_told(told, f"{_DUBLIN}language")[:2].lower(),
        date=_day(created, saved, words) if created > template else None,
    )


def _told(about: Element | None, name: str) -> str:
    return "" if about is None else (about.findtext(name) or "").strip()


def _attribute(about: Element | None, name: str, attribute: str) -> str:
    element = about.find(name) if about is not None else None
    return "" if element is None else element.get(attribute, "")


def _day(created: str, saved: str, words: str) -> datetime.date | None:
    """The date on which a text was begun.

    None if the properties are of an empty file (without words), or if it was saved so much later
    that the date is that of another text.
    """
    begun, ended = zip_parts.day(created), zip_parts.day(saved)
    is_older = begun is not None and ended is not None and ended - begun > _LONGEST_WORK
    return None if words == "0" or is_older else begun
