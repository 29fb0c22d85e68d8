"""Figures of a run, over time, and what was set differently."""

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import altair as alt
import streamlit as st

from eval import run_report
from eval.gate import Comparison, Test
from eval.results import Stamp
from eval.run_report import HEADLINES, Figure, change, figures, number, reading
from ui import formats
from ui.evaluation.kept_runs import (
    READERS_FIGURES,
    KeptRun,
    explanation,
    figures_html,
    groups_html,
    label,
    localised,
    of_readers,
    when,
    with_interval,
)
from ui.markup import escape, facts_html, table_html
from ui.texts import Texts

# What differs between two runs besides their figures: code, index, model, settings, prompts.


_NONE = "–"


def show_differences(before: Stamp, now: Stamp, texts: Texts) -> None:
    """A list of what differs, or that nothing does."""
    told = list(differences(before, now, texts))
    st.html(f'<h2 class="sw-small">{escape(texts("evaluation.differences.heading"))}</h2>')
    if not told:
        st.html(facts_html(texts("evaluation.differences.none")))
        return
    items = "".join(f"<li>{one}</li>" for one in told)
    st.html(f'<ul class="sw-facts sw-differences">{items}</ul>')


def differences(before: Stamp, now: Stamp, texts: Texts) -> Iterator[str]:
    """Each difference as HTML: what it is, what it was, what it is now."""
    for name, was, is_ in (
        ("code", before.code_version, now.code_version),
        ("index", before.generation, now.generation),
        ("embedder", before.embedder, now.embedder),
        ("model", before.model, now.model),
    ):
        if was != is_:
            label = escape(texts(f"evaluation.differences.{name}"))
            yield f"{label}: {_changed(was, is_, texts)}"
    for key in _changed_keys(before.settings, now.settings):
        was, is_ = (str(one.settings.get(key, "")) for one in (before, now))
        label = escape(texts("evaluation.differences.setting"))
        yield f"{label} <code>{escape(key)}</code>: {_changed(was, is_, texts)}"
    for name, old, new in (
        ("prompts", before.prompts, now.prompts),
        ("questions", before.questions, now.questions),
    ):
        if keys := _changed_keys(old, new):
            files = ", ".join(f"<code>{escape(key)}</code>" for key in keys)
            yield f"{escape(texts(f'evaluation.differences.{name}'))}: {files}"


def _changed(was: str, is_: str, texts: Texts) -> str:
    arrow = ' <span aria-hidden="true">→</span><span class="sw-hidden">{}</span> '.format(
        escape(texts("evaluation.differences.now"))
    )
    return f"{escape(was) or _NONE}{arrow}<strong>{escape(is_) or _NONE}</strong>"


def _changed_keys(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))


# How the figures went from run to run, as charts and as a table.


DEFAULT = (("reading", "right"), ("reading", "signable"))
FigureKey = tuple[str, str]  # group, name
SHAPES = {"other": "circle", "accepted": "square", "chosen": "diamond"}
HEIGHT = 260  # pixels; in a lower chart a change of a few points cannot be seen
INK = {"light": "#16202b", "dark": "#e8edf3"}  # the theme's text colours


def show_trend(run: KeptRun, there: Sequence[KeptRun], texts: Texts) -> None:
    """The runs that asked the same questions as this one, oldest first."""
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.trend.heading"))}</h2>')
    same = [other for other in reversed(there) if _asked_the_same(run, other)]
    told = texts("evaluation.trend.same", n=len(same), left_out=len(there) - len(same))
    st.html(facts_html(told))
    if len(same) < 2:
        st.info(texts("evaluation.trend.too_few"))
        return
    options = _figures_of(run)
    chosen: list[FigureKey] = st.multiselect(
        texts("evaluation.trend.figures"),
        options,
        default=[key for key in DEFAULT if key in options],
        format_func=lambda key: label(key[0], key[1], texts),
        key="evaluation-trend",
        persist_state="session",
    )
    charts, table = st.tabs(
        [texts("evaluation.trend.charts"), texts("evaluation.trend.table")],
        key="evaluation-trend-tab",
    )
    with charts:
        st.html(facts_html(texts("evaluation.trend.reading")))
        for key in chosen:
            name = label(*key, texts)
            explained = facts_html(explanation(*key, texts))
            st.html(f'<h3 class="sw-small">{escape(name)}</h3>{explained}')
            st.altair_chart(
                _chart(key, same, run, texts), alt=texts("evaluation.trend.alt", name=name)
            )
    table.html(_table_html(chosen, same, texts))


