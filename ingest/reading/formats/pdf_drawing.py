"""Drawings on a page of a PDF that concern its text: ruled lines and dots."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pypdfium2
from pypdfium2 import raw

_MAX_SEGMENTS = 2000  # of a drawing: a longer one is a picture, not the rules of a table
_MAX_RULES = 1000  # on a page: more is a drawing
_THIN = 1.0  # points; what is thicker is a bar or a background, not a rule
_SHORT = 3.0  # points; what is shorter is the end of a rule, or a part of a drawing
_DOT = 12.0  # points; how small it must be depends on the text beside it
_ROUND = (0.8, 1.25)  # width to height of a dot: circles are drawn inexactly, dashes are longer

Point = tuple[float, float]
Rotation = Callable[[float, float], Point]
"""From a place in the file to one on the page as it is read."""


@dataclass(frozen=True)
class Box:
    """A rectangle, in points, y down; a line is a flat or narrow one."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def between(cls, one: Point, other: Point) -> "Box":
        (x1, y1), (x2, y2) = one, other
        return cls(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))

    @property
    def size(self) -> Point:
        return self.right - self.left, self.bottom - self.top


def drawn(page: pypdfium2.PdfPage, turn: Rotation) -> tuple[list[Box], list[Box]]:
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
