"""Reads a page of a PDF with PDFium: its words, with place and style, and the lines drawn on it."""

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

from ingest.reading.formats.encoding import without_control

_MAX_SEGMENTS = 2000  # of a drawing: a longer one is a picture, not the rules of a table
_MAX_RULES = 1000  # on a page: more is a drawing
_THIN = 1.0  # points; what is thicker is a bar or a background, not a rule
_SHORT = 3.0  # points; what is shorter is the end of a rule, or a part of a drawing
_DOT = 12.0  # points; how small it must be depends on the text beside it
_ROUND = (0.8, 1.25)  # width to height of a dot: circles are drawn inexactly, dashes are longer

_WHITE = 250  # of 255, of each colour
_SHOWS = 12  # of 255: how much darker something near a white character is, where it can be read
_LOOKED_AT = 24  # rows of a character's picture; huge type has more
_PICTURE = 2000  # points: a larger page is looked at smaller
_UNREADABLE = 2.5  # points: smaller type is that of a drawing's maker, not for readers

Point = tuple[float, float]
_Rotation = Callable[[float, float], Point]
"""From a place in the file to one on the page as it is read."""

_HYPHENS = {0x02: "-", 0xFFFE: "-"}  # PDFium's codes for a hyphen at a line's end
_HIGH, _LOW = 0xD800, 0xDC00  # where the halves of characters beyond U+FFFF begin in UTF-16
_UNKNOWN = 0xFFFD  # Unicode's replacement character, for half a character
WORD_GAP = 0.15  # of the type size: a wider gap is a space, also where the file has none
_SAME_LINE = 0.05  # of the type size: what is set higher or lower is a mark, not the word
_BULLET = 0.6  # of the type size: how large the mark of a list item may be; larger is a picture
_BULLET_GAP = 1.5  # of the type size, between the mark and the text; a farther dot marks nothing
# Also by a letter: Times-B, AdvOTb83ee1dd.B, NimbusRomNo9L-Medi (which is bold, unlike Medium).
_NAMES_BOLD = re.compile(r"bold|black|heavy|demi|-medi(?:ital)?$|[.,-]bi?$")
_NAMES_ITALIC = re.compile(r"italic|oblique|-(?:regu|medi)ital$|[.,-]b?i$")
_NAMES_SYMBOLS = ("wingdings", "webdings", "dingbats")  # a lone one is the mark of a list item
_FILL_AND_STROKE = 2  # a text render mode: bold by thick outlines
_ITALIC_FLAG = 1 << 6  # bit 7 of a font's flags: ISO 32000-1, table 123


@dataclass(frozen=True)
class Box:
    """A rectangle, in points, y down; a line is a flat or narrow one."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def between(cls, corner: Point, other: Point) -> "Box":
        (x1, y1), (x2, y2) = corner, other
        return cls(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))

    @property
    def size(self) -> Point:
        return self.right - self.left, self.bottom - self.top


def _drawn(page: pypdfium2.PdfPage, turn: _Rotation) -> tuple[list[Box], list[Box]]:
    """The horizontal and vertical lines, with the edges of boxes, and the dots.

    The edges of backgrounds do not count. A page with very many lines has a drawing, and no lines.
    """
    rules: list[Box] = []
    dots: list[Box] = []
    for path in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=3):
        count = raw.FPDFPath_CountSegments(path)
        if count > _MAX_SEGMENTS:
            continue
        left, bottom, right, top = path.get_bounds()
        whole = Box.between(turn(left, bottom), turn(right, top))
        width, height = whole.size
        if 0 < width < _DOT and _ROUND[0] * height < width < _ROUND[1] * height:
            dots.append(whole)
            continue
        if min(whole.size) > _THIN and not _is_outlined(path):  # a background
            continue
        matrix = path.get_matrix()
        for start, end in _edges(path, count):
            edge = Box.between(turn(*matrix.on_point(*start)), turn(*matrix.on_point(*end)))
            if min(edge.size) < _THIN and max(edge.size) > _SHORT:
                rules.append(edge)
    return (rules if len(rules) <= _MAX_RULES else []), dots


def _is_outlined(path: pypdfium2.PdfObject) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, fill, stroke)
    return bool(stroke.value)


def _edges(path: pypdfium2.PdfObject, count: int) -> Iterator[tuple[Point, Point]]:
    """The straight edges of a drawing, from point to point."""
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[tuple[int, float, float]] = []
    first = (0.0, 0.0)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            first = (x.value, y.value)
        points.append((kind, x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment):
            points.append((raw.FPDF_SEGMENT_LINETO, *first))
    for (_, *start), (kind, *end) in pairwise(points):
        if kind == raw.FPDF_SEGMENT_LINETO:
            yield (start[0], start[1]), (end[0], end[1])


@dataclass(frozen=True)
class Word:
    """Characters without white space between them, in one style on one baseline (`base`)."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool
    italic: bool
    spaced: bool  # white space follows


