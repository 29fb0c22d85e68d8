"""The plot of a benchmark."""

import io
from collections.abc import Sequence

import altair as alt

from research.benchmarks.documents_read import DocumentsRead
from research.benchmarks.embedding import EmbeddingBy
from research.benchmarks.latency import LatencyAt
from research.benchmarks.pages import PagesAt
from research.benchmarks.retrieval import Comparison
from research.benchmarks.scale import Scale

Figures = Comparison | DocumentsRead | EmbeddingBy | LatencyAt | PagesAt | Scale
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"]  # Okabe and Ito's


def plot(figures: Sequence[Figures]) -> str:
    """SVG plot: time (and for `scale` memory) against size; for `retrieval` hit@1 of both sides;
    for `documents` shares over all files; for `embedding` times of both engines; for `pages`
    questions per second."""
    rows = [row for figure in figures for row in _rows(figure)]
    if isinstance(figures[0], Comparison):
        return _svg(_bars(rows, "hit@1", "retriever", "set"))
    if isinstance(figures[0], DocumentsRead):
        return _svg(_bars(rows, "share", "what", "documents"))
    if isinstance(figures[0], EmbeddingBy):
        return _svg(_bars(rows, "milliseconds", "engine", "what"))
    if isinstance(figures[0], PagesAt):
        return _svg(_bars(rows, "questions a second", "checkout", "readers"))
    charts = [_lines([r for r in rows if r["unit"] == unit], unit) for unit in _units(rows)]
    return _svg(alt.hconcat(*charts).resolve_scale(color="independent"))


def _rows(figure: Figures) -> list[dict[str, str | float]]:
    if isinstance(figure, Comparison):
        sides = {"ours": figure.ours.hit_at_1, "plain": figure.plain.hit_at_1}
        name = f"{figure.name} {figure.language}"
        return [{"set": name, "retriever": side, "hit@1": hit} for side, hit in sides.items()]
    if isinstance(figure, DocumentsRead):
        named = figure.shares() if figure.name.startswith("all") else {}
        return [
            {"documents": figure.name, "what": what, "share": share.value}
            for what, share in named.items()
            if share.value is not None
        ]
    if isinstance(figure, EmbeddingBy):
        measured = {
            "a question": figure.question.p50,
            "a passage": figure.passage.p50,
            "a passage, on all cores": figure.at_once,
        }
        return [
            {"engine": figure.engine, "what": what, "milliseconds": value}
            for what, value in measured.items()
        ]
    if isinstance(figure, PagesAt):
        return [
            {
                "readers": figure.readers,
                "checkout": figure.checkout,
                "questions a second": figure.per_second,
            }
        ]
    if isinstance(figure, Scale):
        values = {
            "seconds": {
                "write all": figure.full,
                "unchanged": figure.unchanged.median,
                "one document": figure.one_document.median,
            },
            "MB": {"memory": figure.memory, "disk": figure.disk},
        }
    else:
        values = {
            "milliseconds": {
                "alone p50": figure.alone.p50,
                "alone p95": figure.alone.p95,
                "one document p50": figure.narrow.p50,
                "16 threads p50": figure.together.p50,
                "16 threads p95": figure.together.p95,
            }
        }
    return [
        {"passages": figure.passages, "unit": unit, "what": what, "value": value}
        for unit, named in values.items()
        for what, value in named.items()
    ]


def _units(rows: Sequence[dict[str, str | float]]) -> list[str]:
    return list(dict.fromkeys(str(row["unit"]) for row in rows))


def _lines(rows: Sequence[dict[str, str | float]], unit: str) -> alt.Chart:
    names = list(dict.fromkeys(str(row["what"]) for row in rows))
    colours = alt.Scale(domain=names, range=_COLOURS[: len(names)])
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_line(point=True)
    lines: alt.Chart = chart.encode(
        alt.X("passages:Q", scale=alt.Scale(type="log")),
        alt.Y("value:Q", title=unit, scale=alt.Scale(type="log")),
        alt.Color("what:N", scale=colours, legend=alt.Legend(orient="top", title=None)),
        alt.StrokeDash("what:N", scale=alt.Scale(domain=names), legend=None),
    )
    return lines.properties(width=300, height=220)


def _bars(rows: Sequence[dict[str, str | float]], value: str, by: str, within: str) -> alt.Chart:
    """Bar chart of a value for each `by`, in a row for each `within`."""
    names = list(dict.fromkeys(str(row[by]) for row in rows))
    bars: alt.Chart = (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_bar()
        .encode(
            alt.X(f"{value}:Q"),
            alt.Y(f"{by}:N", title=None),
            alt.Row(f"{within}:N"),
            alt.Color(f"{by}:N", scale=alt.Scale(range=_COLOURS[: len(names)]), legend=None),
        )
        .properties(width=300)
    )
    return bars


def _svg(chart: alt.Chart | alt.HConcatChart) -> str:
    text = io.StringIO()
    chart.configure(font="sans-serif", background="white", padding=4).save(text, format="svg")
    return text.getvalue()
