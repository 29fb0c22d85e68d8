"""What differs between two runs besides their figures: code, index, model, settings, prompts."""

from collections.abc import Iterator, Mapping

import streamlit as st

from eval.results import Stamp
from ui.markup import escape, facts_html
from ui.texts import Texts

_NONE = "–"


def show(before: Stamp, now: Stamp, texts: Texts) -> None:
    """A list of what differs, or that nothing does."""
    told = list(differences(before, now, texts))
    st.html(f'<h2 class="sw-small">{escape(texts("evaluation.differences.heading"))}</h2>')
    if not told:
        st.html(facts_html(texts("evaluation.differences.none")))
        return
    items = "".join(f"<li>{one}</li>" for one in told)
    st.html(f'<ul class="sw-facts sw-differences">{items}</ul>')


def differences(before: Stamp, now: Stamp, texts: Texts) -> Iterator[str]:
    """Each difference as HTML: what it is, what it was, what it is now."""
    for name, was, is_ in (
        ("code", before.code_version, now.code_version),
        ("index", before.generation, now.generation),
        ("embedder", before.embedder, now.embedder),
        ("model", before.model, now.model),
    ):
        if was != is_:
            label = escape(texts(f"evaluation.differences.{name}"))
            yield f"{label}: {_changed(was, is_, texts)}"
    for key in _changed_keys(before.settings, now.settings):
        was, is_ = (str(one.settings.get(key, "")) for one in (before, now))
        label = escape(texts("evaluation.differences.setting"))
        yield f"{label} <code>{escape(key)}</code>: {_changed(was, is_, texts)}"
    for name, old, new in (
        ("prompts", before.prompts, now.prompts),
        ("questions", before.questions, now.questions),
    ):
        if keys := _changed_keys(old, new):
            files = ", ".join(f"<code>{escape(key)}</code>" for key in keys)
            yield f"{escape(texts(f'evaluation.differences.{name}'))}: {files}"


def _changed(was: str, is_: str, texts: Texts) -> str:
    arrow = ' <span aria-hidden="true">→</span><span class="sw-hidden">{}</span> '.format(
        escape(texts("evaluation.differences.now"))
    )
    return f"{escape(was) or _NONE}{arrow}<strong>{escape(is_) or _NONE}</strong>"


def _changed_keys(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
