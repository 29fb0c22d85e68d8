"""Starts an evaluation of our questions or of a set of one's own, and says how far it is."""

import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core.errors import LockedError, QuestionSetError, StoreError, StrategiewijzerError
from core.settings import Settings
from eval.dataset import load
from eval.gate import RULES
from ui import access, guard, jobs, markup
from ui.access import name_of, on_record
from ui.jobs import Job
from ui.markup import escape, facts_html
from ui.texts import Texts

CHOSEN = "evaluation-set"  # the name of the set that is asked, "" for ours
_FOLDER = "questions"
_GIVEN = "evaluation-set-given"
_PROBLEM = "evaluation-set-problem"
_LARGEST = 5  # MB; our own questions take less than a fifth of one
_LONGEST = 80  # characters of a name; file systems allow 255 bytes
EVERY = (1, 4, 20)  # ask every Nth question: all; a quarter, with intervals twice as wide; a trial
_WATCHED = "evaluation-watched"  # the job that this session sees run
_LAST_LINES = 5  # of what went wrong: the reason stands at the end


def progress(settings: Settings, texts: Texts, *, newest: str | None) -> bool:
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
    if st.session_state.pop(_WATCHED, None) == job.id and _run_of(job):
        _look(_run_of(job))
    elif _run_of(job) != st.query_params.get("run", newest):
        _show_last(job, texts)
    return False


def offer(settings: Settings, texts: Texts, *, first: bool) -> None:
    """The way to start an evaluation."""
    if first:
        st.html(f'<h2 class="sw-heading">{escape(texts("evaluation.start.first"))}</h2>')
        _offer(settings, texts)
        return
    with st.expander(texts("evaluation.start.offer"), icon=":material/play_arrow:"):
        _offer(settings, texts)


def offer_whole(settings: Settings, texts: Texts) -> None:
    """A button that asks all of our questions and checks the rules."""
    if st.button(texts("evaluation.start.whole"), icon=":material/play_arrow:"):
        _start(settings, _arguments(None, 1, gate=True), texts)


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
            with markup.showing(texts):
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
            markup.show_with_details(texts("evaluation.start.failed"), reason, texts)
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


def _offer(settings: Settings, texts: Texts) -> None:
    """What is asked, whether the gate judges it, and the button."""
    st.markdown(texts("evaluation.start.explained"))
    key = "evaluation.start.model" if settings.generative else "evaluation.start.offline"
    st.html(facts_html(texts(key, model=settings.model_label)))
    own = _own_sets(settings.data_dir)
    questions = st.selectbox(
        texts("evaluation.start.set"),
        ["", *own],
        format_func=lambda name: name or texts("evaluation.start.our_set"),
        key=CHOSEN,
    )
    _offer_own_sets(settings.data_dir, texts)
    every = st.radio(
        texts("evaluation.start.every"),
        EVERY,
        format_func=lambda every: texts(f"evaluation.start.every_{every}"),
        key="evaluation-every",
    )
    whole = not questions and every == 1  # what the gate's rules are made for
    gate = whole and st.checkbox(
        texts("evaluation.start.gate"),
        value=True,
        help=texts("evaluation.start.gate_help"),
        key="evaluation-gate",
    )
    if st.button(texts("evaluation.start.button"), type="primary", icon=":material/play_arrow:"):
        _start(settings, _arguments(own.get(questions), every, gate=gate), texts)


def _arguments(questions: Path | None, every: int, *, gate: bool) -> tuple[str, ...]:
    own = () if questions is None else ("--questions", str(questions.absolute()))
    rules = ("--gate", str(RULES)) if gate else ()
    return "-m", "eval", "--json", "--every", str(every), *own, *rules


def _start(settings: Settings, arguments: Sequence[str], texts: Texts) -> None:
    with markup.showing(texts):
        user = access.require("evaluator")
        with suppress(LockedError):  # somebody was first: theirs is shown, with who and since when
            jobs.start(settings.data_dir, "eval", arguments, on_record(user))
        st.rerun()


def _own_sets(data_dir: Path) -> dict[str, Path]:
    """The sets that are there, by name."""
    return {file.name: file for file in sorted((data_dir / _FOLDER).glob("*.yaml"))}


def _offer_own_sets(data_dir: Path, texts: Texts) -> None:
    """A place to add a set; one that is not as it should be is refused with what is wrong."""
    guard.uploader(
        texts("evaluation.own.choose"),
        "evaluator",
        _LARGEST,
        type=["yaml", "yml"],
        help=texts("evaluation.own.help"),
        key=_GIVEN,
        on_change=_add_set,
        args=(data_dir,),
    )
    if problem := st.session_state.get(_PROBLEM):
        markup.show_with_details(texts("evaluation.own.refused"), problem, texts)


def _add_set(data_dir: Path) -> None:
    """Keeps the set that was given and chooses it."""
    st.session_state[_PROBLEM] = ""
    given = st.session_state[_GIVEN]
    if given is None:
        return
    try:
        access.require("evaluator")
        st.session_state[CHOSEN] = keep(data_dir, given.name, given.getvalue())
    except StrategiewijzerError as error:
        st.session_state[_PROBLEM] = str(error)


def keep(data_dir: Path, given: str, content: bytes) -> str:
    """Keeps a set in place of one with the same name; returns its name, in which no path is left.

    Raises:
        QuestionSetError: the set is not in the agreed format; nothing is kept.
        StoreError: nothing can be written in the data folder.
    """
    name = re.sub(r"[^\w-]+", "-", Path(given).stem)[:_LONGEST].strip("-") + ".yaml"
    if name == ".yaml":
        raise QuestionSetError("This file has no name. Give it one, such as my-questions.yaml.")
    folder = data_dir / _FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".given-", dir=folder) as place:
            file = Path(place) / name
            file.write_bytes(content)
            try:
                load(file)
            except QuestionSetError as error:  # whoever gave the set knows no other place of it
                raise QuestionSetError(str(error).replace(str(file), name)) from None
            file.replace(folder / name)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}). Let this program write there."
        ) from None
    return name
