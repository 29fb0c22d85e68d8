"""The text of files that are archives of XML parts, for `ingest/reading/source_text.py`.

Element names are used without namespaces, as no two that matter here are the same.
"""

import datetime
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

APART = "\0"  # separates texts that do not follow each other
_LABEL, _LABEL_END = "\ue000", "\ue001"
LABEL = re.compile(f"{_LABEL}([^{_LABEL_END}]*){_LABEL_END}")
_IN_WORD = re.compile(r"/(?:document|footnotes|endnotes)\.xml$")
_DRAWN = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
# Day 0 of Excel's two systems of dates; the first counts a 29 February 1900 that never was.
_EPOCHS = (datetime.datetime(1899, 12, 30), datetime.datetime(1904, 1, 1))
_MOST_DAYS = 2_958_465  # to the end of the year 9999


@dataclass(frozen=True)
class _Form:
    """Which elements of a format have text (None: all), stand apart from their place, are not
    shown, or are the number of a note."""

    text: frozenset[str] | None = None
    apart: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()


_WORD = _Form(
    text=frozenset(("t", "noBreakHyphen")),
    apart=frozenset(("txbxContent",)),
    dropped=frozenset(("del", "moveFrom")),
)
_OPEN = _Form(
    apart=frozenset(("note-body",)),
    dropped=frozenset(("tracked-changes", "annotation")),
    labels=frozenset(("note-citation",)),
)
_SLIDE = _Form(text=frozenset(("t",)))
_STRING = _Form(text=frozenset(("t",)), dropped=frozenset(("rPh",)))  # rPh: the pronunciation


def as_label(text: str) -> str:
    """Marks a text as the number of a note; a sentence may be read without it."""
    return f"{_LABEL}{text}{_LABEL_END}"


def read(suffix: str, parts: zipfile.ZipFile) -> tuple[str, ...]:
    """The text of each slide of a presentation; one text of any other file."""
    match suffix:
        case ".docx":
            names = filter(_IN_WORD.search, parts.namelist())
            return (APART.join(_text(_tree(parts, name), _WORD) for name in names),)
        case ".odt":
            return (_text(_tree(parts, "content.xml"), _OPEN),)
        case ".pptx":
            return tuple(_slides(parts))
        case ".xlsx":
            return (APART.join(_cells(parts)),)
    raise ValueError(suffix)


def _tree(parts: zipfile.ZipFile, name: str) -> Element:
    return ElementTree.fromstring(parts.read(name))  # noqa: S314 - loaded before, see source_text


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(root: Element, form: _Form) -> str:
    streams: list[list[str]] = []

    def walk(element: Element, own: list[str]) -> None:
        name = _name(element)
        if name in form.dropped:
            return
        if name in form.apart or element.tag.startswith(_DRAWN):
            own = []
            streams.append(own)
        if name == "noBreakHyphen":
            own.append("\u2011")
        counts = form.text is None or name in form.text
        text = element.text or ""
        if counts and text:
            own.append(as_label(text) if name in form.labels else text)
        for child in element:
            walk(child, own)
            if counts and child.tail:
                own.append(child.tail)

    main: list[str] = []
    streams.append(main)
    walk(root, main)
    return APART.join("".join(stream) for stream in streams)


def _related(parts: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The parts that a part refers to, by identifier."""
    folder, file = posixpath.split(name)
    beside = posixpath.join(folder, "_rels", f"{file}.rels")
    if beside not in parts.namelist():
        return {}
    return {
        relation.get("Id", ""): posixpath.normpath(
            posixpath.join("/", folder, relation.get("Target", ""))
        ).lstrip("/")
        for relation in _tree(parts, beside)
    }


def _slides(parts: zipfile.ZipFile) -> Iterator[str]:
    """The text of each slide in order, with the speaker's notes."""
    main = "ppt/presentation.xml"
    related = _related(parts, main)
    for slide in _tree(parts, main).iter():
        if _name(slide) != "sldId":
            continue
        name = next(related[value] for key, value in slide.items() if key.endswith("}id"))
        notes = [
            other for other in _related(parts, name).values() if "/notesSlides/" in f"/{other}"
        ]
        yield APART.join(_text(_tree(parts, part), _SLIDE) for part in (name, *notes))


def _cells(parts: zipfile.ZipFile) -> Iterator[str]:
    """The names of the sheets, and the text of each row; numbers also as they may be shown."""
    book = _tree(parts, "xl/workbook.xml")
    yield from (sheet.get("name", "") for sheet in book.iter() if _name(sheet) == "sheet")
    shared: list[str] = []
    if "xl/sharedStrings.xml" in parts.namelist():
        shared = [_text(entry, _STRING) for entry in _tree(parts, "xl/sharedStrings.xml")]
    for name in parts.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            for row in (row for row in _tree(parts, name).iter() if _name(row) == "row"):
                shown = [_shown(cell, shared) for cell in row]
                yield "".join(texts[0] for texts in shown)
                yield from (text for texts in shown for text in texts[1:])


def _shown(cell: Element, shared: list[str]) -> tuple[str, ...]:
    """What a cell may show: a text; or a number as such, as a share and as a date."""
    value = next((child.text or "" for child in cell if _name(child) == "v"), "")
    match cell.get("t", "n"):
        case "s":
            return (shared[int(value)],)
        case "inlineStr":
            return (_text(cell, _STRING),)
        case "b":
            return ("True" if value == "1" else "False",)
        case "n" if value:
            return (*_numbers(float(value)), value)
        case _:
            return (value,)


def _numbers(number: float) -> Iterator[str]:
    yield f"{round(number, 10):.15g}"
    yield f"{round(number * 100, 6):g}%"
    if 0 <= number <= _MOST_DAYS:
        for epoch in _EPOCHS:
            with suppress(OverflowError):
                moment = epoch + datetime.timedelta(seconds=round(number * 86_400))
                yield moment.isoformat()
                yield moment.date().isoformat()
                yield moment.time().isoformat()