def _asked_the_same(run: KeptRun, other: KeptRun) -> bool:
    if run.figures is None or other.figures is None:
        return False
    asked, also = run.figures, other.figures
    return asked.stamp.questions == also.stamp.questions and asked.overall.n == also.overall.n


def _figures_of(run: KeptRun) -> list[FigureKey]:
    """The figures that apply to a run, the headlines first."""
    if run.figures is None:
        return []
    there = [figure[:2] for figure in figures(run.figures.overall) if figure.value is not None]
    first = list(dict.fromkeys((*READERS_FIGURES, *HEADLINES)))
    return sorted(there, key=lambda key: first.index(key) if key in first else len(first))


def _figure(key: FigureKey, run: KeptRun) -> Figure | None:
    return run_report.chosen(run.figures.overall, [key])[0] if run.figures else None


def _rows(
    key: FigureKey, there: Sequence[KeptRun], chosen: KeptRun, texts: Texts
) -> list[dict[str, str | float]]:
    """What the chart of a figure shows: a row for each run that has it."""
    rows: list[dict[str, str | float]] = []
    for run in there:
        figure = _figure(key, run)
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


def _chart(
    key: FigureKey, there: Sequence[KeptRun], chosen: KeptRun, texts: Texts
) -> alt.LayerChart:
    """A line with its 95% band; the accepted and the chosen run have shapes of their own."""
    rows = _rows(key, there, chosen, texts)
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
        alt.Tooltip("shown:N", title=label(*key, texts)),
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


def _table_html(keys: Sequence[FigureKey], there: Sequence[KeptRun], texts: Texts) -> str:
    columns = [texts("evaluation.columns.run"), *(label(*key, texts) for key in keys)]
    rows = []
    for run in there:
        row = [escape(when(run.figures, texts) if run.figures else run.name)]
        for key in keys:
            figure = _figure(key, run)
            row.append(with_interval(figure, texts) if figure else "")
        rows.append(row)
    return table_html(texts("evaluation.trend.heading"), columns, rows, hidden=True)


# How good the answers of a run are: what readers notice first, then all figures.


TECHNICAL = ("retrieval", "refusals", "citations", "size", "latency_ms")  # groups of figures
GROUPINGS = ("language", "kind", "document", "challenge", "part")


def show_headlines(run: KeptRun, comparison: Comparison | None, texts: Texts) -> None:
    """The figures that come first, each with its interval and its change; others are folded."""
    if run.figures is None:
        return
    heading = texts("evaluation.headlines", n=run.figures.overall.n)
    st.html(f'<h2 class="sw-heading">{escape(heading)}</h2>')
    if run.figures.only_memory:
        st.info(texts("evaluation.only_memory"))
    left_out = comparison.only_before + comparison.only_now if comparison else 0
    if comparison and left_out:
        common = texts(
            "evaluation.common_questions", same=comparison.same_questions, left_out=left_out
        )
        st.html(facts_html(common))
    st.html(facts_html(texts("evaluation.interval")))
    _metrics("evaluation-headlines", of_readers(run.figures.overall), comparison, texts)
    others = [
        figure
        for figure in run_report.headlines(run.figures.overall)
        if (figure.group, figure.name) not in READERS_FIGURES
    ]
    with st.expander(texts("evaluation.more_headlines")):
        _metrics("evaluation-more-headlines", others, comparison, texts)


