"""How the figures went from run to run, as charts and as a table."""

import datetime
from collections.abc import Sequence

import altair as alt
import streamlit as st

from eval.report import HEADLINES, Figure, bounds, figures, label, number
from ui.evaluation_runs import Kept, when
from ui.evaluation_tables import explanation, table_html
from ui.markup import escape
from ui.texts import Texts

DEFAULT = ("answers.useful_answer_rate", "retrieval.hit@1")
SHAPES = {"other": "circle", "accepted": "square", "chosen": "diamond"}
HEIGHT = 240  # pixels


def show(run: Kept, there: Sequence[Kept], texts: Texts) -> None:
    """The runs that asked the same questions as this one, oldest first."""
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.trend.heading"))}</h2>')
    same = [other for other in reversed(there) if _asked_the_same(run, other)]
    told = texts("evaluation.trend.same", n=len(same), left_out=len(there) - len(same))
    st.html(f'<p class="sw-facts">{escape(told)}</p>')
    if len(same) < 2:
        st.info(texts("evaluation.trend.too_few"))
        return
    chosen = st.multiselect(
        texts("evaluation.trend.figures"),
        _figures_of(run),
        default=[name for name in DEFAULT if name in _figures_of(run)],
        format_func=_label,
        key="evaluation-trend",
        persist_state="session",
    )
    charts, table = st.tabs(
        [texts("evaluation.trend.charts"), texts("evaluation.trend.table")],
        key="evaluation-trend-tab",
    )
    with charts:
        st.html(f'<p class="sw-facts">{escape(texts("evaluation.trend.reading"))}</p>')
        for name in chosen:
            group, _, figure = name.partition(".")
            st.html(
                f'<h3 class="sw-small">{escape(_label(name))}</h3>'
                f'<p class="sw-facts">{escape(explanation(group, figure, texts))}</p>'
            )
            st.altair_chart(
                _chart(name, same, run, texts), alt=texts("evaluation.trend.alt", name=_label(name))
            )
    table.html(_table_html(chosen, same, texts))


def _asked_the_same(run: Kept, other: Kept) -> bool:
    if run.figures is None or other.figures is None:
        return False
    asked, also = run.figures, other.figures
    return asked.stamp.questions == also.stamp.questions and asked.overall.n == also.overall.n


def _figures_of(run: Kept) -> list[str]:
    """The figures that apply to a run, the headlines first: "group.name"."""
    if run.figures is None:
        return []
    there = figures(run.figures.overall)
    names = [f"{one.group}.{one.name}" for one in there if one.value is not None]
    first = [".".join(key) for key in HEADLINES]
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def _label(name: str) -> str:
    return label(*name.split(".", 1))


def _figure(name: str, run: Kept) -> Figure | None:
    if run.figures is None:
        return None
    there = figures(run.figures.overall)
    return next((one for one in there if f"{one.group}.{one.name}" == name), None)


def _chart(
    name: str, there: Sequence[Kept], chosen: Kept, texts: Texts
) -> alt.LayerChart | alt.FacetChart:
    """A line with its 95% band; the accepted and the chosen run have shapes of their own."""
    roles = {role: texts(f"evaluation.trend.{role}") for role in SHAPES}
    rows: list[dict[str, str | float]] = []
    for run in there:
        figure = _figure(name, run)
        if figure is None or figure.value is None or run.figures is None:
            continue
        low, high = figure.interval or (figure.value, figure.value)
        role = "chosen" if run == chosen else "accepted" if run.accepted else "other"
        rows.append(
            {
                "run": _axis(run),
                "made": when(run.figures, texts),
                "value": figure.value,
                "low": low,
                "high": high,
                "role": roles[role],
                "shown": number(figure.value, figure.group),
            }
        )
    order = list(dict.fromkeys(str(row["run"]) for row in rows))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        alt.X(
            "run:O",
            sort=order,
            title=None,
            axis=alt.Axis(labelAngle=-35, labelOverlap=True, labelLimit=160),
        )
    )
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True))
    told = [
        alt.Tooltip("made:N", title=texts("evaluation.columns.run")),
        alt.Tooltip("value:Q", title=_label(name)),
        alt.Tooltip("low:Q", title="2.5%"),
        alt.Tooltip("high:Q", title="97.5%"),
    ]
    shape = alt.Shape(
        "role:N",
        scale=alt.Scale(domain=list(roles.values()), range=list(SHAPES.values())),
        legend=alt.Legend(orient="top", title=None),
    )
    last = alt.Chart(alt.InlineData(values=rows[-1:])).encode(x=alt.X("run:O", sort=order), y=value)
    return alt.layer(
        base.mark_area(opacity=0.18).encode(alt.Y("low:Q", title=None), alt.Y2("high:Q")),
        base.mark_line(strokeWidth=2).encode(value),
        base.mark_point(filled=True, opacity=1, size=110).encode(value, shape, tooltip=told),
        last.mark_text(align="right", dx=-8, dy=-14, fontSize=13, fontWeight="bold").encode(
            text="shown:N"
        ),
    ).properties(height=HEIGHT)


def _axis(run: Kept) -> str:
    """When a run was made, short enough for an axis; with its name, no two are the same."""
    if run.figures is None:
        return run.name
    made = datetime.datetime.fromisoformat(run.figures.stamp.date).astimezone(datetime.UTC)
    return f"{made:%d-%m-%Y %H:%M:%S}"


def _table_html(names: Sequence[str], there: Sequence[Kept], texts: Texts) -> str:
    columns = [texts("evaluation.columns.run"), *map(_label, names)]
    rows = []
    for run in there:
        row = [escape(when(run.figures, texts) if run.figures else run.name)]
        for name in names:
            figure = _figure(name, run)
            if figure is None:
                row.append("")
                continue
            interval = bounds(figure.interval, figure.group)
            row.append(f"{number(figure.value, figure.group)} <small>{interval}</small>")
        rows.append(row)
    return table_html(texts("evaluation.trend.heading"), columns, rows, hidden=True)
