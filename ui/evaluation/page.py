"""The evaluation page: which run is shown, with its verdict and questions, and starting one."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core.errors import LockedError, NotAllowedError, StrategiewijzerError
from core.settings import Settings
from eval.gate import RULES
from ui import access, error_messages, jobs
from ui.access import name_of, on_record
from ui.evaluation import questions, verdict
from ui.evaluation.kept_runs import KeptRun, compared, is_readable, kept, read
from ui.jobs import Job
from ui.markup import code, escape, facts_html
from ui.texts import Texts

EVERY = (1, 20)  # ask every Nth question: all, or a few to try it out
_WATCHED = "evaluation-watched"  # the job that this session sees run
_LAST_LINES = 5  # of what went wrong: the reason stands at the end


def page(settings: Settings, texts: Texts) -> None:
    """Shows a run, or one question of it."""
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
        if not _progress(settings, texts, newest=None):
            _offer(settings, texts, first=True)
        return
    name = st.query_params.get("question")
    if name is not None:
        run = _choose(there, texts)
        try:
            questions.show_one_question(run, _usual(run, there), name, texts)
        except StrategiewijzerError as error:
            _show_unreadable(run, error, texts)
        return
    busy = _progress(settings, texts, newest=there[0].name)
    top = st.container()
    run = _choose(there, texts)
    if not busy:
        _offer(settings, texts, first=False)
    try:
        results = read(run.folder)
    except StrategiewijzerError as error:
        with top:
            _show_unreadable(run, error, texts)
        return
    with top:
        if any(other.accepted and not is_readable(other) for other in there):
            st.warning(texts("evaluation.runs.baseline_unreadable"))
        verdict.show_verdict(settings, run, results, texts)
        with st.container(horizontal=True):
            verdict.offer_sign_off(settings, run, results, texts)
            verdict.offer_report(run, texts)
    other = _usual(run, there)
    comparison = compared(other.folder, run.folder) if other is not None else None
    questions.show_questions(results.questions, comparison, texts)


def _show_unreadable(run: KeptRun, error: StrategiewijzerError, texts: Texts) -> None:
    """That a run cannot be read and what to do; its files can still be downloaded."""
    error_messages.show_with_details(texts("evaluation.runs.cannot_be_read"), str(error), texts)
    verdict.offer_report(run, texts)


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
    """The run to compare with: the accepted one; where that cannot be read, or for that run itself,
    the one before with as many questions."""
    earlier = there[there.index(run) + 1 :]
    accepted = (other for other in there if other.accepted and other.name != run.name)
    alike = (
        other
        for other in earlier
        if run.figures and other.figures and other.figures.overall.n == run.figures.overall.n
    )
    return next((other for other in (*accepted, *alike) if is_readable(other)), None)


def _progress(settings: Settings, texts: Texts, *, newest: str | None) -> bool:
    """The evaluation that runs, or that the last one gave no run or another than is shown; returns
    whether one runs. One that this session saw end is shown from now on.

    `newest` is the name of the newest run; None when there is none yet.
    """
    job = jobs.latest(settings.data_dir, "eval")
    if job is None:
        return False
    if job.state == "running":
        st.session_state[_WATCHED] = job.id
        _watch(job, texts)
        return True
    made = _run_of(job)
    if st.session_state.pop(_WATCHED, None) == job.id and made:
        _look(made)
    elif made != st.query_params.get("run", newest):
        _show_last(job, texts)
    return False


def _offer(settings: Settings, texts: Texts, *, first: bool) -> None:
    """The way to start an evaluation, unfolded where there is no run yet: how many are asked, and
    the button. The gate's rules are made for the whole set, so only all of it is judged."""
    with st.expander(texts("evaluation.start.offer"), icon=":material/play_arrow:", expanded=first):
        st.markdown(texts("evaluation.start.explained"))
        key = "evaluation.start.model" if settings.generative else "evaluation.start.offline"
        st.html(facts_html(texts(key, model=settings.model_label)))
        every = st.radio(
            texts("evaluation.start.every"),
            EVERY,
            format_func=lambda every: texts(f"evaluation.start.every_{every}"),
            help=texts("evaluation.start.gate_help"),
            key="evaluation-every",
        )
        if not st.button(
            texts("evaluation.start.button"), type="primary", icon=":material/play_arrow:"
        ):
            return
        rules = ("--gate", str(RULES)) if every == 1 else ()
        with error_messages.showing(texts):
            user = access.require("evaluator")
            with suppress(LockedError):  # somebody was first: theirs is shown, with who and when
                arguments = ("-m", "eval", "--json", "--every", str(every), *rules)
                jobs.start(settings.data_dir, "eval", arguments, on_record(user))
            st.rerun()


@st.fragment(run_every=1.0)
def _watch(job: Job, texts: Texts) -> None:
    """How far it is; the rest of the page can be used meanwhile."""
    if job.state != "running":
        st.rerun()
    with st.container(border=True):
        st.html(
            f'<h2 class="sw-small">{escape(texts("evaluation.start.running"))}</h2>'
            + facts_html(_started(job, texts))
        )
        steps = [event for event in job.events() if event.get("event") == "progress"]
        if steps:
            done, total = steps[-1]["done"], steps[-1]["total"]
            st.progress(
                done / max(total, 1), texts("evaluation.start.done_of", done=done, total=total)
            )
        else:
            st.progress(0.0, texts("evaluation.start.preparing"))
        st.caption(texts("evaluation.start.leave"))
        if st.button(texts("evaluation.start.stop"), icon=":material/stop:"):
            with error_messages.showing(texts):
                access.require("evaluator")
                jobs.stop(job)
                st.rerun()


def _run_of(job: Job) -> str:
    """The name of the run that a job made; empty where it did not."""
    ends = [event["folder"] for event in job.events() if event.get("event") == "run"]
    return Path(ends[-1]).name if ends else ""


def _show_last(job: Job, texts: Texts) -> None:
    """That the last evaluation gave no run, or another one than is on the screen."""
    with st.container(border=True):
        name = _run_of(job)
        if job.state == "stopped":
            st.info(texts("evaluation.start.stopped"))
        elif not name:
            reason = "\n".join(job.errors().splitlines()[-_LAST_LINES:])
            error_messages.show_with_details(texts("evaluation.start.failed"), reason, texts)
        else:
            st.html(facts_html(texts("evaluation.start.other")))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(facts_html(_started(job, texts)))
            if name:
                st.button(texts("evaluation.start.look"), on_click=_look, args=(name,))


def _started(job: Job, texts: Texts) -> str:
    since = texts.moment(job.started)
    key = "evaluation.start.by" if job.by else "evaluation.start.since"
    return texts(key, date=since, name=name_of(job.by))


def _look(name: str) -> None:
    st.query_params.from_dict({"run": name})
