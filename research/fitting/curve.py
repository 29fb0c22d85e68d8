"""Plots as SVG: the share refused by threshold of the confidence, and the share right by chance."""

import io
from collections.abc import Mapping

import altair as alt
import numpy as np
from numpy.typing import NDArray

_COLOURS = ["#0072B2", "#D55E00", "#009E73"]  # Okabe and Ito's
_DASHES = [[2, 2], [6, 3], [1, 0]]
_INK = "#1a1f29"
_BINS = 10
_SHARE = alt.Scale(domain=[0, 1])


def chance_curve(grounds: Mapping[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> str:
    """SVG of the share of statements that are right by the chance that was said of them.

    Args:
        grounds: name -> the chances, and whether each statement is right.
    """
    rows = []
    for name, (chances, right) in grounds.items():
        order = np.argsort(chances)
        for some in np.array_split(order, _BINS):
            point = {"said": float(chances[some].mean()), "right": float(right[some].mean())}
            rows.append({"ground": name, **point})
    legend = alt.Legend(orient="right", title=None, labelLimit=240, symbolStrokeWidth=2)
    curves = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            alt.X("said:Q", title="chance said", scale=_SHARE),
            alt.Y("right:Q", title="share right", scale=_SHARE),
            alt.Color("ground:N", scale=alt.Scale(range=_COLOURS), legend=legend),
            alt.StrokeDash("ground:N", scale=alt.Scale(range=_DASHES), legend=legend),
        )
    )
    ideal = alt.Chart(alt.InlineData(values=[{"said": 0, "right": 0}, {"said": 1, "right": 1}]))
    line = ideal.mark_line(color=_INK, opacity=0.4).encode(x="said:Q", y="right:Q")
    return _svg(alt.LayerChart(layer=[curves, line]))


def refusal_curve(groups: Mapping[str, NDArray[np.float64]], in_use: float) -> str:
    """SVG of the share of each group with a confidence below the threshold.

    Args:
        groups: name -> confidence of each question.
        in_use: threshold to mark.
    """
    rows = [
        {"questions": name, "threshold": step / 100, "share": float((of < step / 100).mean())}
        for name, of in groups.items()
        for step in range(101)
    ]
    domain = list(groups)
    legend = alt.Legend(orient="right", title=None, labelLimit=240, symbolStrokeWidth=2)
    curves = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            alt.X("threshold:Q", title="refuse below this confidence", scale=_SHARE),
            alt.Y("share:Q", title="share of the questions refused", scale=_SHARE),
            alt.Color("questions:N", scale=alt.Scale(domain=domain, range=_COLOURS), legend=legend),
            alt.StrokeDash(
                "questions:N", scale=alt.Scale(domain=domain, range=_DASHES), legend=legend
            ),
        )
    )
    mark = alt.Chart(alt.InlineData(values=[{"threshold": in_use, "text": f"in use: {in_use}"}]))
    here = mark.encode(x="threshold:Q")
    text = here.mark_text(align="left", dx=4, y=8, color=_INK).encode(text="text:N")
    return _svg(alt.LayerChart(layer=[curves, here.mark_rule(color=_INK), text]))


def _svg(chart: alt.LayerChart) -> str:
    sized = (
        chart.properties(width=360, height=240)
        .configure(font="sans-serif", background="white", padding=6)
        .configure_view(stroke=None)
    )
    text = io.StringIO()
    sized.save(text, format="svg")
    return text.getvalue()
