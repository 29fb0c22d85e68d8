"""What stands on a page of a PDF: words with place and style, and ruled lines (pypdfium2).

All places are in points, x to the right and y down from the page's upper left corner, once the
page is turned so that most of its text runs to the right. Text that runs in another direction (a
stamp in the margin, a watermark) or outside of the page is left out.
"""

import ctypes
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import pypdfium2
from pypdfium2 import raw

from ingest.formats.encoding import without_control

_HYPHENS = {0x02: "-", 0xFFFE: "-"}  # how PDFium may give a hyphen at a line's end
_WORD_GAP = 0.15  # of the type size: a wider gap is a space, also where the file has none
_SAME_LINE = 0.05  # of the type size
_MAX_SEGMENTS = 2000  # of a drawing: a longer one is a picture, not the rules of a table
_BULLET = 0.6  # of the type size: how large the mark of a list item may be drawn
_BULLET_GAP = 1.5  # of the type size, between the mark and the text
_NAMES_BOLD = ("bold", "black", "heavy", "demi")
_NAMES_ITALIC = ("italic", "oblique")
_FILL_AND_STROKE = 2  # a text render mode: bold by thick outlines
_ITALIC_FLAG = 1 << 6

Turn = Callable[[float, float], tuple[float, float]]


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
class Rule:
    """A horizontal or vertical line."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def is_horizontal(self) -> bool:
        return self.right - self.left > self.bottom - self.top


@dataclass(frozen=True)
class Page:
    """`number` counts from 1."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class _Style:
    size: float
    direction: int  # 0 to the right, 1 up, 2 to the left, 3 down; -1 slanted
    bold: bool
    italic: bool


@dataclass(frozen=True)
class _Char:
    text: str  # empty: white space
    x: float
    y: float
    left: float
    right: float
    bottom: float
    top: float
    style: _Style


def read_page(document: pypdfium2.PdfDocument, number: int) -> Page:
    """Reads one page (from 1).

    Raises:
        pypdfium2.PdfiumError: the page is damaged.
    """
    page = document[number - 1]
    try:
        text = page.get_textpage()
        characters = list(_characters(text))
        text.close()
        directions = Counter(char.style.direction for char in characters if char.text)
        directions.pop(-1, None)
        direction = directions.most_common(1)[0][0] if directions else 0
        turn, width, height = _turned(page.get_bbox(), direction)
        words = [
            word
            for word in _words([c for c in characters if c.style.direction == direction], turn)
            if 0 <= word.left <= word.right <= width and 0 <= word.base <= height and word.size > 0
        ]
        rules = tuple(_rules(page, turn)) if words else ()
        words += _drawn_bullets(page, turn, words)
    finally:
        page.close()
    return Page(number, width, height, tuple(words), rules)


def _turned(box: tuple[float, float, float, float], direction: int) -> tuple[Turn, float, float]:
    """How to turn places on a page, its width and its height then."""
    left, bottom, right, top = box
    width, height = right - left, top - bottom
    turns: tuple[Turn, ...] = (
        lambda x, y: (x - left, top - y),
        lambda x, y: (y - bottom, x - left),
        lambda x, y: (right - x, y - bottom),
        lambda x, y: (top - y, right - x),
    )
    sideways = direction in (1, 3)
    return turns[direction], height if sideways else width, width if sideways else height


def _characters(page: pypdfium2.PdfTextPage) -> Iterator[_Char]:
    """The characters in the order of the file, with the white space that PDFium sees."""
    x, y, box = ctypes.c_double(), ctypes.c_double(), raw.FS_RECTF()
    style, style_of = _Style(0, 0, False, False), 0
    handle = page.raw
    for index in range(raw.FPDFText_CountChars(handle)):
        code = raw.FPDFText_GetUnicode(handle, index)
        text = _HYPHENS.get(code) or (chr(code) if code else "")
        if not text.strip() or raw.FPDFText_IsGenerated(handle, index) == 1:
            yield _Char("", 0, 0, 0, 0, 0, 0, style)
            continue
        found = raw.FPDFText_GetTextObject(handle, index)
        owner = ctypes.addressof(found.contents) if found else 0
        if owner != style_of:  # all characters of a text object have one style
            style, style_of = _style(page, index), owner
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        raw.FPDFText_GetLooseCharBox(handle, index, box)
        yield _Char(text, x.value, y.value, box.left, box.right, box.bottom, box.top, style)