@dataclass(frozen=True)
class Page:
    """The words of a page, and the lines drawn on it."""

    number: int  # from 1
    height: float
    words: tuple[Word, ...]
    rules: tuple[Box, ...]  # horizontal and vertical lines


@dataclass(frozen=True)
class _Style:
    size: float
    direction: int  # 0 to the right, 1 up, 2 to the left, 3 down; -1 slanted
    bold: bool
    italic: bool
    symbols: bool = False
    white: bool = False


_NO_STYLE = _Style(0, 0, False, False)


class _Char(NamedTuple):
    text: str  # empty: white space
    x: float
    y: float
    left: float
    right: float
    bottom: float
    top: float
    style: _Style


def read_page(document: pypdfium2.PdfDocument, number: int) -> Page:
    """Reads one page (from 1). Raises pypdfium2.PdfiumError: the page is damaged."""
    with closing(document[number - 1]) as page:
        with closing(page.get_textpage()) as text:
            characters = list(_characters(text))
        if any(char.style.white for char in characters):
            characters = _readable(page, characters)
        directions = Counter(char.style.direction for char in characters if char.text)
        directions.pop(-1, None)
        direction = directions.most_common(1)[0][0] if directions else 0
        turn, width, height = _turned(page.get_bbox(), direction)
        words = [
            word
            for word in _words([c for c in characters if c.style.direction == direction], turn)
            if 0 <= word.left <= word.right <= width and 0 <= word.base <= height and word.size > 0
        ]
        rules, dots = _drawn(page, turn) if words else ([], [])
        words += list(_bullets(dots, words))
    return Page(number, height, tuple(words), tuple(rules))