def _metrics(
    key: str, figures: Iterable[Figure], comparison: Comparison | None, texts: Texts
) -> None:
    tests = {(test.group, test.name): test for test in comparison.tests} if comparison else {}
    grid = st.grid(3, min_column_width=150, border=True, key=key)
    for figure in figures:
        test = tests.get((figure.group, figure.name))
        with grid.cell():
            st.metric(
                label(figure.group, figure.name, texts),
                localised(number(figure.value, figure.group), texts),
                delta=_delta(test, texts),
                delta_color="off",  # green is for what passed; the words below say what it means
                help=explanation(figure.group, figure.name, texts),
            )
            told = [with_interval(figure, texts)]
            if test is not None:
                told.append(texts.label("evaluation.readings", reading(test)))
            st.html(f'<p class="sw-facts">{"<br>".join(map(escape, told))}</p>')


def _delta(test: Test | None, texts: Texts) -> str | int | None:
    """As text, which gets an arrow; nil as a number, which gets none."""
    if test is None:
        return None
    if not test.change:
        return 0
    changed = texts.figure(change(test.change, test.group))
    is_rate = number(test.now, test.group).endswith("%")
    return texts("evaluation.points", value=changed) if is_rate else changed


def show_all(run: KeptRun, comparison: Comparison | None, texts: Texts) -> None:
    """Every figure, technical ones folded, then the readers' figures of each group of questions."""
    if run.figures is None:
        return
    caption = _heading("questions", run.figures.overall.n, texts)
    messages = ("handled", "harmful_answered")
    everything = [
        figure
        for figure in run_report.figures(run.figures.overall)
        if figure.group != "manners" or figure.name not in messages
    ]
    first = {
        figure: READERS_FIGURES.index(figure[:2])
        for figure in everything
        if figure[:2] in READERS_FIGURES
    }
    plain = [figure for figure in everything if figure.group not in TECHNICAL]
    plain.sort(key=lambda figure: first.get(figure, len(first)))
    st.html(figures_html(caption, plain, comparison, texts))
    with st.expander(texts("evaluation.technical")):
        technical = [figure for figure in everything if figure.group in TECHNICAL]
        st.html(figures_html(texts("evaluation.technical"), technical, comparison, texts))
    parts = run.figures.by_part
    for name in ("conversations", "memory"):
        if name in parts and parts[name] != run.figures.overall:
            caption = _heading(name, parts[name].n, texts)
            st.html(figures_html(caption, of_readers(parts[name]), None, texts))
    if "messages" in parts:
        caption = _heading("messages", parts["messages"].n, texts)
        manners = run_report.chosen(run.figures.overall, [("manners", name) for name in messages])
        st.html(figures_html(caption, manners, comparison, texts))
    st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.by_group"))}</h2>')
    grouping = st.segmented_control(
        texts("evaluation.group_by"),
        GROUPINGS,
        default=GROUPINGS[0],
        required=True,
        format_func=lambda name: texts(f"evaluation.groupings.{name}"),
        key="evaluation-grouping",
        persist_state="session",
    )
    groups = getattr(run.figures, f"by_{grouping}")
    named = {named_group(grouping, name, texts): summary for name, summary in groups.items()}
    if named:
        st.html(groups_html(texts(f"evaluation.groupings.{grouping}"), named, texts))
    else:
        st.html(facts_html(texts("evaluation.no_groups")))


def _heading(part: str, n: int, texts: Texts) -> str:
    """The heading of the figures of a part of the run, which is returned as well."""
    heading = texts(f"evaluation.figures_of.{part}", n=n)
    st.html(f'<h2 class="sw-heading">{escape(heading)}</h2>')
    return heading


def named_group(grouping: str, name: str, texts: Texts) -> str:
    """A group of questions in the interface language; the name of a document is its own."""
    kinds = {
        "language": "languages",
        "kind": "evaluation.kinds",
        "challenge": "evaluation.challenges",
        "part": "evaluation.parts",
    }
    return texts.label(kinds[grouping], name) if grouping in kinds else name
