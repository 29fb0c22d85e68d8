"""The evaluation page: start a run, its verdict and sign-off, its questions, and one of these."""

from collections.abc import Sequence

import streamlit as st

from core.errors import NotAllowedError, StrategiewijzerError
from core.settings import Settings, current
from ui import access, error_messages, navigation
from ui.evaluation import questions, starting, verdict
from ui.evaluation.kept_runs import KeptRun, compared, kept, read
from ui.markup import code
from ui.texts import Texts


def page() -> None:
    """Shows a run, or one question of it."""
    settings = current()
    texts = navigation.interface_texts(settings)
    st.title(texts("evaluation.title"), anchor=False)
    try:
        access.require("evaluator")
        _show(settings, texts)
    except NotAllowedError:
        st.error(texts("evaluation.not_allowed"))
    except StrategiewijzerError as error:
        error_messages.show_with_details(texts("evaluation.problem"), str(error), texts)


def _show(settings: Settings, texts: Texts) -> None:
    there = kept(settings.data_dir)
    if not there:
        st.info(texts("evaluation.empty"))
        if not starting.progress(settings, texts, newest=None):
            starting.offer(settings, texts, first=True)
        return
    name = st.query_params.get("question")
    if name is not None:
        run = _choose(there, texts)
        questions.show_one_question(run, _usual(run, there), name, texts)
        return
    busy = starting.progress(settings, texts, newest=there[0].name)
    top = st.container()
    run = _choose(there, texts)
    if not busy:
        starting.offer(settings, texts, first=False)
    results = read(run.folder)  # says what is wrong with a run that cannot be read
    with top:
        verdict.show_verdict(settings, run, texts)
        with st.container(horizontal=True):
            verdict.offer_sign_off(settings, run, texts)
            verdict.offer_report(run, texts)
    other = _usual(run, there)
    comparison = compared(other.folder, run.folder) if other is not None else None
    questions.show_questions(results.questions, comparison, texts)


def _choose(there: Sequence[KeptRun], texts: Texts) -> KeptRun:
    """The run that the address names, or the last."""
    names = {run.name: run for run in there}
    wanted = st.query_params.get("run", there[0].name)
    if wanted not in names:
        st.warning(f"{texts('evaluation.unknown_run')} {code(wanted)}")
    run = names.get(wanted, there[0])
    # The address decides, and what is chosen here changes the address.
    st.query_params["run"] = st.session_state["evaluation-run"] = run.name
    st.selectbox(
        texts("evaluation.choose.run"),
        list(names),
        key="evaluation-run",
        format_func=lambda name: names[name].label(texts),
        help=texts("evaluation.choose.run_help"),
        on_change=_chosen,
    )
    return run


def _chosen() -> None:
    st.query_params["run"] = st.session_state["evaluation-run"]


def _usual(run: KeptRun, there: Sequence[KeptRun]) -> KeptRun | None:
    """The run to compare with: the accepted one; without one, or for that run itself, the one
    before with as many questions."""
    earlier = there[there.index(run) + 1 :]
    accepted = (other for other in there if other.accepted and other.name != run.name)
    alike = (
        other
        for other in earlier
        if run.figures and other.figures and other.figures.overall.n == run.figures.overall.n
    )
    return next((other for other in (*accepted, *alike) if other.figures), None)
