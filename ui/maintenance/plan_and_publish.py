"""What publishing would change, a trial of it, and publishing.

Nothing of it is kept but in the session.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from chain.assistant import Assistant
from chain.request import MAX_QUESTION
from core.answer import Answer
from core.errors import StrategiewijzerError, printable
from core.settings import Settings
from core.source import Scope
from ingest.publishing import changes
from ingest.publishing.ingest_report import Report
from ui import access, error_messages, scripts
from ui.answers import answer_view as answers
from ui.jobs import Job
from ui.maintenance import all_documents, change_html, document_files, generation_list
from ui.maintenance import job_list as work
from ui.maintenance.change_html import counts_html, notes_html
from ui.markup import escape, facts_html
from ui.shared_assistant import compared_assistant, trial_assistant
from ui.texts import Texts
from vectorstore.generations import Generations, Pointer, store_exists
from vectorstore.segments import made_at

# Questions to what a plan would publish, before it is: its answer beside that of the index in use.


_QUESTION = "maintenance-trial-question"
_ASKED = "maintenance-trial-asked"
_ANSWERS = "maintenance-trial-answers"

_SIDES: dict[str, Callable[[], Assistant]] = {
    "present": compared_assistant,
    "planned": trial_assistant,
}

_Told = Answer | StrategiewijzerError


class _Answers(NamedTuple):
    """The answers to a question on each side, and of which index they are."""

    question: str
    pointer: Pointer
    told: dict[str, _Told]


def there(report: Report, settings: Settings) -> Pointer | None:
    """The pointer to this plan's trial; None when it was not built or is gone."""
    pointer = Generations(settings).pointer() if store_exists(settings) else Pointer()
    return pointer if pointer.trial and pointer.plan == report.fingerprint else None


def show_trial(pointer: Pointer, texts: Texts, *, busy: bool) -> None:
    """A field for questions, the two answers to the last one, and the way to drop the trial.

    Args:
        pointer: of the index, with the trial.
        texts: the strings of the interface language.
        busy: a job runs; nothing else can be started.
    """
    st.subheader(texts("maintenance.trial.heading"), anchor=False)
    if pointer.tried_until:
        moment = texts.moment(pointer.tried_until)
        st.markdown(texts("maintenance.trial.explained", moment=moment))
    with st.form("maintenance-trial-form", border=False):
        st.text_input(texts("maintenance.trial.question"), key=_QUESTION, max_chars=MAX_QUESTION)
        with st.container(horizontal=True):
            st.form_submit_button(
                texts("maintenance.trial.ask"), type="primary", on_click=_ask_typed
            )
            st.form_submit_button(
                texts("maintenance.trial.discard"),
                help=texts("maintenance.trial.discard_help"),
                disabled=busy,
                on_click=work.start,
                args=("discard",),
            )
    question = st.session_state.get(_ASKED, "")
    if question:
        _compare(_answered(question, pointer, texts), texts)


def _ask_typed() -> None:
    _ask(st.session_state[_QUESTION].strip())


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """Asks a question, as `answers.Ask`: each stands alone here, and nothing limits it."""
    st.session_state[_ASKED] = st.session_state[_QUESTION] = question


def _answered(question: str, pointer: Pointer, texts: Texts) -> _Answers:
    """The answers to a question; asked once of each state of the index."""
    known: _Answers | None = st.session_state.get(_ANSWERS)
    if known is None or (known.question, known.pointer) != (question, pointer):
        with st.spinner(texts("chat.stages.searching")):
            told = {name: _ask_staged(made, question) for name, made in _SIDES.items()}
        st.session_state[_ANSWERS] = known = _Answers(question, pointer, told)
    return known


def _ask_staged(made: Callable[[], Assistant], question: str) -> _Told:
    try:
        return made().ask(question, by=access.user().id)
    except StrategiewijzerError as error:
        return error


def _compare(found: _Answers, texts: Texts) -> None:
    """Both answers, side by side where there is room."""
    st.html(f'<h4 class="sw-heading">{escape(found.question)}</h4>')
    for column, (name, made) in zip(st.columns(2), _SIDES.items(), strict=True):
        told = found.told[name]
        with column:
            heading = escape(texts(f"maintenance.trial.{name}"))
            st.html(f'<h5 class="sw-small">{heading}</h5>')
            if isinstance(told, StrategiewijzerError):
                error_messages.show(told, texts)
                continue
            spoken = answers.in_its_language(told, texts)
            answers.show(told, f"trial-{name}", spoken, _ask, made().index.snapshot())
            if name == "planned" and told.citations:
                st.html(facts_html(texts("maintenance.trial.links")))