def _readable(page: pypdfium2.PdfPage, characters: Sequence[_Char]) -> list[_Char]:
    """The characters without white ones on white, which no reader sees."""
    width, height = page.get_size()
    scale = min(1.0, _PICTURE / max(width, height, 1))
    picture = page.render(scale=scale, grayscale=True)
    grey, (x, y) = bytes(picture.buffer), (ctypes.c_int(), ctypes.c_int())

    def place(across: float, up: float) -> tuple[int, int]:
        raw.FPDF_PageToDevice(page, 0, 0, picture.width, picture.height, 0, across, up, x, y)
        return x.value, y.value

    def is_seen(char: _Char) -> bool:
        (x1, y1), (x2, y2) = place(char.left, char.bottom), place(char.right, char.top)
        columns = range(max(0, min(x1, x2)), min(picture.width, max(x1, x2) + 1))
        top, bottom = max(0, min(y1, y2)), min(picture.height, max(y1, y2) + 1)
        rows = range(top, bottom, 1 + max(0, bottom - top) // _LOOKED_AT)
        return any(
            min(grey[row * picture.stride + columns.start : row * picture.stride + columns.stop])
            < _WHITE - _SHOWS
            for row in rows
            if columns
        )

    return [char for char in characters if not (char.text and char.style.white) or is_seen(char)]


def _turned(
    box: tuple[float, float, float, float], direction: int
) -> tuple[_Rotation, float, float]:
    """The turn of places on a page, and the page's width and height after it."""
    left, bottom, right, top = box
    width, height = right - left, top - bottom
    turns: tuple[_Rotation, ...] = (
        lambda x, y: (x - left, top - y),
        lambda x, y: (y - bottom, x - left),
        lambda x, y: (right - x, y - bottom),
        lambda x, y: (top - y, right - x),
    )
    sideways = direction in (1, 3)
    return turns[direction], height if sideways else width, width if sideways else height


def _characters(page: pypdfium2.PdfTextPage) -> Iterator[_Char]:
    """The characters in the order of the file, with the white space that PDFium finds."""
    x, y, box = ctypes.c_double(), ctypes.c_double(), raw.FS_RECTF()
    style, style_of = _NO_STYLE, 0
    handle = page.raw
    high = 0  # the first half of a character beyond U+FFFF: PDFium gives UTF-16
    for index in range(raw.FPDFText_CountChars(handle)):
        code = raw.FPDFText_GetUnicode(handle, index)
        if code >> 10 == _HIGH >> 10:
            high = code
            continue
        if code >> 10 == _LOW >> 10:
            code = 0x10000 + (high - _HIGH << 10) + code - _LOW if high else _UNKNOWN
        high = 0
        text = _HYPHENS.get(code) or (chr(code) if code else "")
        if not text.strip():  # also what PDFium adds: it is always white space
            yield _Char("", 0, 0, 0, 0, 0, 0, style)
            continue
        found = raw.FPDFText_GetTextObject(handle, index)
        owner = ctypes.addressof(found.contents) if found else 0
        if owner != style_of:  # all characters of a text object have one style
            style, style_of = _style(page, index), owner
        if style.size < _UNREADABLE:
            continue
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        raw.FPDFText_GetLooseCharBox(handle, index, box)
        yield _Char(text, x.value, y.value, box.left, box.right, box.bottom, box.top, style)


def _style(page: pypdfium2.PdfTextPage, index: int) -> _Style:
    matrix, flags, name = raw.FS_MATRIX(), ctypes.c_int(), ctypes.create_string_buffer(200)
    raw.FPDFText_GetMatrix(page, index, matrix)
    raw.FPDFText_GetFontInfo(page, index, name, len(name), flags)
    font = name.value.decode("utf-8", "replace").lower()
    owner = raw.FPDFText_GetTextObject(page, index)
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    raw.FPDFText_GetFillColor(page, index, red, green, blue, alpha)
    length = max(abs(matrix.a), abs(matrix.b))
    if min(abs(matrix.a), abs(matrix.b)) > 0.05 * length:
        direction = -1
    elif abs(matrix.a) >= abs(matrix.b):
        direction = 0 if matrix.a >= 0 else 2
    else:
        direction = 1 if matrix.b > 0 else 3
    return _Style(
        size=raw.FPDFText_GetFontSize(page, index) * (matrix.c**2 + matrix.d**2) ** 0.5,
        direction=direction,
        bold=bool(_NAMES_BOLD.search(font))
        or raw.FPDFTextObj_GetTextRenderMode(owner) == _FILL_AND_STROKE,
        italic=bool(_NAMES_ITALIC.search(font)) or bool(flags.value & _ITALIC_FLAG),
        symbols=any(part in font for part in _NAMES_SYMBOLS),
        white=min(red.value, green.value, blue.value) >= _WHITE,
    )


def _words(characters: list[_Char], turn: _Rotation) -> list[Word]:
    words: list[Word] = []
    text, left, right, base, style = "", 0.0, 0.0, 0.0, _NO_STYLE

    def finish(spaced: bool) -> None:
        if clean := without_control(unicodedata.normalize("NFC", text)):
            size, bold, italic = round(style.size, 1), style.bold, style.italic
            clean = "•" if style.symbols and len(clean) == 1 else clean
            words.append(Word(clean, left, right, base, size, bold, italic, spaced))

    for char in characters:
        if not char.text:
            finish(True)
            text = ""
            continue
        _, y = turn(char.x, char.y)
        sides = turn(char.left, char.bottom)[0], turn(char.right, char.top)[0]
        gap = min(sides) - right
        if text and (
            char.style != style
            or abs(y - base) > _SAME_LINE * style.size
            or not -style.size < gap < WORD_GAP * style.size
        ):
            finish(gap >= WORD_GAP * style.size)
            text = ""
        if not text:
            style, left, base = char.style, min(sides), y
        text, right = text + char.text, max(sides)
    finish(True)
    return words


def _bullets(dots: Sequence[Box], words: list[Word]) -> Iterator[Word]:
    """The marks of lists that are drawn, not written, as browsers do: a dot a little to the left of
    a word that begins a line."""
    firsts = words[:1] + [word for before, word in pairwise(words) if before.base != word.base]
    for dot in dots:
        for word in firsts:
            if (
                dot.right - dot.left < _BULLET * word.size
                and 0 < word.left - dot.right < _BULLET_GAP * word.size
                and 0 < word.base - (dot.top + dot.bottom) / 2 < 0.7 * word.size
            ):
                yield replace(word, text="•", left=dot.left, right=dot.right, spaced=True)
                break
