"""Form of the report's plots: static SVG without network, scripts or fonts.

Drawn with Altair, rendered by vl-convert; equal rows give byte-identical plots. The two colours
are Okabe and Ito's, which colour-blind readers can distinguish; shape, dashes and words repeat them
for print in grey.
"""

import io
from collections.abc import Sequence

import altair as alt
from markupsafe import escape

Row = dict[str, str | float]

WIDTH = 350  # pixels, axes included: two plots fit side by side on A4
INK, PALE = "#1a1f29", "#a9bacb"
COLOURS = ["#0072B2", "#D55E00"]
DASHES = [[1, 0], [6, 3]]
SHARE = alt.Scale(domain=[0, 1])
FIFTHS = alt.Axis(tickCount=5)  # shares at 0, 0.2, ..., 1
# Vega cuts the labels of a legend at 160 pixels if no other limit is set.
LEGEND = alt.Legend(orient="top", offset=4, title=None, labelLimit=WIDTH)


def chart(rows: Sequence[Row]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))


def distinct(field: str, rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row[field]) for row in rows))


def told_apart(
    field: str,
    names: list[str],
    channel: type[alt.StrokeDash] | type[alt.Shape],
    values: Sequence[str | Sequence[float]],
) -> tuple[alt.Color, alt.StrokeDash | alt.Shape]:
    """Encodes a field by colour and a second channel, for readers in grey."""

    def scale(of: Sequence[str | Sequence[float]]) -> alt.Scale:
        return alt.Scale(domain=names, range=list(of[: len(names)]))

    return (
        alt.Color(f"{field}:N", scale=scale(COLOURS), legend=LEGEND),
        channel(f"{field}:N", scale=scale(values), legend=LEGEND),
    )


def svg(layers: Sequence[alt.Chart], *, height: int | alt.Step) -> str:
    chart = (
        alt.layer(*layers)
        .properties(width=WIDTH, height=height, autosize=alt.AutoSizeParams(type="fit-x"))
        .configure(font="sans-serif", padding=2, background="transparent", aria=False)
        .configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal")
        .configure_axisY(labelLimit=170)
        .configure_legend(labelFontSize=11, symbolSize=70, symbolStrokeWidth=2)
        .configure_text(fontSize=11)
        .configure_view(stroke=None)
    )
    text = io.StringIO()
    chart.save(text, format="svg")
    return text.getvalue()


def titled(svg: str, title: str) -> str:
    """Adds role=img, aria-label and <title>."""
    start, rest = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").split(">", 1)
    return f'{start} role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>{rest}'
