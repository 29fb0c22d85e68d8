"""The sidebar: interface language, where to search, and the state of the corpus."""

import datetime
from collections.abc import Collection, Mapping

import streamlit as st

from core.settings import Settings
from core.types import DocumentInfo
from ui.markup import escape
from ui.texts import Texts, languages, load


def choose_language(settings: Settings) -> Texts:
    """The strings of the interface language that the reader chose."""
    choices = languages()
    default = settings.default_language if settings.default_language in choices else choices[0]
    current: str = st.session_state.get("language", default)
    chosen = st.sidebar.radio(
        load(current)("sidebar.language"),
        choices,
        index=choices.index(default),
        format_func=lambda language: load(language)("name"),
        key="language",
        horizontal=True,
    )
    return load(chosen)


def choose_areas(documents: Collection[DocumentInfo], texts: Texts) -> None:
    """Lets the reader choose the policy areas to search in: `st.session_state.areas`."""
    st.multiselect(
        texts("sidebar.areas"),
        sorted({document.area for document in documents if document.area}),
        format_func=lambda area: texts.label("areas", area),
        help=texts("sidebar.areas_help"),
        placeholder=texts("sidebar.all_areas"),
        key="areas",
        select_all=False,
    )


def state_html(
    settings: Settings,
    documents: Collection[DocumentInfo],
    generation: str,
    created: str,
    texts: Texts,
) -> str:
    """How answers are made, and from which documents."""
    made_on = texts.date(datetime.datetime.fromisoformat(created).date())
    facts: Mapping[str, object] = {
        "mode": texts("sidebar.model", model=settings.chat_model)
        if settings.generative
        else texts("sidebar.offline"),
        "documents": len({document.id for document in documents}),
        "versions": len(documents),
        "index": f"{made_on} ({generation})",
    }
    listed = "".join(
        f"<dt>{escape(texts(f'sidebar.{name}'))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in facts.items()
    )
    return (
        f'<div class="sw-state"><h2 class="sw-small">{escape(texts("sidebar.state"))}</h2>'
        f"<dl>{listed}</dl></div>"
    )
