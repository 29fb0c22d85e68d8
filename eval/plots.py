"""Plots of the report: what is drawn of a run, and how to read it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import altair as alt

from eval.drawing import (
    COLOURS,
    DASHES,
    FIFTHS,
    INK,
    PALE,
    SHARE,
    Row,
    chart,
    distinct,
    svg,
    titled,
    told_apart,
)
from eval.results import Results, Summary

Draw = Callable[[Results], str]

MOST_GROUPS = 25  # the largest; at 20 pixels each half a page of A4, and the tables have all
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
    rows: list[Row] = []
    for kind, answerable in kinds.items():
        sure = [one.confidence for one in results.questions if one.answerable is answerable]
        for threshold in (step / 100 for step in range(101) if sure):
            share = sum(confidence < threshold for confidence in sure) / len(sure)
            rows.append({"kind": kind, "threshold": threshold, "share": share})
    if not rows:
        return ""
    curves = chart(rows).encode(
        alt.X("threshold:Q", title="threshold for the confidence", scale=SHARE, axis=FIFTHS),
        alt.Y("share:Q", title="share refused", scale=SHARE, axis=FIFTHS),
        *told_apart("kind", list(kinds), alt.StrokeDash, DASHES),
    )
    layers = [curves.mark_line(interpolate="step-after", strokeWidth=2)]
    in_use = results.stamp.settings.get("refuse_below")
    if isinstance(in_use, int | float):
        here = chart([{"threshold": in_use, "text": f"in use: {in_use}"}]).encode(x="threshold:Q")
        layers.append(here.mark_rule(color=INK))
        layers.append(here.mark_text(align="right", dx=-4, y=8, color=INK).encode(text="text:N"))
    return svg(layers, height=180)


def reliability(results: Results) -> str:
    """Reliability diagram: mean confidence and share answerable per bin, with the diagonal."""
    if results.calibration is None or not results.calibration.bins:
        return ""
    equal: list[Row] = [{"confidence": end, "answerable": end} for end in (0, 1)]
    bins = chart([one.model_dump() for one in results.calibration.bins]).encode(
        alt.X("confidence:Q", title="mean confidence", scale=SHARE, axis=FIFTHS),
        alt.Y("answerable:Q", title="share answerable", scale=SHARE, axis=FIFTHS),
    )
    size = alt.Size("n:Q", scale=alt.Scale(range=[30, 400]), legend=None)
    layers = [
        chart(equal)
        .encode(x="confidence:Q", y="answerable:Q")
        .mark_line(color=INK, strokeDash=[4, 3], strokeWidth=1),
        bins.encode(size).mark_circle(color=COLOURS[0], opacity=1, stroke="white"),
        bins.encode(text="n:Q").mark_text(baseline="bottom", dy=-12, color=INK),
    ]
    return svg(layers, height=180)


def latency(results: Results) -> str:
    """Histogram of latencies, with median and 95th percentile."""
    if not results.questions:
        return ""
    bars = chart([{"ms": one.latency_ms} for one in results.questions]).encode(
        alt.X("ms:Q", bin=alt.Bin(maxbins=20), title="milliseconds"),
        alt.Y("count():Q", title="questions", axis=alt.Axis(tickMinStep=1)),
    )
    layers = [bars.mark_bar(color=PALE)]
    marks: list[Row] = [
        {"ms": value, "mark": f"{PERCENTILES.get(name, name)}: {value:.0f} ms"}
        for name, value in results.overall.latency_ms.items()
        if value is not None
    ]
    if marks:
        apart = told_apart("mark", distinct("mark", marks), alt.StrokeDash, DASHES)
        layers.append(chart(marks).encode(alt.X("ms:Q"), *apart).mark_rule(strokeWidth=2))
    return svg(layers, height=150)


def stages(results: Results) -> str:
    """Median and 95th percentile of each stage, in order."""
    rows: list[Row] = [
        {"stage": stage.replace("_", " "), "mark": PERCENTILES.get(name, name), "ms": value}
        for stage, values in results.overall.stages_ms.items()
        for name, value in values.items()
        if value is not None
    ]
    if not rows:
        return ""
    base = chart(rows).encode(alt.Y("stage:N", sort=distinct("stage", rows), title=None))
    layers = [
        base.encode(x="min(ms):Q", x2="max(ms):Q").mark_rule(color=INK),
        base.encode(
            alt.X("ms:Q", title="milliseconds"),
            *told_apart("mark", distinct("mark", rows), alt.Shape, ["circle", "diamond"]),
        ).mark_point(filled=True, size=70, opacity=1),
    ]
    return svg(layers, height=alt.Step(20))


def _by_group(grouping: str, group: str, figure: str, results: Results) -> str:
    """Rate of each group of questions with its 95% interval, best first."""
    summaries: Mapping[str, Summary] = getattr(results, grouping)
    rows: list[Row] = []
    for name, summary in sorted(summaries.items(), key=lambda one: (-one[1].n, one[0])):
        rate = getattr(summary, group).get(figure)
        bounds = summary.intervals.get(group, {}).get(figure)
        if rate is not None:
            low, high = bounds or (rate, rate)
            rows.append({"group": f"{name} ({summary.n})", "rate": rate, "low": low, "high": high})
    rows = sorted(rows[:MOST_GROUPS], key=lambda row: float(row["rate"]), reverse=True)
    if not rows:
        return ""
    base = chart(rows).encode(alt.Y("group:N", sort=distinct("group", rows), title=None))
    layers = [
        base.encode(
            alt.X("low:Q", title=figure.replace("_", " "), scale=SHARE, axis=FIFTHS), x2="high:Q"
        ).mark_rule(color=INK, strokeWidth=2),
        base.encode(x="rate:Q").mark_circle(color=COLOURS[0], size=80, opacity=1),
    ]
    return svg(layers, height=alt.Step(20))


PLOTS: Mapping[str, tuple[Draw, str]] = {
    "All facts on the first screen, by language": (
        partial(_by_group, "by_language", "reading", "complete"),
        "Dot: share of the answerable questions. Line: its 95% interval. In brackets: how many "
        "questions.",
    ),
    "All facts on the first screen, by kind of question": (
        partial(_by_group, "by_kind", "reading", "complete"),
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
