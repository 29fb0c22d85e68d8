"""Generations of the index: what each changed, the way back, and a check of the one in use."""

import datetime

import streamlit as st

from core.errors import NoIndexError
from core.settings import Settings
from ingest.publishing.generation_history import KeptGeneration, history
from ingest.publishing.verify import Verification
from ui import error_texts
from ui.evaluation import sign_off
from ui.maintenance import job_list as work
from ui.markup import escape, facts_html
from ui.texts import Texts


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
    decisions = sign_off.by_generation(settings.data_dir, texts)
    for one in kept:
        with st.container(border=True):
            st.html(_generation(one, texts) + decisions.get(one.id, ""))
            if not one.in_use:
                _go_to(one, texts, busy=busy)
    _verify(settings, texts, busy=busy)


def _generation(one: KeptGeneration, texts: Texts) -> str:
    moment = texts.moment(datetime.datetime.fromisoformat(one.created))
    in_use = f" · {texts('maintenance.generations.in_use')}" if one.in_use else ""
    facts = texts(
        "maintenance.generations.facts",
        documents=one.documents,
        passages=one.passages,
        size=round(one.size / 1e6, 1),
    )
    changes = {"added": one.added, "changed": one.changed, "removed": one.removed}
    lines = "".join(
        f"<li>{escape(texts(f'maintenance.kinds.{name}'))}: {escape(', '.join(keys))}</li>"
        for name, keys in changes.items()
        if keys
    )
    told = f'<ul class="sw-facts">{lines}</ul>' if lines else ""
    return (
        f'<h3 class="sw-small">{escape(moment + in_use)}</h3>'
        f'<p class="sw-facts">{escape(facts)}</p>{told}'
        + error_texts.fold(f"{one.id} · {one.method}", texts)
    )


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
        error_texts.details("\n".join(map(str, found.problems)), texts)
    else:
        st.success(texts("maintenance.verify.whole"))
    st.html(facts_html(facts))
    if found.notes:
        st.markdown(texts("maintenance.verify.notes", number=len(found.notes)))
        error_texts.details("\n".join(found.notes), texts)