# Plan and publish: nothing is published but what a plan showed.


_NOTE = "maintenance-note"
_KEEP, _STRICT, _SHRINK = "--keep-missing", "--strict", "--allow-shrink"


def show(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """The plan in force, the way to publish it, and what was published before.

    Args:
        settings: of the index.
        texts: the strings of the interface language.
        busy: a job runs; nothing else can be started.
    """
    st.header(texts("maintenance.plan.heading"), anchor=False)
    st.markdown(texts("maintenance.plan.explained"))
    last = work.latest(settings, "plan")
    report = work.report(last) if last else None
    _make(report, texts, busy=busy)
    generation_list.brought_back(settings, texts)
    if last is None or report is None:
        if not busy:
            st.info(texts("maintenance.plan.none"))
    elif _is_current(last, settings):
        _plan(last, report, settings, texts, busy=busy)
    elif _was_published(settings):
        st.info(texts("maintenance.plan.published"))
    elif not busy:
        newest = _newest(settings)
        restored = newest is not None and work.task(newest) == "rollback"
        st.info(texts(f"maintenance.plan.{'another' if restored else 'outdated'}"))
    _published(settings, texts)


def _make(report: Report | None, texts: Texts, *, busy: bool) -> None:
    """Asks for a plan; whether documents without files stay is part of it."""
    keep = False
    if report is not None and (report.plan.removed or report.missing):
        keep = _checkbox("keep_missing", texts, value=bool(report.missing))
    st.button(
        texts("maintenance.plan.make"),
        key="maintenance-plan",
        help=texts("maintenance.plan.make_help"),
        type="secondary" if report else "primary",
        disabled=busy,
        on_click=work.start,
        args=("--dry-run", "--json", *([_KEEP] if keep else [])),
    )


def _checkbox(name: str, texts: Texts, *, value: bool = False, **filled: object) -> bool:
    """A choice, with what it does below it."""
    label = texts(f"maintenance.plan.{name}", **filled)
    key = f"maintenance-{name.replace('_', '-')}"
    with st.container(gap="xxsmall"):
        chosen = st.checkbox(label, value=value, key=key)
        st.html(facts_html(texts(f"maintenance.plan.{name}_help")))
    return chosen


def _is_current(plan: Job, settings: Settings) -> bool:
    """Whether nothing was done since that a new plan would show.

    What others do with the files is noticed when this is published.
    """
    return _newest(settings) == plan and _untouched_since(plan, settings)


def _was_published(settings: Settings) -> bool:
    """Whether the last that was done is that a plan was published."""
    newest = _newest(settings)
    if newest is None or work.task(newest) != "publish":
        return False
    report = work.report(newest)
    return report is not None and not report.stop and _untouched_since(newest, settings)


def _newest(settings: Settings) -> Job | None:
    return work.latest(settings, "plan", "publish", "fetch", "rollback")


def _untouched_since(job: Job, settings: Settings) -> bool:
    uploads = document_files.folder(settings)
    return not uploads.is_dir() or uploads.stat().st_mtime < job.started.timestamp()


def _plan(plan: Job, report: Report, settings: Settings, texts: Texts, *, busy: bool) -> None:
    """Shows what publishing would change, and the button for it: also where it only erases for
    good."""
    st.html(facts_html(work.since(plan, texts)))
    if report.stop:
        st.warning(_stop(report, texts))
        error_messages.details(report.stop, texts)
    elif report.plan.is_empty:
        waiting = "erase" if document_files.removed(settings) else "empty"
        st.success(texts(f"maintenance.plan.{waiting}"))
    st.html(counts_html(report, texts) + notes_html(report, texts))
    manifest = all_documents.manifest_in_use(settings)
    entries = manifest.documents if manifest else ()
    change_html.show_to_correct(
        report,
        "maintenance-plan",
        settings,
        entries,
        lambda: work.start(*plan.arguments[2:]),
        texts,
    )
    if not report.plan.is_empty or document_files.removed(settings):
        _publish(plan, report, settings, texts, busy=busy)


def _stop(report: Report, texts: Texts, *, strict: bool = False) -> str:
    """Why nothing can be, or was, published; `strict`: one file that is not taken is enough."""
    if report.failures and strict:
        return texts("maintenance.plan.strict_stop", number=len(report.failures))
    if report.failures and not (report.plan.written or report.plan.unchanged):
        return texts("maintenance.plan.none_taken")
    return texts("maintenance.plan.would_shrink", number=len(report.plan.removed))


def _publish(plan: Job, report: Report, settings: Settings, texts: Texts, *, busy: bool) -> None:
    """The options that make a difference here, the buttons, and what can be asked before."""
    options = [_KEEP] if _KEEP in plan.arguments else []
    if report.failures and _checkbox("strict", texts):
        options.append(_STRICT)
    can = bool(report.plan.written or report.plan.unchanged or not report.failures)
    if report.stop and can:
        can = _checkbox("shrink", texts, number=len(report.plan.removed))
        options.append(_SHRINK)
    arguments = ("--json", "--as-planned", report.fingerprint, *options)
    tried = there(report, settings)
    st.text_input(
        texts("maintenance.plan.note"),
        max_chars=generation_list.NOTE,
        help=texts("maintenance.plan.note_help"),
        key=_NOTE,
    )
    with st.container(horizontal=True):
        st.button(
            texts("maintenance.plan.publish"),
            key="maintenance-publish",
            type="primary",
            help=texts("maintenance.plan.publish_help"),
            disabled=busy or not can,
            on_click=_start,
            args=arguments,
        )
        if not tried and not report.plan.is_empty:
            st.button(
                texts("maintenance.trial.build"),
                key="maintenance-trial",
                help=texts("maintenance.trial.build_help"),
                disabled=busy or not can,
                on_click=work.start,
                args=("--trial", *arguments),
            )
    if tried:
        show_trial(tried, texts, busy=busy)


def _start(*arguments: str) -> None:
    """Publishes, with the note as it was typed."""
    note = printable(st.session_state[_NOTE].strip())
    work.start(*arguments, *([f"--note={note}"] if note else []))


def _published(settings: Settings, texts: Texts) -> None:
    """The reports of the publications, and what was restored, the newest first."""
    st.header(texts("maintenance.published.heading"), anchor=False)
    runs = {job.id: job for job in work.newest_first(settings, "publish", "rollback")}
    if not runs:
        st.info(texts("maintenance.published.none"))
        return
    chosen = st.selectbox(
        texts("maintenance.published.choose"),
        list(runs),
        format_func=lambda name: _called(runs[name], texts),
        key=f"maintenance-published-{next(iter(runs))}",  # a new one is shown once it is there
    )
    job = runs[chosen]
    if job.state == "running":
        st.info(texts("maintenance.published.running"))
        return
    if work.task(job) == "rollback" and job.state == "done":
        made = made_at(job.arguments[-1])
        moment = texts.moment(made) if made else job.arguments[-1]
        st.success(texts("maintenance.published.restored", moment=moment))
        return
    report = work.report(job)
    if report is None:
        st.info(texts("maintenance.published.unfinished"))
        error_messages.details(job.errors(), texts)
        return
    if report.generation:
        st.success(texts("maintenance.published.done"))
    elif not report.stop:
        st.success(texts("maintenance.published.nothing"))
    elif "--as-planned" in job.arguments and report.fingerprint not in job.arguments:
        st.warning(texts("maintenance.plan.changed"))
    else:
        why = _stop(report, texts, strict=_STRICT in job.arguments)
        st.warning(f"{texts('maintenance.published.not')} {why}")
        error_messages.details(report.stop, texts)
    with st.container(horizontal=True):
        for kind in ("html", "json"):
            scripts.offer_download(
                texts("maintenance.published.download", kind=kind.upper()),
                functools.partial(_file, report, kind),
                name=f"{job.id}.{kind}",
                key=f"maintenance-download-{kind}",
            )
    st.html(counts_html(report, texts) + notes_html(report, texts))
    change_html.show_preview(report, "maintenance-published", texts)


def _called(job: Job, texts: Texts) -> str:
    return f"{texts(f'maintenance.tasks.{work.task(job)}')}: {work.since(job, texts)}"


def _file(report: Report, kind: str) -> str:
    return changes.page_html(report) if kind == "html" else report.model_dump_json(indent=2)
