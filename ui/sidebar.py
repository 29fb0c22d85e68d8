"""The sidebar: interface language, and the state of the corpus."""

import datetime
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.settings import Settings
from ui.markup import escape
from ui.texts import Texts, languages, load
from vectorstore.store import Index

STYLE = Path(__file__).parent / "style.css"


def interface_texts(settings: Settings) -> Texts:
    """The strings of the interface language: chosen here, else the browser's, else the default."""
    choices = languages()
    browser = (st.context.locale or "")[:2].lower()
    preferred = (st.session_state.get("language"), browser, settings.default_language)
    return load(next((language for language in preferred if language in choices), choices[0]))


def choose_language(texts: Texts) -> None:
    """Lets the reader choose the interface language: `st.session_state.language`."""
    choices = languages()
    st.sidebar.selectbox(
        texts("sidebar.language"),
        choices,
        index=choices.index(texts.language),
        format_func=lambda language: load(language)("name"),
        key="language",
        persist_state="session",
    )
    # Streamlit leaves the language of the page at English. One of our own names goes in here.
    told = f'<script>document.documentElement.lang = "{texts.language}";</script>'
    st.sidebar.html(told, unsafe_allow_javascript=True)


def state_html(settings: Settings, index: Index, texts: Texts) -> str:
    """How answers are made, and from which documents."""
    documents, made = index.documents(), datetime.datetime.fromisoformat(index.created)
    facts: Mapping[str, object] = {
        "mode": texts("sidebar.model", model=settings.chat_model)
        if settings.generative
        else texts("sidebar.offline"),
        "documents": len({document.id for document in documents}),
        "versions": len(documents),
        "index": f"{texts.date(made.date())} ({index.generation})",
    }
    listed = "".join(
        f"<dt>{escape(texts(f'sidebar.{name}'))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in facts.items()
    )
    return (
        f'<div class="sw-state"><h2 class="sw-small">{escape(texts("sidebar.state"))}</h2>'
        f"<dl>{listed}</dl></div>"
    )
