"""Compares what was read with the words of the file, read a second time by other code."""

import datetime
import io
import posixpath
import re
import unicodedata
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray
from pypdf import PdfReader

from core.source import Passage, SourceDocument
from ingest.reading.clean import first_heading
from ingest.reading.comparison import Misread, WordComparison
from ingest.reading.formats import blocks_of
from ingest.reading.formats.encoding import decode, without_comments

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


def read_parts(suffix: str, parts: zipfile.ZipFile) -> tuple[str, ...]:
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
    """The forms in which a cell may be shown: a text; or a number as such, as a share and as a
    date."""
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


# Reads the text of a file independently of `ingest/reading/formats/`, for the verbatim check.


_READ_APART = frozenset(("script", "style", "template", "title", "textarea", "noscript"))
_SMALL = 0.85  # of the size of the text around: larger figures are text, not a raised number
# A label that is marked already, "word(1)", or a mark of changes in a consolidated text.
_UNLINKED = re.compile(rf"({LABEL.pattern})|(?<=[^\W\d_])\(\d{{1,3}}\)|[►▼]\s*[A-Z]\d{{0,3}}|◄")
_LONGEST_LABEL = 8  # characters of a link that may be a note's number, "[123]"; longer is text


def read_source_text(path: Path, data: bytes) -> tuple[str, ...]:
    """The text of a file that has been loaded before, and so is known to be harmless.

    Returns:
        The text of each page or slide; one text for a file without pages. `APART` separates texts
        that do not follow each other, and `as_label` marks numbers of notes. Lines end only where
        those of a page do.
    """
    if path.suffix.lower() == ".pdf":
        return tuple(_pdf(data))
    return tuple(" ".join(text.split("\n")) for text in _without_lines(path, data))


def _without_lines(path: Path, data: bytes) -> tuple[str, ...]:
    match path.suffix.lower():
        case ".html" | ".htm" | ".xhtml":
            return (_page(decode(path, data, declares=True)),)
        case ".epub":
            return (APART.join(_epub(path, data)),)
        case ".docx" | ".odt" | ".pptx" | ".xlsx":
            with zipfile.ZipFile(io.BytesIO(data)) as parts:
                return read_parts(path.suffix.lower(), parts)
        case ".md" | ".markdown" | ".txt":
            return (without_comments(decode(path, data)),)
    raise ValueError(path.suffix)


def _pdf(data: bytes) -> Iterator[str]:
    for page in PdfReader(io.BytesIO(data)).pages:
        chunks = _Chunks()
        page.extract_text(visitor_text=chunks.add)
        yield "".join(chunks.found)


class _Chunks:
    """Collects the text of a page as pypdf visits it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._size = 0.0  # of the text before

    def add(
        self, text: str, around: list[float], own: list[float], _: object, font_size: float
    ) -> None:
        """Small figures right after larger text are the number of a note."""
        size = abs(font_size * own[3] * around[3])
        if text.strip().isdigit() and size < _SMALL * self._size:
            text = as_label(text)
        elif text.strip():
            self._size = size
        self.found.append(text)


def _epub(path: Path, data: bytes) -> Iterator[str]:
    """The text of each page of an e-book that its package names."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            if not name.endswith(".opf"):
                continue
            package = ElementTree.fromstring(parts.read(name))  # noqa: S314 - see `read`
            for item in package.iter("{http://www.idpf.org/2007/opf}item"):
                page = posixpath.join(posixpath.dirname(name), unquote(item.get("href", "")))
                if "html" in item.get("media-type", "") and page in parts.namelist():
                    yield _page(decode(path, parts.read(page), declares=True))


def _page(text: str) -> str:
    reader = _Page()
    reader.feed(text)
    reader.close()
    return reader.text()


