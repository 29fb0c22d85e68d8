"""What publishing would change, and publishing: nothing is published but what a plan showed.

Nothing of it is kept but in the session.
"""

from collections.abc import Sequence

import streamlit as st

from core.files import printable
from core.settings import Settings
from ingest.publishing.ingest_run import DocumentChange, Report
from ui import error_messages
from ui.jobs import Job
from ui.maintenance import document_files, generation_list
from ui.maintenance import job_list as work
from ui.maintenance.change_html import counts_html, document_html, info_html, notes_html
from ui.maintenance.job_list import PageContext
from ui.markup import facts_html
from ui.paging import page_of
from ui.texts import Texts
from vectorstore.manifest import made_at

_NOTE = "maintenance-note"
_LONGEST_NOTE = 300  # characters: a few sentences
_PAGE = 20  # documents shown at once; all of a first run would be sent at every click
_ORDER = ("removed", "changed", "added")  # what asks for a look comes first


def show(context: PageContext) -> None:
    """The plan in force, the way to publish it, and what was published before."""
    settings, texts = context.settings, context.texts
    st.header(texts("maintenance.plan.heading"), anchor=False)
    st.markdown(texts("maintenance.plan.explained"))
    last = work.latest(settings, "plan")
    report = work.report(last) if last else None
    arguments = ("maintenance-plan", "--dry-run", "--json")
    context.job_button("maintenance.plan.make", *arguments, primary=report is None)
    generation_list.brought_back(settings, texts)
    if last is None or report is None:
        if not context.busy:
            st.info(texts("maintenance.plan.none"))
    elif _is_current(last, settings):
        _plan(last, report, context)
    elif _was_published(settings):
        st.info(texts("maintenance.plan.published"))
    elif not context.busy:
        newest = _newest(settings)
        restored = newest is not None and work.task(newest) == "rollback"
        st.info(texts(f"maintenance.plan.{'another' if restored else 'outdated'}"))
    _published(settings, texts)


def _may_shrink(documents: int, texts: Texts) -> bool:
    """Asks whether so many documents may go."""
    with st.container(gap="xxsmall"):
        label = texts("maintenance.plan.shrink", number=documents)
        chosen = st.checkbox(label, key="maintenance-shrink")
        st.html(facts_html(texts("maintenance.plan.shrink_help")))
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


def _plan(plan: Job, report: Report, context: PageContext) -> None:
    """Shows what publishing would change, and the button for it: also where it only erases for
    good."""
    settings, texts = context.settings, context.texts
    st.html(facts_html(work.since(plan, texts)))
    if report.stop:
        st.warning(_stop(report, texts))
        error_messages.details(report.stop, texts)
    elif report.plan.is_empty:
        waiting = "erase" if document_files.removed(settings) else "empty"
        st.success(texts(f"maintenance.plan.{waiting}"))
    st.html(counts_html(report, texts) + notes_html(report, texts))
    place, shown = _page_of_changes(report, "maintenance-plan")
    for change in shown:
        place.html(document_html(change, texts) + info_html(change, texts))
    if not report.plan.is_empty or document_files.removed(settings):
        _publish(report, context)


def _page_of_changes(
    report: Report, key: str
) -> tuple[st.delta_generator.DeltaGenerator, Sequence[DocumentChange]]:
    changes = sorted(report.changes, key=lambda change: _ORDER.index(change.kind))
    return page_of(changes, _PAGE, key=f"{key}-page")


def _stop(report: Report, texts: Texts) -> str:
    """Why nothing can be, or was, published."""
    if report.failures and not (report.plan.written or report.plan.unchanged):
        return texts("maintenance.plan.none_taken")
    return texts("maintenance.plan.would_shrink", number=len(report.plan.removed))


def _publish(report: Report, context: PageContext) -> None:
    """The options that make a difference here, and the button."""
    texts = context.texts
    arguments = ["--json", "--as-planned", report.fingerprint]
    can = bool(report.plan.written or report.plan.unchanged or not report.failures)
    if report.stop and can:
        can = _may_shrink(len(report.plan.removed), texts)
        arguments.append("--allow-shrink")
    st.text_input(
        texts("maintenance.plan.note"),
        max_chars=_LONGEST_NOTE,
        help=texts("maintenance.plan.note_help"),
        key=_NOTE,
    )
    context.button(
        "maintenance.plan.publish",
        "maintenance-publish",
        _start,
        *arguments,
        primary=True,
        disabled=context.busy or not can,
    )


def _start(*arguments: str) -> None:
    """Publishes, with the note as it was typed."""
    note = printable(st.session_state[_NOTE].strip())
    work.start(*arguments, *([f"--note={note}"] if note else []))


def _published(settings: Settings, texts: Texts) -> None:
    """What became of the last publication, or that a version was restored since."""
    st.header(texts("maintenance.published.heading"), anchor=False)
    job = work.latest(settings, "publish", "rollback")
    if job is None:
        st.info(texts("maintenance.published.none"))
        return
    if job.state == "running":
        st.info(texts("maintenance.published.running"))
        return
    st.html(facts_html(work.since(job, texts)))
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
        st.warning(f"{texts('maintenance.published.not')} {_stop(report, texts)}")
        error_messages.details(report.stop, texts)
    st.html(counts_html(report, texts) + notes_html(report, texts))
    place, shown = _page_of_changes(report, "maintenance-published")
    for change in shown:
        place.html(document_html(change, texts))
