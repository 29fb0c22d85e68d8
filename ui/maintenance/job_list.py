"""The work of maintainers: the buttons that start it, and of what runs in the background how far it
is and how it ended.

All of that is one kind of job, as only one thing at a time may touch the index.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import streamlit as st

from core.errors import LockedError, StrategiewijzerError
from core.settings import Settings, current
from ingest.publishing.ingest_run import Report
from ui import access, error_messages, jobs
from ui.access import name_of, on_record
from ui.jobs import Job
from ui.markup import escape, facts_html
from ui.texts import Texts

JobTask = Literal["plan", "publish", "fetch", "rollback"]
JobOutcome = Literal["running", "done", "problems", "failed", "stopped"]

_EVERY = 2.0  # seconds between two looks at the job that runs; each redraws, and more seems stuck
_RECENT = 100_000  # bytes of events: enough to see how far a job is, however long it runs
_LAST_LINES = 12  # of what a job said that failed: the reason stands at the end
_PROBLEM = "maintenance-problem"
TAB = "maintenance-tab"  # which section of the page is shown


def task(job: Job) -> JobTask:
    """The name of a job's task."""
    command = (*job.arguments[2:], "")[0]
    if command.startswith("--"):
        return "plan" if "--dry-run" in job.arguments else "publish"
    return cast(JobTask, command)


def start(*arguments: str) -> None:
    """Starts `python -m ingest` with these arguments; for actions of buttons."""
    by = on_record(access.user())
    jobs.start(current().data_dir, "ingest", ("-m", "ingest", *arguments), by)


def attempt(action: Callable[..., None], *args: object) -> None:
    """Does what only maintainers may, in a callback; `problems` shows why that failed."""
    try:
        access.require("maintainer")
        action(*args)
    except StrategiewijzerError as error:
        st.session_state[_PROBLEM] = error


@dataclass(frozen=True)
class PageContext:
    """The settings, the strings of the interface language, and whether a job runs."""

    settings: Settings
    texts: Texts
    busy: bool  # a job runs: nothing else can be started

    def button(
        self,
        text: str,
        key: str,
        action: Callable[..., None],
        *args: object,
        primary: bool = False,
        disabled: bool = False,
    ) -> None:
        """A button that does something, for maintainers; what goes wrong is shown. `text` is the
        key of its label; its help is the text with this key and "_help", if any."""
        st.button(
            self.texts(text),
            key=key,
            type="primary" if primary else "secondary",
            help=self.texts.values.get(f"{text}_help"),
            disabled=disabled,
            on_click=attempt,
            args=(action, *args),
        )

    def job_button(self, text: str, key: str, *arguments: str, primary: bool = False) -> None:
        """A button that starts `python -m ingest` with these arguments; otherwise as `button`."""
        self.button(text, key, start, *arguments, primary=primary, disabled=self.busy)


def problems(texts: Texts) -> None:
    """Shows what went wrong in a callback, once."""
    problem = st.session_state.pop(_PROBLEM, None)
    if isinstance(problem, LockedError):
        st.warning(texts("maintenance.jobs.taken"))
    elif problem is not None:
        error_messages.show(problem, texts)


def latest(settings: Settings, *tasks: JobTask) -> Job | None:
    """The newest job that does one of these."""
    return next(newest_first(settings, *tasks), None)


def newest_first(settings: Settings, *tasks: JobTask) -> Iterator[Job]:
    """The jobs on record that do one of these."""
    return (job for job in jobs.newest_first(settings.data_dir, "ingest") if task(job) in tasks)


def published(settings: Settings) -> datetime.datetime | None:
    """When the last publication from here began that was done, be it that nothing changed."""
    done = filter(is_published, newest_first(settings, "publish"))
    return next((job.started for job in done), None)


def is_published(job: Job) -> bool:
    """Whether a job is a publication that was done."""
    made = report(job) if task(job) == "publish" else None
    return made is not None and not made.stop


@st.cache_resource(show_spinner=False, max_entries=4)
def _report(folder: Path, _job: Job) -> Report | None:
    reports = [event["report"] for event in _job.events() if event.get("event") == "report"]
    return Report.model_validate(reports[-1]) if reports else None


