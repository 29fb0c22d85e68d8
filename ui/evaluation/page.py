"""The evaluation page: how good the answers are, since when, and why.

The address `?run=NAME&compared=NAME&question=ID` names what is shown, so that it can be shared:
a run, the run that it is compared with, and one question of it; `show=wrong` its wrong answers.
"""

from collections.abc import Sequence

import streamlit as st

from core.errors import NotAllowedError, StrategiewijzerError
from core.settings import Settings, current
from ui import access, markup, navigation
from ui.evaluation import figures, kept_runs, questions, start
from ui.evaluation.kept_runs import KeptRun, compared, kept, read, runs_html
from ui.markup import code
from ui.texts import Texts

NOTHING = "none"  # to compare with


def page() -> None:
    """Shows a run and how it differs from another, or one question of it."""
    settings = current()
    texts = navigation.interface_texts(settings)
    st.title(texts("evaluation.title"), anchor=False)
    try:
        access.require("evaluator")
        _show(settings, texts)
    except NotAllowedError:
        st.error(texts("evaluation.not_allowed"))
    except StrategiewijzerError as error:
        markup.show_with_details(texts("evaluation.problem"), str(error), texts)


def _show(settings: Settings, texts: Texts) -> None:
    there = kept(settings.data_dir)
    if not there:
        st.info(texts("evaluation.empty"))
        if not start.progress(settings, texts, newest=None):
            start.offer(settings, texts, first=True)
        start.show_approved(settings, texts)
        return
    question = st.query_params.get("question")
    if question is None and st.query_params.get("show") != questions.WRONG_SHOWN:
        _show_run(settings, there, texts)
        return
    run, other = _choose(there, texts)
    if question is not None:
        questions.show_one_question(run, other, question, texts)
    else:
        questions.show_wrong_answers(run, texts)


def _show_run(settings: Settings, there: Sequence[KeptRun], texts: Texts) -> None:
    """The verdict on a run, what can be done with it, and its figures."""
    busy = start.progress(settings, texts, newest=there[0].name)
    top = st.container()
    run, other = _choose(there, texts)
    if not busy:
        start.offer(settings, texts, first=False)
    start.show_approved(settings, texts)
    if run.figures is None:
        read(run.folder)  # says what is wrong with it
    with top:
        kept_runs.show_verdict(run, texts)
        kept_runs.show_version(settings, run, texts)
        with st.container(horizontal=True):
            questions.offer_wrong_answers(run, texts)
            if not busy and run.verdict in ("too few", "unchecked"):
                start.offer_whole(settings, texts)
            kept_runs.offer_sign_off(settings, run, texts)
            kept_runs.offer_accept(settings.data_dir, run, texts)
        kept_runs.show_sign_off(run, texts)
        kept_runs.show_accepted(settings.data_dir, run, texts)
        kept_runs.show_rules(run, texts)
    comparison = compared(other.folder, run.folder) if other is not None else None
    if comparison is not None and not comparison.same_questions:
        st.warning(texts("evaluation.nothing_in_common"))
        comparison = None
    if comparison is not None:
        figures.show_differences(comparison.before, comparison.now, texts)
    figures.show_headlines(run, comparison, texts)
    names = [texts(f"evaluation.tabs.{name}") for name in ("figures", "questions", "trend", "runs")]
    in_figures, in_questions, in_trend, in_runs = st.tabs(
        names, key="evaluation-tab", on_change="rerun"
    )
    if in_figures.open:
        with in_figures:
            figures.show_all(run, comparison, texts)
    if in_questions.open:
        with in_questions:
            questions.show_questions(run, other, comparison, texts)
    if in_trend.open:
        with in_trend:
            figures.show_trend(run, there, texts)
    if in_runs.open:
        with in_runs:
            st.html(runs_html(there, run, texts))


def _choose(there: Sequence[KeptRun], texts: Texts) -> tuple[KeptRun, KeptRun | None]:
    """The run that the address names, or the last; and what it is compared with, if anything."""
    names = {run.name: run for run in there}
    wanted = st.query_params.get("run", there[0].name)
    if wanted not in names:
        st.warning(f"{texts('evaluation.unknown_run')} {code(wanted)}")
    run = names.get(wanted, there[0])
    others = [one.name for one in there if one.name != run.name and one.figures]
    other = st.query_params.get("compared", "")
    if other not in (*others, NOTHING):
        other = _usual(run, there)
    # The address decides, and what is chosen here changes the address.
    st.query_params.update(run=run.name, compared=other)
    st.session_state["evaluation-run"] = run.name
    st.session_state["evaluation-compared"] = other
    left, right = st.columns(2)
    for place, name, options in (
        (left, "run", list(names)),
        (right, "compared", [*others, NOTHING]),
    ):
        place.selectbox(
            texts(f"evaluation.choose.{name}"),
            options,
            key=f"evaluation-{name}",
            format_func=lambda name: (
                names[name].label(texts) if name in names else texts("evaluation.choose.none")
            ),
            help=texts(f"evaluation.choose.{name}_help"),
            on_change=_chosen,
            args=(name,),
        )
    return run, names.get(other)


def _usual(run: KeptRun, there: Sequence[KeptRun]) -> str:
    """The accepted run; without one, or for that run itself, the one before with as many
    questions."""
    for other in there:
        if other.accepted and other.name != run.name and other.figures:
            return other.name
    earlier = there[there.index(run) + 1 :]
    for other in earlier:
        if run.figures and other.figures and other.figures.overall.n == run.figures.overall.n:
            return other.name
    return NOTHING


def _chosen(name: str) -> None:
    st.query_params[name] = st.session_state[f"evaluation-{name}"]