class _Page(HTMLParser):
    """Collects the text of a web page, with the marks that we add to a list of terms."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []
        self._silent = 0  # elements around, whose text is not shown
        self._link: int | None = None  # where the text of a link within the page begins
        self._after_term = False

    def text(self) -> str:
        text = without_comments("".join(self._found))
        return _UNLINKED.sub(lambda mark: mark[1] or as_label(mark[0]), text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _READ_APART:
            self._silent += 1
        elif tag == "a":
            self._link = len(self._found) if "#" in (dict(attrs).get("href") or "") else None
        elif tag in ("dt", "dd") and self._after_term:
            self._found.append(":" if tag == "dd" else ",")
            self._after_term = False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass  # nothing is in it

    def handle_endtag(self, tag: str) -> None:
        if tag in _READ_APART:
            self._silent = max(self._silent - 1, 0)
        elif tag == "a" and self._link is not None:
            text = "".join(self._found[self._link :])
            if len(text.strip()) <= _LONGEST_LABEL:
                self._found[self._link :] = [as_label(text)]
            self._link = None
        elif tag == "dt":
            self._after_term = True

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._found.append(data)


# Verbatim check: whether the stored text of a file stands in it word for word.


WORDS = 5  # in a run: fewer occur by chance, more are lacking for one word that differs
_LONGEST = 200  # characters compared of a run: each length takes one more pass over the file
# White space, invisible characters, bullets, and the marks of our own Markdown.
_NOT_COMPARED = re.compile(
    "[\\s\\\\•◦▪‣·\x01-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ue002-\uf8ff\ufff9-\ufffb\U000e0000-\U000e007f]+"
)
_BAR = re.compile(r"(?<!\\)\|")
_JOINED = " – "  # we write it between two lines of the file that are one heading
_LABELS = re.compile(rf"[(\[]?{LABEL.pattern}(?:[,;]?{LABEL.pattern})*[)\]]?")
_HYPHEN = re.compile("[-\u2010]$")
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
_BITS = 16  # of a hash: 65,536 marks rule out most places, and fit a processor's cache
_REST = np.uint64(64 - _BITS)  # the other bits of a hash
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"  # we write raised figures of a PDF so: of a square metre, of a note
_AS_FIGURES, _LEFT_OUT = str.maketrans(_RAISED, "0123456789"), str.maketrans("", "", _RAISED)
_LIGATURES = str.maketrans({char: unicodedata.normalize("NFKC", char) for char in "ﬀﬁﬂﬃﬄﬅﬆ"})

_Run = tuple[str, ...]
_Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class _Kept:
    """A stored text, and its pages (from 1)."""

    text: str
    heading: str
    pages: tuple[int, int] | None


def compare(
    document: SourceDocument, passages: Sequence[Passage], source: Sequence[str]
) -> WordComparison:
    """Looks up all stored text of a document in its file.

    Args:
        document: as it was loaded.
        passages: the passages of the document.
        source: the file's own text, page by page, as `read_source_text` gives it.
    """
    windows: dict[tuple[int, int], list[tuple[_Kept, list[str]]]] = {}
    for kept in (*_headings(document), *_units(passages)):
        first, last = kept.pages or (1, len(source))
        for part in _BAR.split(kept.text):
            if words := _words(part):
                windows.setdefault((first, last), []).append((kept, words))
    runs = missing = 0
    misread: list[Misread] = []
    for (first, last), parts in windows.items():
        lookup = _Source(source[first - 1 : max(last, first + 1)])
        wanted = {run for _, words in parts for run in _runs(words)}
        lacking = lookup.lacking(wanted)
        for kept, words in parts:
            wrong = [run in lacking for run in _runs(words)]
            runs, missing = runs + len(wrong), missing + sum(wrong)
            page = first if kept.pages else None
            for text in _stretches(words, wrong):
                misread.append(Misread(text=text, heading=kept.heading, page=page))
    return WordComparison(runs=runs, missing=missing, misread=tuple(misread))


def _headings(document: SourceDocument) -> Iterator[_Kept]:
    """All headings but the title, which may be composed, or come from elsewhere than the text."""
    blocks = blocks_of(document)
    root = first_heading(blocks)
    for block in blocks:
        if block.kind == "heading" and not (block is root and block.level == 1):
            page = bisect_right(document.page_starts, block.begin)
            for line in block.title.split(_JOINED):
                yield _Kept(line, block.title, (page, page) if page else None)


def _units(passages: Sequence[Passage]) -> Iterator[_Kept]:
    for passage in passages:
        for unit in passage.units:
            yield _Kept(
                passage.text[unit.start : unit.end],
                passage.headings[-1],
                passage.pages(unit.start, unit.end),
            )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", _NOT_COMPARED.sub("", text)).translate(_LIGATURES)


def _words(text: str) -> list[str]:
    return [word for word in map(_plain, text.split()) if word]


def _runs(words: Sequence[str]) -> list[_Run]:
    """The word n-grams, of five words; all words as one run if there are fewer."""
    return [tuple(words[n : n + WORDS]) for n in range(max(len(words) - WORDS, 0) + 1)]


def _stretches(words: Sequence[str], wrong: Sequence[bool]) -> Iterator[str]:
    """The words of missing runs; overlapping runs are one text."""
    start = end = 0
    for number in (n for n, is_wrong in enumerate(wrong) if is_wrong):
        if number >= end:
            if end:
                yield " ".join(words[start:end])
            start = number
        end = number + WORDS
    if end:
        yield " ".join(words[start:end])


class _Source:
    """The text of some pages, in which runs are looked up.

    A sentence may be read with or without the numbers of notes, a word broken at the end of a line
    with or without its hyphen. Where other text comes between, as at the foot of a page, the words
    before it end a line and those after it begin one.
    """

    def __init__(self, pages: Iterable[str]) -> None:
        text = "\n".join(pages)
        readings: set[str] = set()
        for reading in (LABEL.sub(r"\1", text), _LABELS.sub("", text)):
            lines = [_plain(line) for line in reading.split("\n")]
            unbroken = [_HYPHEN.sub("", line) for line in lines[:-1]] + lines[-1:]
            readings |= {"".join(lines), "".join(unbroken)}
            if len(lines) > 1:
                readings.add("\n".join(("", *lines, "")))
        self._text = _Hashed(APART.join(sorted(readings)))

    def lacking(self, runs: Iterable[_Run]) -> set[_Run]:
        """The runs that are not in the text."""
        missing = set(runs)
        for raised in (_AS_FIGURES, _LEFT_OUT):
            missing = self._lacking(
                {run: tuple(w.translate(raised) for w in run) for run in missing}
            )
        return missing

    def _lacking(self, runs: Mapping[_Run, _Run]) -> set[_Run]:
        whole = {run: "".join(words) for run, words in runs.items()}
        found = self._text.found(whole.values())
        parted = {run: list(_parted(runs[run])) for run, text in whole.items() if text not in found}
        parts = chain.from_iterable(chain.from_iterable(parted.values()))
        found = self._text.found(parts)
        return {run for run, pairs in parted.items() if not any(map(found.issuperset, pairs))}


def _parted(run: _Run) -> Iterator[tuple[str, str]]:
    """The ways to split a run over two lines: the end of one, and the beginning of another."""
    for number in range(1, len(run)):
        yield "".join(run[:number]) + "\n", "\n" + "".join(run[number:])


class _Hashed:
    """A text in which others are found by a rolling hash (Rabin-Karp), in one pass per length.

    The hash of a text is the sum of its characters, each times the next power of `_BASE`, modulo
    2**64; that of a stretch is the difference of two prefix sums, times the inverse power.
    """

    def __init__(self, text: str) -> None:
        characters = _codes(text)
        sums = np.cumsum(characters * _powers(_BASE, len(characters)))
        self._sums = np.concatenate((np.zeros(1, np.uint64), sums))
        self._inverse = _powers(pow(_BASE, -1, 1 << 64), len(characters))

    def found(self, texts: Iterable[str]) -> set[str]:
        """The texts that occur in this one; only the beginning of a very long one is compared."""
        by_length: dict[int, dict[int, list[str]]] = {}
        for text in texts:
            characters = _codes(text[:_LONGEST])
            own = int(np.sum(characters * _powers(_BASE, len(characters))))
            by_length.setdefault(len(characters), {}).setdefault(own, []).append(text)
        there = set(by_length.pop(0, {}).get(0, ()))  # an empty text is everywhere
        for length, sought in by_length.items():
            places = len(self._sums) - length
            if places > 0:
                hashes = (self._sums[length:] - self._sums[:-length]) * self._inverse[:places]
                may_be = np.zeros(1 << _BITS, bool)  # by the first bits: rules out most
                may_be[np.fromiter(sought, np.uint64, len(sought)) >> _REST] = True
                for own in np.unique(hashes[may_be[hashes >> _REST]]):
                    there.update(sought.get(int(own), ()))
        return there


def _codes(text: str) -> _Numbers:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)


def _powers(base: int, number: int) -> _Numbers:
    """The powers of a base from 0 up, modulo 2**64."""
    powers = np.full(number, base, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers)
