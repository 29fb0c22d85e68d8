"""How the figures went from run to run, as charts and as a table."""

import datetime
import json
from collections.abc import Sequence

import altair as alt
import streamlit as st

from eval.run_report import HEADLINES, Figure, figures, number
from ui import formats
from ui.evaluation.kept_runs import KeptRun, when
from ui.evaluation.tables import READERS_FIGURES, explanation, label, localised, with_interval
from ui.markup import escape, facts_html, table_html
from ui.texts import Texts

DEFAULT = ("reading.complete", "answers.useful_answer_rate")
SHAPES = {"other": "circle", "accepted": "square", "chosen": "diamond"}
HEIGHT = 260  # pixels; in a lower chart a change of a few points cannot be seen
INK = {"light": "#16202b", "dark": "#e8edf3"}  # the theme's text colours


def show(run: KeptRun, there: Sequence[KeptRun], texts: Texts) -> None:
    """The runs that asked the same questions as this one, oldest first."""
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.trend.heading"))}</h2>')
    same = [other for other in reversed(there) if _asked_the_same(run, other)]
    told = texts("evaluation.trend.same", n=len(same), left_out=len(there) - len(same))
    st.html(facts_html(told))
    if len(same) < 2:
        st.info(texts("evaluation.trend.too_few"))
        return
    chosen = st.multiselect(
        texts("evaluation.trend.figures"),
        _figures_of(run),
        default=[name for name in DEFAULT if name in _figures_of(run)],
        format_func=lambda name: _label(name, texts),
        key="evaluation-trend",
        persist_state="session",
    )
    charts, table = st.tabs(
        [texts("evaluation.trend.charts"), texts("evaluation.trend.table")],
        key="evaluation-trend-tab",
    )
    with charts:
        st.html(facts_html(texts("evaluation.trend.reading")))
        for name in chosen:
            group, _, figure = name.partition(".")
            st.html(
                f'<h3 class="sw-small">{escape(_label(name, texts))}</h3>'
                + facts_html(explanation(group, figure, texts))
            )
            st.altair_chart(
                _chart(name, same, run, texts),
                alt=texts("evaluation.trend.alt", name=_label(name, texts)),
            )
    table.html(_table_html(chosen, same, texts))


def _asked_the_same(run: KeptRun, other: KeptRun) -> bool:
    if run.figures is None or other.figures is None:
        return False
    asked, also = run.figures, other.figures
    return asked.stamp.questions == also.stamp.questions and asked.overall.n == also.overall.n


def _figures_of(run: KeptRun) -> list[str]:
    """The figures that apply to a run, the headlines first: "group.name"."""
    if run.figures is None:
        return []
    there = figures(run.figures.overall)
    names = [f"{one.group}.{one.name}" for one in there if one.value is not None]
    first = [".".join(key) for key in dict.fromkeys((*READERS_FIGURES, *HEADLINES))]
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def _label(name: str, texts: Texts) -> str:
    group, _, figure = name.partition(".")
    return label(group, figure, texts)


def _figure(name: str, run: KeptRun) -> Figure | None:
    if run.figures is None:
        return None
    there = figures(run.figures.overall)
    return next((one for one in there if f"{one.group}.{one.name}" == name), None)


def _rows(
    name: str, there: Sequence[KeptRun], chosen: KeptRun, texts: Texts
) -> list[dict[str, str | float]]:
    """What the chart of a figure shows: a row for each run that has it."""
    rows: list[dict[str, str | float]] = []
    for run in there:
        figure = _figure(name, run)
        if figure is None or figure.value is None or run.figures is None:
            continue
        low, high = figure.interval or (figure.value, figure.value)
        role = "chosen" if run.name == chosen.name else "accepted" if run.accepted else "other"
        made = datetime.datetime.fromisoformat(run.figures.stamp.date)
        rows.append(
            {
                "run": texts.moment(made, seconds=True),
                "when": formats.day_and_time(made, texts.language),
                "value": figure.value,
                "low": low,
                "high": high,
                "role": role,
                "shown": localised(number(figure.value, figure.group), texts),
                "from": localised(number(low, figure.group), texts),
                "to": localised(number(high, figure.group), texts),
            }
        )
    return rows


def _chart(name: str, there: Sequence[KeptRun], chosen: KeptRun, texts: Texts) -> alt.LayerChart:
    """A line with its 95% band; the accepted and the chosen run have shapes of their own."""
    rows = _rows(name, there, chosen, texts)
    ink = INK["dark" if st.context.theme.type == "dark" else "light"]
    labels = {str(row["run"]): row["when"] for row in rows}
    runs = alt.X(
        "run:O",
        sort=list(labels),
        title=None,
        axis=alt.Axis(
            labelAngle=-30, labelOverlap=True, labelExpr=f"({json.dumps(labels)})[datum.label]"
        ),
    )
    # With a name the rows stay in the chart; Streamlit makes others a data frame (dependencies.md).
    base = alt.Chart(alt.InlineData(values=rows, name="runs")).encode(runs)
    scale = alt.Scale(domain=list(_domain(rows)), zero=False)
    is_rate = any(str(row["shown"]).endswith("%") for row in rows)
    written = "format(datum.value, '~%')" if is_rate else "datum.label"
    point = alt.Axis(labelExpr=f"replace({written}, '.', {json.dumps(texts.figure('.'))})")
    value = alt.Y("value:Q", title=None, scale=scale, axis=point)
    band = alt.Y("low:Q", title=None, scale=scale, axis=point, stack=None)
    told = [
        alt.Tooltip("run:N", title=texts("evaluation.columns.run")),
        alt.Tooltip("shown:N", title=_label(name, texts)),
        alt.Tooltip("from:N", title=texts.figure("2.5%")),
        alt.Tooltip("to:N", title=texts.figure("97.5%")),
    ]
    shape = alt.Shape(
        "role:N",
        scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
        legend=None,  # the line of text above says it, which a phone has room for
    )
    last = alt.Chart(alt.InlineData(values=rows[-1:], name="last")).encode(runs, value)
    chart: alt.LayerChart = (
        alt.layer(
            base.mark_area(opacity=0.18).encode(band, alt.Y2("high:Q")),
            base.mark_line(strokeWidth=2).encode(value),
            base.mark_point(filled=True, opacity=1, size=110).encode(value, shape, tooltip=told),
            last.mark_text(dy=-16, fontSize=13, color=ink).encode(text="shown:N"),
        )
        .properties(height=HEIGHT)
        .configure_axis(labelColor=ink, labelFontSize=12)
    )
    return chart


def _domain(rows: Sequence[dict[str, str | float]]) -> tuple[float, float]:
    """From a little below the lowest bound to a little above the highest."""
    low, high = min(float(row["low"]) for row in rows), max(float(row["high"]) for row in rows)
    room = max(0.1 * (high - low), 0.02 * high, 0.01)
    return max(0.0, low - room), high + room


def _table_html(names: Sequence[str], there: Sequence[KeptRun], texts: Texts) -> str:
    columns = [texts("evaluation.columns.run"), *(_label(name, texts) for name in names)]
    rows = []
    for run in there:
        row = [escape(when(run.figures, texts) if run.figures else run.name)]
        for name in names:
            figure = _figure(name, run)
            row.append(with_interval(figure, texts) if figure else "")
        rows.append(row)
    return table_html(texts("evaluation.trend.heading"), columns, rows, hidden=True)
