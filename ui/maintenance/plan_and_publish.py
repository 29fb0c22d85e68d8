"""What publishing would change, and publishing: nothing is published but what a plan showed.

Nothing of it is kept but in the session.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from core.files import as_path, printable
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.publishing.ingest_run import DocumentChange, Report
from ui import error_messages, scripts
from ui.jobs import Job
from ui.maintenance import all_documents, document_files, generation_list
from ui.maintenance import job_list as work
from ui.maintenance.about import problem, show_about
from ui.maintenance.change_html import counts_html, document_html, info_html, notes_html
from ui.maintenance.file_preview import preview_kept
from ui.maintenance.page_context import PageContext
from ui.maintenance.upload_form import upload_notes
from ui.markup import code, facts_html
from ui.paging import page_of
from ui.texts import Texts
from vectorstore.generation import DocumentEntry, made_at

_NOTE = "maintenance-note"
_KEEP, _SHRINK = "--keep-missing", "--allow-shrink"
_PAGE = 20  # documents shown at once; all of a first run would be sent at every click
_ORDER = ("removed", "changed", "added")  # what asks for a look comes first


def show(context: PageContext) -> None:
    """The plan in force, the way to publish it, and what was published before."""
    settings, texts = context.settings, context.texts
    st.header(texts("maintenance.plan.heading"), anchor=False)
    st.markdown(texts("maintenance.plan.explained"))
    last = work.latest(settings, "plan")
    report = work.report(last) if last else None
    _make(report, context)
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


def _make(report: Report | None, context: PageContext) -> None:
    """Asks for a plan; whether documents without files stay is part of it."""
    keep = False
    if report is not None and (report.plan.removed or report.missing):
        keep = _checkbox("keep_missing", context.texts, value=bool(report.missing))
    arguments = ("--dry-run", "--json", *([_KEEP] if keep else []))
    is_first = report is None
    context.job_button("maintenance.plan.make", "maintenance-plan", *arguments, primary=is_first)


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
    manifest = all_documents.manifest_in_use(settings)
    entries = manifest.documents if manifest else ()
    place, shown = _page_of_changes(report, "maintenance-plan")
    with place, Loader(settings) as loader:
        for change in shown:
            st.html(document_html(change, texts) + info_html(change, texts))
            file = as_path(change.path)
            if change.info and file.is_file() and document_files.is_read(settings, file):
                saved = functools.partial(work.start, *plan.arguments[2:])
                _correct(change, file, entries, loader, saved, context)
    if not report.plan.is_empty or document_files.removed(settings):
        _publish(plan, report, context)


def _page_of_changes(
    report: Report, key: str
) -> tuple[st.delta_generator.DeltaGenerator, Sequence[DocumentChange]]:
    changes = sorted(report.changes, key=lambda change: _ORDER.index(change.kind))
    return page_of(changes, _PAGE, key=f"{key}-page")


def _correct(
    change: DocumentChange,
    file: Path,
    entries: Sequence[DocumentEntry],
    loader: Loader,
    saved: Callable[[], None],
    context: PageContext,
) -> None:
    """The form that corrects what is known of a document; `saved` is called once it was."""
    texts = context.texts
    name = hashlib.sha256(f"preview {change.path}".encode()).hexdigest()[:12]
    label = f"{texts('maintenance.report.correct')} {code(change.title)}"
    place = st.expander(label, key=f"plain-preview-{name}", on_change="rerun")
    if not place.open:
        return
    with place:
        with st.spinner(texts("maintenance.upload.reading")):
            preview = preview_kept(file, context.settings, loader)
        if preview.failure is not None:
            st.error(problem(preview.failure.fault, preview.failure.field, texts))
        upload_notes(preview, change.path, {entry.key: entry for entry in entries}, texts)
        show_about(context, file, name, preview, entries, saved)


def _stop(report: Report, texts: Texts) -> str:
    """Why nothing can be, or was, published."""
    if report.failures and not (report.plan.written or report.plan.unchanged):
        return texts("maintenance.plan.none_taken")
    return texts("maintenance.plan.would_shrink", number=len(report.plan.removed))


def _publish(plan: Job, report: Report, context: PageContext) -> None:
    """The options that make a difference here, and the button."""
    texts = context.texts
    options = [_KEEP] if _KEEP in plan.arguments else []
    can = bool(report.plan.written or report.plan.unchanged or not report.failures)
    if report.stop and can:
        can = _checkbox("shrink", texts, number=len(report.plan.removed))
        options.append(_SHRINK)
    arguments = ("--json", "--as-planned", report.fingerprint, *options)
    st.text_input(
        texts("maintenance.plan.note"),
        max_chars=generation_list.NOTE,
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
        st.warning(f"{texts('maintenance.published.not')} {_stop(report, texts)}")
        error_messages.details(report.stop, texts)
    scripts.offer_download(
        texts("maintenance.published.download", kind="JSON"),
        functools.partial(report.model_dump_json, indent=2),
        name=f"{job.id}.json",
        key="maintenance-download",
    )
    st.html(counts_html(report, texts) + notes_html(report, texts))
    place, shown = _page_of_changes(report, "maintenance-published")
    for change in shown:
        place.html(document_html(change, texts))


def _called(job: Job, texts: Texts) -> str:
    return f"{texts(f'maintenance.tasks.{work.task(job)}')}: {work.since(job, texts)}"
