"""The evaluation page: starts runs, and shows them."""

import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core.errors import (
    LockedError,
    NotAllowedError,
    QuestionSetError,
    StoreError,
    StrategiewijzerError,
)
from core.settings import Settings, current
from eval import feedback_questions
from eval.dataset import load
from eval.gate import RULES
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer
from ui import access, error_messages, jobs, markup, navigation, uploads
from ui.access import name_of, on_record
from ui.evaluation import figures, kept_runs, questions
from ui.evaluation.kept_runs import KeptRun, compared, kept, read, runs_html
from ui.jobs import Job
from ui.markup import code, escape, facts_html
from ui.paging import page_of
from ui.texts import Texts

# Question sets of one's own: YAML files in the folder questions of the data folder.


CHOSEN = "evaluation-set"  # the name of the set that is asked, "" for ours
_FOLDER = "questions"
_GIVEN = "evaluation-set-given"
_PROBLEM = "evaluation-set-problem"
_LARGEST = 5  # MB; our own questions take less than a fifth of one
_LONGEST = 80  # characters of a name; file systems allow 255 bytes


def listed(data_dir: Path) -> dict[str, Path]:
    """The sets that are there, by name."""
    return {file.name: file for file in sorted((data_dir / _FOLDER).glob("*.yaml"))}


def set_file(data_dir: Path, name: str) -> Path:
    """The file of the set with this name."""
    return data_dir / _FOLDER / name


def offer_own_sets(data_dir: Path, texts: Texts) -> None:
    """A place to add a set; one that is not as it should be is refused with what is wrong."""
    uploads.uploader(
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
        error_messages.show_with_details(texts("evaluation.own.refused"), problem, texts)


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


# Approved answers, and the way to ask them in an evaluation.


_PAGE = 10
_ADDED = "evaluation-approved-added"


def show_approved(settings: Settings, texts: Texts) -> None:
    """Each answer that was approved, and whether the question set has it; nothing without any. What
    cannot be read of them is named."""
    approved, _, broken = OwnQuestions(settings).overview()
    for error in broken:
        told = texts("evaluation.approved.broken", name=code(markup.name(error.path)))
        error_messages.show_with_details(told, str(error), texts, st.warning)
    if approved:
        with error_messages.showing(texts):
            _show_approved(approved, settings, texts)


def _show_approved(
    approved: Sequence[tuple[str, PreparedAnswer]], settings: Settings, texts: Texts
) -> None:
    file = set_file(settings.data_dir, feedback_questions.APPROVED_FILE)
    there = feedback_questions.known_approved(file)
    with st.expander(texts("evaluation.approved.heading", number=len(approved))):
        st.markdown(texts("evaluation.approved.explained", name=file.name))
        if st.session_state.pop(_ADDED, False):
            st.info(texts("evaluation.approved.added", name=file.name))
        place, shown = page_of(approved, _PAGE, key="evaluation-approved-page")
        for key, answer in shown:
            with place, st.container(horizontal=True, vertical_alignment="center"):
                question = f'<h3 class="sw-question">{escape(answer.questions[0].text)}</h3>'
                st.html(question + facts_html(key))
                is_in = feedback_questions.is_approved_in(answer, there)
                st.button(
                    texts(f"evaluation.approved.{'there' if is_in else 'add'}"),
                    key=f"evaluation-approved-{key}-{answer.id}",
                    disabled=is_in,
                    on_click=_add,
                    args=(settings, key, answer, texts),
                )


def _add(settings: Settings, key: str, answer: PreparedAnswer, texts: Texts) -> None:
    with error_messages.showing(texts):
        access.require("evaluator")
        file = set_file(settings.data_dir, feedback_questions.APPROVED_FILE)
        st.session_state[_ADDED] = feedback_questions.add_approved(key, answer, file) > 0


# Start an evaluation, see how far it is, and what came of the last one.


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
    if st.session_state.pop(_WATCHED, None) == job.id and _made(job):
        _look(_made(job))
    elif _made(job) != st.query_params.get("run", newest):
        _tell_last(job, texts)
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
            + facts_html(_who(job, texts))
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
            _stop(job, texts)


def _stop(job: Job, texts: Texts) -> None:
    with error_messages.showing(texts):
        access.require("evaluator")
        jobs.stop(job)
        st.rerun()


def _made(job: Job) -> str:
    """The name of the run that a job made; empty where it did not."""
    ends = [event["folder"] for event in job.events() if event.get("event") == "run"]
    return Path(ends[-1]).name if ends else ""


def _tell_last(job: Job, texts: Texts) -> None:
    """That the last evaluation gave no run, or another one than is on the screen."""
    with st.container(border=True):
        name = _made(job)
        if job.state == "stopped":
            st.info(texts("evaluation.start.stopped"))
        elif not name:
            reason = "\n".join(job.errors().splitlines()[-_LAST_LINES:])
            error_messages.show_with_details(texts("evaluation.start.failed"), reason, texts)
        else:
            st.html(facts_html(texts("evaluation.start.other")))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(facts_html(_who(job, texts)))
            if name:
                st.button(texts("evaluation.start.look"), on_click=_look, args=(name,))


def _who(job: Job, texts: Texts) -> str:
    since = texts.moment(job.started)
    key = "evaluation.start.by" if job.by else "evaluation.start.since"
    return texts(key, date=since, name=name_of(job.by))


def _look(name: str) -> None:
    st.query_params.from_dict({"run": name})


def _offer(settings: Settings, texts: Texts) -> None:
    """What is asked, whether the gate judges it, and the button."""
    st.markdown(texts("evaluation.start.explained"))
    told = "evaluation.start.model" if settings.generative else "evaluation.start.offline"
    st.html(facts_html(texts(told, model=settings.model_label)))
    own = listed(settings.data_dir)
    questions = st.selectbox(
        texts("evaluation.start.set"),
        ["", *own],
        format_func=lambda name: name or texts("evaluation.start.our_set"),
        key=CHOSEN,
    )
    offer_own_sets(settings.data_dir, texts)
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
    with error_messages.showing(texts):
        user = access.require("evaluator")
        with suppress(LockedError):  # somebody was first: theirs is shown, with who and since when
            jobs.start(settings.data_dir, "eval", arguments, on_record(user))
        st.rerun()


# The evaluation page: how good the answers are, since when, and why.


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
        error_messages.show_with_details(texts("evaluation.problem"), str(error), texts)


def _show(settings: Settings, texts: Texts) -> None:
    there = kept(settings.data_dir)
    if not there:
        st.info(texts("evaluation.empty"))
        if not progress(settings, texts, newest=None):
            offer(settings, texts, first=True)
        show_approved(settings, texts)
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
    busy = progress(settings, texts, newest=there[0].name)
    top = st.container()
    run, other = _choose(there, texts)
    if not busy:
        offer(settings, texts, first=False)
    show_approved(settings, texts)
    if run.figures is None:
        read(run.folder)  # says what is wrong with it
    with top:
        kept_runs.show_verdict(run, texts)
        kept_runs.show_version(settings, run, texts)
        with st.container(horizontal=True):
            questions.offer_wrong_answers(run, texts)
            if not busy and run.verdict in ("too few", "unchecked"):
                offer_whole(settings, texts)
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
