"""Form of the report's plots: static SVG without network, scripts or fonts.

Equal values give byte-identical plots. The two colours are Okabe and Ito's, which colour-blind
readers can distinguish; shape, dashes and words repeat them for print in grey.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

WIDTH = 350  # pixels, axes included: two plots fit side by side on A4
ROW = 20  # pixels, of a name or of a line of the legend
INK, PALE, GRID = "#1a1f29", "#a9bacb", "#dddddd"
COLOURS = ("#0072B2", "#D55E00")
DASHES = ("", "6 3")
_LETTER = 6  # pixels; about the mean of a sans-serif font of 11
_LONGEST = 28  # letters of a name beside its row
_RIGHT, _BELOW = 18, 36  # pixels around the plot: half a tick's label; labels and title


class Axis(NamedTuple):
    """Numbers from low to high: what they are, and the ticks as they are written."""

    title: str
    low: float
    high: float
    ticks: Mapping[float, str]


def shares(title: str) -> Axis:
    return Axis(title, 0, 1, {fifth / 5: f"{fifth / 5:.1f}" for fifth in range(6)})


def numbers(title: str, low: float, high: float) -> Axis:
    """From the round number at or below low to that at or above high; no part of one is a tick."""
    by = max(step(high - low, 5), 1.0)
    first, last = math.floor(low / by), max(math.ceil(high / by), math.floor(low / by) + 1)
    ticks = {number * by: f"{number * by:,.0f}" for number in range(first, last + 1)}
    return Axis(title, first * by, last * by, ticks)


def step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... that parts a span into no more than so many."""
    power = 10.0 ** math.floor(math.log10(span / most or 1))
    return next(power * one for one in (1, 2, 5, 10) if span <= power * one * most)


class Picture:
    """A plot while it is drawn, mark by mark: x and y are in the numbers or names of the axes.

    Args:
        x: the axis below.
        y: that on the left: numbers, or names from top to bottom.
        height: pixels, of numbers; a name has a row.
        lines, points: names in the legend, two at most, in the order of `which`.
    """

    def __init__(
        self,
        x: Axis,
        y: Axis | Sequence[str],
        *,
        height: int = 0,
        lines: Sequence[str] = (),
        points: Sequence[str] = (),
    ) -> None:
        self._x, self._y = x, y
        names = () if isinstance(y, Axis) else y
        longest = max((len(_short(name)) for name in names), default=0)
        self._left = 44 if isinstance(y, Axis) else 8 + _LETTER * longest
        # Room for the legend, or for a number above the highest point.
        self._top = 8 + ROW * (bool(lines or points) or isinstance(y, Axis))
        self._high = height or ROW * len(names)
        self._drawn: list[Markup] = []
        self._axes()
        self._legend(lines, points)

    def line(
        self,
        points: Sequence[tuple[float, float | str]],
        *,
        kind: str = "rule",
        which: int | None = None,
        dashes: str = "",
        width: int = 1,
    ) -> None:
        """From point to point, in ink or as one of the two that are told apart."""
        path = " L".join(f"{self._at(x):.1f} {self._row(y):.1f}" for x, y in points)
        if which is None:
            self._path(kind, f"M{path}", INK, width, dashes)
        else:
            self._path(kind, f"M{path}", COLOURS[which], 2, DASHES[which])

    def point(self, x: float, y: float | str, *, which: int = 0, area: float = 70) -> None:
        self._symbol("symbol", self._at(x), self._row(y), which, area)

    def bar(self, start: float, end: float, high: float) -> None:
        left, top = self._at(start), self._row(high)
        wide, tall = max(self._at(end) - left - 1, 0.5), self._row(0) - top
        self._add("rect", "bar", x=left, y=top, width=wide, height=tall, fill=PALE)

    def words(
        self, text: str, x: float, y: float, *, anchor: str, dx: int = 0, dy: int = 0
    ) -> None:
        self._text(text, self._at(x) + dx, self._row(y) + dy, anchor)

    def svg(self) -> str:
        size = f"0 0 {WIDTH} {self._top + self._high + _BELOW}"
        start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" '
        return f'{start}font-family="sans-serif" font-size="11">{"".join(self._drawn)}</svg>'

    def _at(self, x: float) -> float:
        share = (x - self._x.low) / (self._x.high - self._x.low)
        return self._left + share * (WIDTH - self._left - _RIGHT)

    def _row(self, y: float | str) -> float:
        if isinstance(self._y, Axis):
            share = (float(y) - self._y.low) / (self._y.high - self._y.low)
            return self._top + (1 - share) * self._high
        return self._top + ROW * (list(self._y).index(str(y)) + 0.5)

    def _axes(self) -> None:
        bottom, right = self._top + self._high, WIDTH - _RIGHT
        for value, told in self._x.ticks.items():
            at = self._at(value)
            self._path("grid", f"M{at:.1f} {self._top} V{bottom}", GRID)
            self._text(told, at, bottom + 14, "middle")
        self._text(self._x.title, (self._left + right) / 2, bottom + 30, "middle")
        if not isinstance(self._y, Axis):
            for name in self._y:
                self._text(_short(name), self._left - 6, self._row(name) + 4, "end")
            return
        for value, told in self._y.ticks.items():
            row = self._row(value)
            self._path("grid", f"M{self._left} {row:.1f} H{right}", GRID)
            self._text(told, self._left - 6, row + 4, "end")
        middle = (self._top + bottom) / 2
        self._text(self._y.title, 11, middle, "middle", transform=f"rotate(-90 11 {middle})")

    def _legend(self, lines: Sequence[str], points: Sequence[str]) -> None:
        left = 8
        for which, name in enumerate(lines or points):
            if lines:
                self._path("key", f"M{left} 8 h20", COLOURS[which], 2, DASHES[which])
            else:
                self._symbol("key", left + 10, 8, which, 70)
            self._text(name, left + 25, 12, "start")
            left += 40 + _LETTER * len(name)

    def _path(self, kind: str, path: str, colour: str, width: int = 1, dashes: str = "") -> None:
        self._add(
            "path",
            kind,
            d=path,
            fill="none",
            stroke=colour,
            **{"stroke-width": f"{width}", "stroke-dasharray": dashes},
        )

    def _symbol(self, kind: str, x: float, y: float, which: int, area: float) -> None:
        if which == 0:
            self._add("circle", kind, cx=x, cy=y, r=math.sqrt(area / math.pi), fill=COLOURS[0])
        else:
            half = math.sqrt(area / 2)
            path = f"M{x:.1f} {y - half:.1f} l{half:.1f} {half:.1f} -{half:.1f} {half:.1f}"
            self._add("path", kind, d=f"{path} -{half:.1f} -{half:.1f} z", fill=COLOURS[which])

    def _text(self, text: str, x: float, y: float, anchor: str, **more: str) -> None:
        self._add("text", "", text, x=x, y=y, fill=INK, **{"text-anchor": anchor}, **more)

    def _add(self, tag: str, kind: str, text: str = "", **attributes: str | float) -> None:
        told = {"class": kind, **attributes}
        written = Markup("").join(
            Markup(' {}="{}"').format(name, f"{value:.1f}" if isinstance(value, float) else value)
            for name, value in told.items()
            if value != ""
        )
        self._drawn.append(Markup("<{0}{1}>{2}</{0}>").format(tag, written, text))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def titled(svg: str, title: str) -> str:
    """Adds role=img, aria-label and <title>."""
    start, rest = svg.split(">", 1)
    return f'{start} role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>{rest}'