def report(job: Job) -> Report | None:
    """The report of a plan or a publication that has ended; None when it did not get that far."""
    return _report(job.folder, job) if job.state in ("done", "failed") else None


def outcome(job: Job) -> JobOutcome:
    """How a job stands: one that fails may have done all it could, and says what it could not."""
    if job.state != "failed":
        return job.state
    found = report(job)
    if found is not None:
        return "problems" if found.dry_run or not found.stop else "failed"
    fetched = any(event.get("event") == "fetched" for event in job.events())
    return "problems" if fetched else "failed"


def watch(settings: Settings, texts: Texts) -> bool:
    """Shows the job that runs, for as long as it does, else how the last one ended; returns whether
    one runs."""
    job = jobs.latest(settings.data_dir, "ingest")
    with st.container(key="maintenance-job"):
        _watch(settings, texts, _mark(job))
    return job is not None and job.state == "running"


@st.fragment(run_every=_EVERY)
def _watch(settings: Settings, texts: Texts, seen: tuple[str, str]) -> None:
    """Looks again and again; when there is another job or it has ended the whole page follows."""
    job = jobs.latest(settings.data_dir, "ingest")
    if _mark(job) != seen or not access.user().may("maintainer"):
        st.rerun()
    if job is None:
        return
    what = texts.label("maintenance.tasks", task(job))  # ours, so it may stand in Markdown
    if seen[1] == "running":
        with st.container(border=True):
            _running(job, what, texts)
    else:
        _ended(job, what, texts)


def _running(job: Job, what: str, texts: Texts) -> None:
    st.html(f'<p class="sw-job"><strong>{escape(what)}</strong> · {escape(since(job, texts))}</p>')
    label, share = progress(job, texts)
    st.progress(share, text=label)
    st.button(
        texts("maintenance.jobs.stop"),
        key="maintenance-stop",
        help=texts("maintenance.jobs.stop_help"),
        on_click=attempt,
        args=(jobs.stop, job),
    )


def _ended(job: Job, what: str, texts: Texts) -> None:
    how = outcome(job)
    line = f"{what}: {texts(f'maintenance.states.{how}')} · {since(job, texts)}"
    if how == "failed":
        st.error(texts("maintenance.jobs.failed", task=what))
        error_messages.details("\n".join(job.errors().strip().splitlines()[-_LAST_LINES:]), texts)
    st.html(facts_html(line, role="status"))


def since(job: Job, texts: Texts) -> str:
    """When a job began and who started it, as text."""
    moment = texts.moment(job.started, seconds=True)
    return texts("maintenance.jobs.by", user=name_of(job.by), moment=moment) if job.by else moment


def progress(job: Job, texts: Texts) -> tuple[str, float]:
    """How far a job is: in words, and as a share (0-1)."""
    events = job.events(last=_RECENT)
    last: dict[str, Any] = events[-1] if events else {}
    name = last.get("event", "")
    if name in ("loaded", "unchanged", "failed"):
        return _counted("reading", last.get("done", 0), last.get("total", 0), texts)
    if name == "embedded" and last["done"] < last["total"]:
        return _counted("embedding", last["done"], last["total"], texts)
    if name in ("embedded", "published"):
        return texts("maintenance.progress.checking"), 1.0
    if name in ("fetching", "fetched"):
        fetched = [event for event in events if event["event"] == "fetched"]
        done = {(event["celex"], event["language"]) for event in fetched}
        return _counted("fetching", len(done), events[0].get("texts", 0), texts)
    return texts(f"maintenance.progress.{'planned' if name == 'planned' else 'busy'}"), 0.0


def _counted(what: str, done: int, total: int, texts: Texts) -> tuple[str, float]:
    label = texts(f"maintenance.progress.{what}", done=done, total=total)
    return label, min(1.0, done / total) if total else 0.0


def _mark(job: Job | None) -> tuple[str, str]:
    """Which job is the newest, and how it stands."""
    return (job.id, job.state) if job else ("", "")
