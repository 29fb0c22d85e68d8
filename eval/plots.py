"""Plots of a report, drawn as SVG.

Equal values give byte-identical plots. The two colours are Okabe and Ito's, which colour-blind
readers can distinguish; shape, dashes and words repeat them for print in grey.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from markupsafe import Markup, escape

from eval.results import Results, Summary

# Form of the report's plots: static SVG without network, scripts or fonts.


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


# Plots of the report: what is drawn of a run, and how to read it.


Draw = Callable[[Results], str]

MOST_GROUPS = 25  # the largest; at 20 pixels each half a page of A4, and the tables have all
MOST_BARS = 20
PERCENTILES = {"p50": "median", "p95": "95th percentile"}


class Plot(NamedTuple):
    """A picture with its title, and a caption that says how to read it."""

    title: str
    caption: str
    svg: str


def plots(results: Results) -> tuple[Plot, ...]:
    """All plots with data, in the order of the report."""
    drawn = (Plot(title, caption, draw(results)) for title, (draw, caption) in PLOTS.items())
    return tuple(
        plot._replace(svg=titled(plot.svg, f"{plot.title}. {plot.caption}"))
        for plot in drawn
        if plot.svg
    )


def refusals(results: Results) -> str:
    """Share of questions with a confidence below each threshold."""
    kinds = {"unanswerable questions": False, "answerable questions": True}
    sure = {
        kind: [one.confidence for one in results.questions if one.answerable is answerable]
        for kind, answerable in kinds.items()
    }
    sure = {kind: of for kind, of in sure.items() if of}
    if not sure:
        return ""
    x, y = shares("threshold for the confidence"), shares("share refused")
    picture = Picture(x, y, height=180, lines=list(sure))
    for which, of in enumerate(sure.values()):
        refused = [sum(one < percent / 100 for one in of) / len(of) for percent in range(101)]
        steps = [(0.0, refused[0])]
        for percent, share in enumerate(refused):
            steps += [(percent / 100, steps[-1][1]), (percent / 100, share)]
        picture.line(steps, kind="line", which=which)
    in_use = results.stamp.settings.get("refuse_below")
    if isinstance(in_use, int | float):
        picture.line([(in_use, 0), (in_use, 1)])
        picture.words(f"in use: {in_use}", in_use, 1, anchor="end", dx=-4, dy=12)
    return picture.svg()


def reliability(results: Results) -> str:
    """Reliability diagram: mean confidence and share answerable per bin, with the diagonal."""
    if results.calibration is None or not results.calibration.bins:
        return ""
    picture = Picture(shares("mean confidence"), shares("share answerable"), height=180)
    picture.line([(0, 0), (1, 1)], dashes="4 3")
    most = max(one.n for one in results.calibration.bins)
    for one in results.calibration.bins:
        picture.point(one.confidence, one.answerable, area=30 + 370 * one.n / most)
        picture.words(str(one.n), one.confidence, one.answerable, anchor="middle", dy=-14)
    return picture.svg()


def latency(results: Results) -> str:
    """Histogram of latencies, with median and 95th percentile."""
    if not results.questions:
        return ""
    taken = [one.latency_ms for one in results.questions]
    marks = {
        f"{told}: {value:.0f} ms": value
        for name, told in PERCENTILES.items()
        if (value := results.overall.latency_ms.get(name)) is not None
    }
    wide = step(max(taken) - min(taken), MOST_BARS)
    counts = Counter(int(one // wide) for one in taken)
    x = numbers("milliseconds", min(counts) * wide, (max(counts) + 1) * wide)
    y = numbers("questions", 0, max(counts.values()))
    picture = Picture(x, y, height=150, lines=list(marks))
    for number, count in sorted(counts.items()):
        picture.bar(number * wide, (number + 1) * wide, count)
    for which, value in enumerate(marks.values()):
        picture.line([(value, y.low), (value, y.high)], which=which)
    return picture.svg()


def stages(results: Results) -> str:
    """Median and 95th percentile of each stage, in order."""
    taken = {
        stage.replace("_", " "): [values.get(name) for name in PERCENTILES]
        for stage, values in results.overall.stages_ms.items()
    }
    known = {stage: [one for one in both if one is not None] for stage, both in taken.items()}
    known = {stage: both for stage, both in known.items() if both}
    if not known:
        return ""
    x = numbers("milliseconds", 0, max(max(both) for both in known.values()))
    picture = Picture(x, list(known), points=list(PERCENTILES.values()))
    for stage, both in known.items():
        picture.line([(min(both), stage), (max(both), stage)])
        for which, value in enumerate(taken[stage]):
            if value is not None:
                picture.point(value, stage, which=which)
    return picture.svg()


def _by_group(grouping: str, group: str, figure: str, results: Results) -> str:
    """Rate of each group of questions with its 95% interval, best first."""
    summaries: Mapping[str, Summary] = getattr(results, grouping)
    rows = []
    for name, summary in sorted(summaries.items(), key=lambda one: (-one[1].n, one[0])):
        rate = getattr(summary, group).get(figure)
        bounds = summary.intervals.get(group, {}).get(figure)
        if rate is not None:
            rows.append((f"{name} ({summary.n})", rate, bounds or (rate, rate)))
    rows = sorted(rows[:MOST_GROUPS], key=lambda row: row[1], reverse=True)
    if not rows:
        return ""
    picture = Picture(shares(figure.replace("_", " ")), [name for name, _, _ in rows])
    for name, rate, (low, high) in rows:
        picture.line([(low, name), (high, name)], width=2)
        picture.point(rate, name)
    return picture.svg()


PLOTS: Mapping[str, tuple[Draw, str]] = {
    "Right on the first screen, by language": (
        partial(_by_group, "by_language", "reading", "right"),
        "Dot: share of the answerable questions. Line: its 95% interval. In brackets: how many "
        "questions.",
    ),
    "Right on the first screen, by kind of question": (
        partial(_by_group, "by_kind", "reading", "right"),
        "Of the answerable questions of each kind.",
    ),
    "Useful answers by language": (
        partial(_by_group, "by_language", "answers", "useful_answer_rate"),
        "Dot: share with all facts anywhere in the answer, or rightly refused.",
    ),
    "Useful answers by document": (
        partial(_by_group, "by_document", "answers", "useful_answer_rate"),
        f"A question counts for each document that answers it; at most {MOST_GROUPS} are drawn.",
    ),
    "Time by stage": (
        stages,
        "From the median to the 95th percentile of each stage of answering; shorter is better.",
    ),
    "Refusals by threshold": (
        refusals,
        "Solid: refused rightly, should be high. Dashed: refused wrongly, should be low.",
    ),
    "Reliability of the confidence": (
        reliability,
        "Below the dashed diagonal the assistant is too sure, above it too unsure. Number and "
        "size: questions.",
    ),
    "Time for an answer": (
        latency,
        "Height of a bar: how many questions took that long. Half took less than the median.",
    ),
}
"""Title -> drawing function and caption."""
