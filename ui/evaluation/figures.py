"""How good the answers of a run are: what readers notice first, then all figures."""

from collections.abc import Iterable

import streamlit as st

from eval import run_report
from eval.compare import Comparison, Test
from eval.run_report import Figure, change, number, reading
from ui.evaluation.kept_runs import KeptRun
from ui.evaluation.tables import (
    READERS_FIGURES,
    explanation,
    figures_html,
    groups_html,
    label,
    localised,
    of_readers,
    with_interval,
)
from ui.markup import escape, facts_html
from ui.texts import Texts

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