def _style(page: pypdfium2.PdfTextPage, index: int) -> _Style:
    matrix, flags, name = raw.FS_MATRIX(), ctypes.c_int(), ctypes.create_string_buffer(200)
    raw.FPDFText_GetMatrix(page, index, matrix)
    raw.FPDFText_GetFontInfo(page, index, name, len(name), flags)
    font = name.value.decode("utf-8", "replace").lower()
    owner = raw.FPDFText_GetTextObject(page, index)
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
        bold=any(part in font for part in _NAMES_BOLD)
        or raw.FPDFTextObj_GetTextRenderMode(owner) == _FILL_AND_STROKE,
        italic=any(part in font for part in _NAMES_ITALIC) or bool(flags.value & _ITALIC_FLAG),
    )


def _words(characters: list[_Char], turn: Turn) -> list[Word]:
    words: list[Word] = []
    text, left, right, base = "", 0.0, 0.0, 0.0
    style = _Style(0, 0, False, False)

    def finish(spaced: bool) -> None:
        if clean := without_control(unicodedata.normalize("NFC", text)):
            size, bold, italic = round(style.size, 1), style.bold, style.italic
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
            or not -style.size < gap < _WORD_GAP * style.size
        ):
            finish(gap >= _WORD_GAP * style.size)
            text = ""
        if not text:
            style, left, base = char.style, min(sides), y
        text, right = text + char.text, max(sides)
    finish(True)
    return words


def _drawn_bullets(page: pypdfium2.PdfPage, turn: Turn, words: list[Word]) -> list[Word]:
    """The marks of lists that are drawn rather than written, as browsers do.

    That is a small figure as wide as it is high, a little to the left of a word that begins a line.
    """
    bullets: list[Word] = []
    firsts = [word for word, before in zip(words, [None, *words], strict=False)
              if before is None or before.base != word.base]  # fmt: skip
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=3):
        left, bottom, right, top = item.get_bounds()
        (x1, y1), (x2, y2) = turn(left, bottom), turn(right, top)
        width, height, middle = abs(x2 - x1), abs(y2 - y1), (y1 + y2) / 2
        if not 0.8 < width / (height or 1) < 1.25:
            continue
        for word in firsts:
            if (
                width < _BULLET * word.size
                and 0 < word.left - max(x1, x2) < _BULLET_GAP * word.size
                and 0 < word.base - middle < 0.7 * word.size
            ):
                mark = replace(word, text="•", left=min(x1, x2), right=max(x1, x2), spaced=True)
                bullets.append(mark)
                break
    return bullets


def _rules(page: pypdfium2.PdfPage, turn: Turn) -> Iterator[Rule]:
    """The horizontal and vertical lines, and the edges of boxes."""
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=3):
        count = raw.FPDFPath_CountSegments(item)
        if count > _MAX_SEGMENTS:
            continue
        matrix = item.get_matrix()
        for (x1, y1), (x2, y2) in _edges(item, count):
            (left, top), (right, bottom) = (
                turn(*matrix.on_point(x1, y1)),
                turn(*matrix.on_point(x2, y2)),
            )
            dx, dy = abs(right - left), abs(bottom - top)
            if min(dx, dy) < 1 and max(dx, dy) > 3:
                yield Rule(min(left, right), min(top, bottom), max(left, right), max(top, bottom))


def _edges(
    path: pypdfium2.PdfObject, count: int
) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
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
