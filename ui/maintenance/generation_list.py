"""Generations of the index: what each changed, the way back, and a check of the one in use."""

import datetime
from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import MEGABYTE, NoIndexError, StrategiewijzerError, printable
from core.settings import Settings
from ingest.publishing.changes import KeptGeneration, ahead, history
from ingest.publishing.lock import writing
from ingest.publishing.verify import Verification
from ui import access, error_messages
from ui.evaluation import kept_runs
from ui.maintenance import job_list as work
from ui.markup import escape, facts_html
from ui.texts import Texts
from vectorstore.generations import Generations

NOTE = 300  # characters of a note: a few sentences


def show(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """The kept generations, newest first; `busy`: a job runs, nothing else can be started.

    Raises:
        StrategiewijzerError: the index cannot be used.
    """
    st.header(texts("maintenance.generations.heading"), anchor=False)
    try:
        kept = history(settings)[::-1]
    except NoIndexError:
        st.info(texts("maintenance.generations.none"))
        return
    st.markdown(texts("maintenance.generations.explained", number=settings.keep_generations))
    brought_back(settings, texts)
    decisions = kept_runs.sign_offs_by_generation(settings.data_dir, texts)
    for one in kept:
        with st.container(border=True):
            decision, goes_live = decisions.get(one.id, ("", True))
            st.html(_generation(one, texts) + decision)
            if one.in_use and not goes_live:
                st.warning(texts("maintenance.generations.not_live"))
            with st.container(horizontal=True):
                _note(one, settings, texts, busy=busy)
                if not one.in_use:
                    _go_to(one, texts, busy=busy)
    _verify(settings, texts, busy=busy)


def _generation(one: KeptGeneration, texts: Texts) -> str:
    moment = texts.moment(datetime.datetime.fromisoformat(one.created))
    in_use = f" · {texts('maintenance.generations.in_use')}" if one.in_use else ""
    facts = texts(
        "maintenance.generations.facts",
        documents=one.documents,
        versions=one.versions,
        passages=one.passages,
        size=round(one.size / MEGABYTE, 1),
    )
    changes = {"added": one.added, "changed": one.changed, "removed": one.removed}
    named = {
        kind: [f"{one.titles[key]} ({key.rpartition('.')[2]})" for key in keys or ()]
        for kind, keys in changes.items()
    }
    note = f"<p>{escape(printable(one.note))}</p>" if one.note else ""
    return (
        f'<h3 class="sw-small">{escape(printable(_title(one, named, texts)) + in_use)}</h3>'
        f"{note}{facts_html(moment, facts)}{_changes(named, texts, least=2)}"
        + error_messages.fold(f"{one.id} · {one.method}", texts)
    )


def _title(one: KeptGeneration, named: Mapping[str, Sequence[str]], texts: Texts) -> str:
    """The title of a version: what it changed."""
    if one.added is None:
        return texts("maintenance.generations.oldest")
    told = [
        f"{texts(f'maintenance.kinds.{kind}')}: {_first(names, texts)}"
        for kind, names in named.items()
        if names
    ]
    return "; ".join(told) or texts("maintenance.generations.same")


def _first(names: Sequence[str], texts: Texts) -> str:
    others = texts.counted("maintenance.generations.others", len(names) - 1)
    return names[0] if len(names) == 1 else f"{names[0]} {others}"


def _changes(named: Mapping[str, Sequence[str]], texts: Texts, *, least: int = 1) -> str:
    """The changed documents, by what happens to them, where they are not fewer than `least`."""
    lines = "".join(
        f"<li>{escape(texts(f'maintenance.kinds.{kind}'))}: "
        f"{escape(printable(', '.join(names)))}</li>"
        for kind, names in named.items()
        if len(names) >= least
    )
    return f'<ul class="sw-facts">{lines}</ul>' if lines else ""


def brought_back(settings: Settings, texts: Texts) -> bool:
    """After a version was put back: says what publishing would bring back, as its files are there.

    Returns:
        Whether that was said.
    """
    try:
        found = ahead(settings)
    except NoIndexError:
        return False
    if found is None:
        return False
    moment = texts.moment(datetime.datetime.fromisoformat(found.created))
    st.warning(texts("maintenance.generations.restored", moment=moment))
    changes = {"added": found.added, "changed": found.changed, "removed": found.removed}
    st.html(_changes(changes, texts))
    return True


def _note(one: KeptGeneration, settings: Settings, texts: Texts, *, busy: bool) -> None:
    """The maintainer's note on a version."""
    with (
        st.popover(texts("maintenance.generations.note"), disabled=busy),
        st.form(f"maintenance-note-{one.id}", border=False),
    ):
        note = st.text_input(
            texts("maintenance.generations.note_label"),
            value=one.note,
            max_chars=NOTE,
            key=f"maintenance-note-text-{one.id}",
        )
        if st.form_submit_button(texts("maintenance.generations.note_save")):
            try:
                access.require("maintainer")
                with writing(settings) as lease:
                    Generations(settings, lease).annotate(one.id, note.strip())
            except StrategiewijzerError as error:
                error_messages.show(error, texts)
                return
            st.rerun()


def _go_to(one: KeptGeneration, texts: Texts, *, busy: bool) -> None:
    """Puts a generation in use again, after a second look."""
    with st.popover(texts("maintenance.generations.rollback"), disabled=busy):
        st.markdown(texts("maintenance.generations.sure"))
        st.button(
            texts("maintenance.generations.confirm"),
            key=f"maintenance-rollback-{one.id}",
            type="primary",
            disabled=busy,
            on_click=work.start,
            args=("rollback", one.id),
        )


def _verify(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """Checks the generation in use, and says what the last check found."""
    st.header(texts("maintenance.verify.heading"), anchor=False)
    st.markdown(texts("maintenance.verify.explained"))
    st.button(
        texts("maintenance.verify.start"),
        key="maintenance-verify",
        disabled=busy,
        on_click=work.start,
        args=("verify", "--json"),
    )
    job = work.latest(settings, "verify")
    told = job.events() if job is not None and job.state in ("done", "failed") else []
    if job is None or not told:
        return
    found = Verification.model_validate(told[-1])
    facts = texts(
        "maintenance.verify.facts",
        documents=found.documents,
        passages=found.passages,
        units=found.units,
    )
    st.html(facts_html(work.since(job, texts)))
    if found.problems:
        st.error(texts("maintenance.verify.damaged", number=len(found.problems)))
        error_messages.details("\n".join(map(str, found.problems)), texts)
    else:
        st.success(texts("maintenance.verify.whole"))
    st.html(facts_html(facts))
    if found.notes:
        st.markdown(texts("maintenance.verify.notes", number=len(found.notes)))
        error_messages.details("\n".join(found.notes), texts)
