"""Plot of the share of questions refused by threshold of the confidence, as SVG."""

import io
from collections.abc import Mapping

import altair as alt
import numpy as np
from numpy.typing import NDArray

from eval.drawing import COLOURS, INK, SHARE

_COLOURS = [*COLOURS, "#009E73"]  # Okabe and Ito's, as in the report
_DASHES = [[2, 2], [6, 3], [1, 0]]


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
            alt.X("threshold:Q", title="refuse below this confidence", scale=SHARE),
            alt.Y("share:Q", title="share of the questions refused", scale=SHARE),
            alt.Color("questions:N", scale=alt.Scale(domain=domain, range=_COLOURS), legend=legend),
            alt.StrokeDash(
                "questions:N", scale=alt.Scale(domain=domain, range=_DASHES), legend=legend
            ),
        )
    )
    mark = alt.Chart(alt.InlineData(values=[{"threshold": in_use, "text": f"in use: {in_use}"}]))
    here = mark.encode(x="threshold:Q")
    chart = (
        alt.layer(
            curves,
            here.mark_rule(color=INK),
            here.mark_text(align="left", dx=4, y=8, color=INK).encode(text="text:N"),
        )
        .properties(width=360, height=240)
        .configure(font="sans-serif", background="white", padding=6)
        .configure_view(stroke=None)
    )
    text = io.StringIO()
    chart.save(text, format="svg")
    return text.getvalue()
