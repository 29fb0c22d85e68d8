"""What a search is limited to, as the reader chooses it; kept while other pages are shown."""

import datetime
from collections.abc import Collection, Mapping

import streamlit as st

from core.source import DocumentInfo, Scope
from language.escaping import visible
from ui import formats
from ui.corpus import describe_scope, titles
from ui.markup import facts_html
from ui.texts import Texts

# Where Streamlit keeps what is chosen, by field of `Scope`.
KEYS: Mapping[str, str] = {
    "areas": "areas",
    "documents": "documents",
    "language": "source_language",
    "as_of": "as_of",
}
_FIRST_DAY = datetime.date(1951, 4, 18)  # of the first of the Union's treaties


def choose_filters(documents: Collection[DocumentInfo], texts: Texts) -> Scope:
    """Lets the reader limit the search; below that, what it is limited to and a way to undo it.

    Args:
        documents: all that can be searched, every language version.
    """
    names = titles(documents, texts.language)
    with st.expander(texts("filters.heading"), icon=":material/filter_alt:", key="filters"):
        areas = st.multiselect(
            texts("filters.areas"),
            sorted({document.area for document in documents if document.area}),
            format_func=lambda area: texts.label("areas", area),
            placeholder=texts("filters.all_areas"),
            key=KEYS["areas"],
            persist_state="session",
            select_all=False,
        )
        chosen = st.multiselect(
            texts("filters.documents"),
            sorted(names, key=lambda name: names[name].casefold()),
            format_func=lambda name: visible(names[name]),
            placeholder=texts("filters.all_documents"),
            key=KEYS["documents"],
            persist_state="session",
            select_all=False,
        )
        language = st.selectbox(
            texts("filters.language"),
            sorted({document.language for document in documents}),
            index=None,
            format_func=lambda code: texts.label("languages", code),
            placeholder=texts("filters.all_languages"),
            key=KEYS["language"],
            persist_state="session",
        )
        as_of = st.date_input(
            texts("filters.as_of"),
            None,
            min_value=_FIRST_DAY,
            format=formats.date_field(texts.language),
            help=texts("filters.as_of_help"),
            key=KEYS["as_of"],
            persist_state="session",
        )
    scope = Scope(areas=tuple(areas), documents=tuple(chosen), language=language or "", as_of=as_of)
    if scope != Scope():
        st.html(facts_html(describe_scope(scope, texts), role="status"))
        icon, clear = ":material/filter_alt_off:", texts("filters.clear")
        st.button(clear, icon=icon, key="clear-filters", on_click=clear_filters)
    return scope


def preset_filters(scope: Scope) -> None:
    """Chooses this scope, before the filters are shown; what is not there to choose is left out."""
    for field, key in KEYS.items():
        value = getattr(scope, field)
        st.session_state[key] = list(value) if isinstance(value, tuple) else value or None


def clear_filters() -> None:
    """Limits nothing any more."""
    preset_filters(Scope())
