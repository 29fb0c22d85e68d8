"""Generations of the index: what each changed, and the way back."""

import datetime
from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import NoIndexError
from core.files import printable
from core.settings import Settings
from ingest.publishing.history import KeptGeneration, ahead, history
from ui import error_messages
from ui.evaluation import kept_runs
from ui.maintenance.job_list import PageContext
from ui.markup import escape, facts_html
from ui.texts import Texts

_KINDS = ("added", "changed", "removed")


def show(context: PageContext) -> None:
    """The kept generations, newest first."""
    settings, texts = context.settings, context.texts
    st.header(texts("maintenance.generations.heading"), anchor=False)
    try:
        kept = history(settings)[::-1]
    except NoIndexError:
        st.info(texts("maintenance.generations.none"))
        return
    st.markdown(texts("maintenance.generations.explained", number=settings.keep_generations))
    brought_back(settings, texts)
    decisions = kept_runs.sign_offs_by_generation(settings.data_dir, texts)
    for generation in kept:
        with st.container(border=True):
            decision, goes_live = decisions.get(generation.id, ("", True))
            st.html(_generation(generation, texts) + decision)
            if generation.in_use and not goes_live:
                st.warning(texts("maintenance.generations.not_live"))
            if not generation.in_use:
                with st.popover(texts("maintenance.generations.rollback"), disabled=context.busy):
                    st.markdown(texts("maintenance.generations.sure"))
                    key = f"maintenance-rollback-{generation.id}"
                    arguments = ("rollback", generation.id)
                    label = "maintenance.generations.confirm"
                    context.job_button(label, key, *arguments, primary=True)


def _generation(generation: KeptGeneration, texts: Texts) -> str:
    moment = texts.moment(datetime.datetime.fromisoformat(generation.created))
    in_use = f" · {texts('maintenance.generations.in_use')}" if generation.in_use else ""
    facts = texts(
        "maintenance.generations.facts",
        documents=generation.documents,
        versions=generation.versions,
        passages=generation.passages,
    )
    changes = {kind: getattr(generation, kind) for kind in _KINDS}
    named = {
        kind: [f"{generation.titles[key]} ({key.rpartition('.')[2]})" for key in keys or ()]
        for kind, keys in changes.items()
    }
    note = f"<p>{escape(printable(generation.note))}</p>" if generation.note else ""
    return (
        f'<h3 class="sw-small">{escape(printable(_title(generation, named, texts)) + in_use)}</h3>'
        f"{note}{facts_html(moment, facts)}{_changes(named, texts, least=2)}"
        + error_messages.fold(f"{generation.id} · {generation.method}", texts)
    )


def _title(generation: KeptGeneration, named: Mapping[str, Sequence[str]], texts: Texts) -> str:
    """The title of a version: what it changed."""
    if generation.added is None:
        return texts("maintenance.generations.oldest")
    changes = [
        f"{texts(f'maintenance.kinds.{kind}')}: {_first(names, texts)}"
        for kind, names in named.items()
        if names
    ]
    return "; ".join(changes) or texts("maintenance.generations.same")


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
    """After a version was put back: says what publishing would bring back, as its files are there;
    returns whether that was said."""
    try:
        found = ahead(settings)
    except NoIndexError:
        return False
    if found is None:
        return False
    moment = texts.moment(datetime.datetime.fromisoformat(found.created))
    st.warning(texts("maintenance.generations.restored", moment=moment))
    changes = {kind: getattr(found, kind) for kind in _KINDS}
    st.html(_changes(changes, texts))
    return True
