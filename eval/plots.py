"""Plots of the report: what is drawn of a run, and how to read it."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from eval.drawing import Picture, numbers, shares, step, titled
from eval.results import Results, Summary

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
