"""Looks up every run of five words that was read of a file in the file's text, which is taken out a
second time, by other code."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from lxml import etree, html
from pypdf import PageObject, PdfReader

from core.source import SourceDocument
from core.yaml_files import read_yaml
from ingest.passages.split import split
from ingest.reading.blocks import first_heading
from ingest.reading.formats import blocks_of
from ingest.reading.formats.encoding import decode, without_comments
from language.vocabulary import FOLDER

WORDS = 5  # in a run: fewer occur by chance, more are lacking for one word that differs
_APART = "\0"  # separates texts that do not follow each other
# White space, invisible characters, bullets, and the marks of our own Markdown.
_NOT_COMPARED = re.compile(
    "[\\s\\\\•◦▪‣·\x01-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+"
)
_BAR = re.compile(r"(?<!\\)\|")
_NOTE, _NOTE_END = "\ue000", "\ue001"  # around the number of a note, which may be left out
_NOTES = re.compile(rf"[(\[]?{_NOTE}[^{_NOTE_END}]*{_NOTE_END}[)\]]?")
# "word(1)" of a page without links, and the marks of changes in a consolidated text.
_UNLINKED = re.compile(r"(?<=[^\W\d_])\(\d{1,3}\)|[►▼]\s*[A-Z]\d{0,3}|◄")
_WORD, _TRUTH = re.compile(r"[^\W\d_]{2}"), ("TRUE", "FALSE")
_LONGEST_NOTE_NUMBER = 8  # characters of a link, "[123]"; longer is text
_SILENT = ("script", "style", "template", "title", "textarea", "noscript")
_SMALL = 0.85  # of the size of the text around: larger figures in a PDF are text
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"  # we write raised figures of a PDF so: of a square metre, of a note
_AS_FIGURES, _LEFT_OUT = str.maketrans(_RAISED, "0123456789"), str.maketrans("", "", _RAISED)
_LIGATURES = str.maketrans({char: unicodedata.normalize("NFKC", char) for char in "ﬀﬁﬂﬃﬄﬅﬆ"})


@dataclass(frozen=True)
class Lookup:
    """The number of runs that were looked up, and those that the file lacks."""

    runs: int
    missing: tuple[str, ...]


def look_up(path: Path, document: SourceDocument) -> Lookup:
    """Looks up the headings of a document, but for its title, and all that can be quoted of it."""
    source = source_text(path)
    with_numbers = source.replace(_NOTE, "").replace(_NOTE_END, "")
    lines = [
        _plain(line)
        for reading in (with_numbers, _NOTES.sub("", source))
        for line in ("", *reading.split("\n"), "")
    ]
    unbroken = [line.rstrip("-\u2010") for line in lines]
    # A run may go on in another line: other text, as at the foot of a page, may come between.
    whole = _APART.join(("\n".join(lines), "".join(lines), "".join(unbroken)))
    runs = [run for text in _texts(document) for run in _runs(_words(text))]
    missing = tuple(" ".join(run) for run in runs if not _is_there(run, whole))
    if path.suffix == ".xlsx":  # which keeps figures, dates and truth in another form than it shows
        missing = tuple(run for run in missing if _WORD.search(run) and run not in _TRUTH)
    return Lookup(len(runs), missing)


def _texts(document: SourceDocument) -> Iterator[str]:
    blocks = blocks_of(document)
    root = first_heading(blocks)
    for block in blocks:
        if block.kind == "heading" and not (block is root and block.level == 1):
            yield from block.title.split(" – ")  # where two lines of the file are one heading
    for passage in split(document, lambda text: len(text) // 4 + 2):
        for unit in passage.units:
            yield from _BAR.split(passage.text[unit.start : unit.end])


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", _NOT_COMPARED.sub("", text)).translate(_LIGATURES)


def _words(text: str) -> list[str]:
    return [word for word in map(_plain, text.split()) if word]


def _runs(words: Sequence[str]) -> list[Sequence[str]]:
    """The runs of five words; all words as one run if there are fewer."""
    return [words[n : n + WORDS] for n in range(max(len(words) - WORDS, 0) + 1)] if words else []


def _is_there(run: Sequence[str], whole: str) -> bool:
    return any(
        _stands([word.translate(raised) for word in run], whole)
        for raised in (_AS_FIGURES, _LEFT_OUT)
    )


def _stands(run: Sequence[str], whole: str) -> bool:
    return "".join(run) in whole or any(
        "".join(run[:n]) + "\n" in whole and "\n" + "".join(run[n:]) in whole
        for n in range(1, len(run))
    )


def source_text(path: Path) -> str:
    """The text of a file, in which lines end only where those of a page do."""
    match path.suffix:
        case ".pdf":
            return "\n".join(map(_page_text, PdfReader(path).pages))
        case ".html" | ".htm" | ".xhtml":
            return _web_page(decode(path, path.read_bytes(), declares=True).text)
        case ".docx" | ".odt" | ".pptx" | ".xlsx" | ".epub":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as parts:
                return _APART.join(_texts_of_parts(path.suffix, parts)).replace("\n", " ")
    return without_comments(decode(path, path.read_bytes()).text).replace("\n", " ")


def _page_text(page: PageObject) -> str:
    found: list[str] = []
    sizes = [0.0]  # of the text before

    def add(text: str, around: list[float], own: list[float], _: object, size: float) -> None:
        """Small figures right after larger text are the number of a note."""
        size = abs(size * own[3] * around[3])
        if text.strip().isdigit() and size < _SMALL * sizes[-1]:
            text = f"{_NOTE}{text}{_NOTE_END}"
        elif text.strip():
            sizes.append(size)
        found.append(text)

    page.extract_text(visitor_text=add)
    return "".join(found)


def _texts_of_parts(suffix: str, parts: zipfile.ZipFile) -> Iterator[str]:
    for name in parts.namelist():
        if suffix == ".epub" and name.endswith("html"):
            yield _web_page(parts.read(name).decode())
        elif suffix != ".epub" and _HAS_TEXT[suffix].search(name):
            root = ElementTree.fromstring(parts.read(name))  # noqa: S314 - a file of our own
            yield from _streams(root, _SHOWN.get(suffix))
            if "/notesSlides/" in name:
                yield from _LABELS  # which we write above them
            yield from (sheet.get("name", "") for sheet in root.iter() if _tag(sheet) == "sheet")


_HAS_TEXT = {
    ".docx": re.compile(r"/(?:document|footnotes|endnotes)\.xml$"),
    ".odt": re.compile(r"^content\.xml$"),
    ".pptx": re.compile(r"/(?:slides|notesSlides)/[^/]*\.xml$"),
    ".xlsx": re.compile(r"/(?:workbook|sharedStrings|sheet\d+)\.xml$"),
}
_LABELS = read_yaml((FOLDER / "notes.yaml").read_text("utf-8")).values()
_SHOWN = {".docx": ("t",), ".pptx": ("t",), ".xlsx": ("t", "v")}  # else all elements have text
_DROPPED = ("del", "moveFrom", "tracked-changes", "annotation", "rPh")
_STAND_APART = ("txbxContent", "note-body", "row", "si")
_DRAWN = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _streams(root: Element, shown: Sequence[str] | None) -> Iterator[str]:
    """The texts of an XML part: that of its body, and those that stand apart from their place."""
    streams: list[list[str]] = []

    def walk(element: Element, own: list[str]) -> None:
        tag = _tag(element)
        if tag in _DROPPED:
            return
        if tag in _STAND_APART or element.tag.startswith(_DRAWN) or not streams:
            own = []
            streams.append(own)
        counts = shown is None or tag in shown
        text = (element.text or "") if counts else "\u2011" * (tag == "noBreakHyphen")
        own.append(f"{_NOTE}{text}{_NOTE_END}" if tag == "note-citation" else text)
        for child in element:
            walk(child, own)
            own.append((child.tail or "") if counts else "")

    walk(root, [])
    return ("".join(stream) for stream in streams)


def _web_page(text: str) -> str:
    """The text of a page, with the marks that we add to a list of terms."""
    tree = html.fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    etree.strip_elements(tree, etree.Comment, *_SILENT, with_tail=False)
    for link in tree.iter("a"):
        number = link.text_content()
        if "#" in link.get("href", "") and len(number.strip()) <= _LONGEST_NOTE_NUMBER:
            link.clear(keep_tail=True)
            link.text = f"{_NOTE}{number}{_NOTE_END}"
    for term in tree.iter("dt"):
        if (following := term.getnext()) is not None:
            following.text = (":" if following.tag == "dd" else ",") + (following.text or "")
    shown = without_comments(tree.text_content()).replace("\n", " ")
    return _UNLINKED.sub(lambda mark: f"{_NOTE}{mark[0]}{_NOTE_END}", shown)
