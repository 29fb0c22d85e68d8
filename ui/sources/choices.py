"""What the reader chooses in the catalogue: words, filters, order and page.

It is kept in `st.session_state`, so that who comes back from a document finds the list as it was.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from ui.markup import code
from ui.sources.documents import Documents
from ui.texts import Texts

_LONGEST = 200  # characters that are searched for; each word is looked up in all passages
_KEYS = {name: f"catalogue-{name}" for name in ("search", "area", "kind", "language", "sort")}
PAGE_KEY = "catalogue-page"  # of the page of the list that is shown


class Choices(NamedTuple):
    """Empty ones limit nothing; `sort` is "title" or "date"."""

    words: str
    areas: Sequence[str]
    kinds: Sequence[str]
    language: str | None
    sort: str


def choose(documents: Documents, texts: Texts) -> Choices:
    """The field to search in, and filters where there is a choice."""
    words = st.text_input(
        texts("catalogue.search"),
        placeholder=texts("catalogue.search"),
        label_visibility="collapsed",
        type="search",
        icon=":material/search:",
        key=_KEYS["search"],
        live=True,
        on_change=_to_first_page,
        persist_state="session",
    ).strip()[:_LONGEST]
    with st.container(horizontal=True, key="plain-filters"):
        areas, kinds, language = _filters(documents, texts)
        sort = _choose_order(texts)
    return Choices(words, areas, kinds, language, sort)


def reset() -> None:
    """Takes back the search and all filters."""
    st.session_state[_KEYS["search"]] = ""
    st.session_state[_KEYS["area"]] = []
    st.session_state[_KEYS["kind"]] = []
    st.session_state[_KEYS["language"]] = None
    _to_first_page()


def _filters(documents: Documents, texts: Texts) -> tuple[Sequence[str], Sequence[str], str | None]:
    """The areas, the kinds and the language that are chosen; offered where there is a choice."""
    infos = [entry.info for versions in documents.values() for entry in versions.values()]
    areas = sorted({info.area for info in infos if info.area})
    kinds = sorted({info.kind for info in infos})
    languages = sorted({info.language for info in infos})
    pills = functools.partial(
        st.pills, wrap=True, on_change=_to_first_page, persist_state="session"
    )
    chosen_areas: Sequence[str] = ()
    chosen_kinds: Sequence[str] = ()
    chosen_language: str | None = None
    if len(areas) > 1:
        chosen_areas = pills(
            texts("catalogue.record.area"),
            areas,
            selection_mode="multi",
            format_func=lambda area: code(texts.label("areas", area)),
            key=_KEYS["area"],
        )
    if len(kinds) > 1:
        chosen_kinds = pills(
            texts("catalogue.record.kind"),
            kinds,
            selection_mode="multi",
            format_func=lambda kind: texts.label("kinds", kind),
            key=_KEYS["kind"],
        )
    if len(languages) > 1:
        chosen_language = pills(
            texts("catalogue.record.languages"),
            languages,
            format_func=lambda language: code(texts.label("languages", language)),
            key=_KEYS["language"],
        )
    return chosen_areas, chosen_kinds, chosen_language


def _choose_order(texts: Texts) -> str:
    return st.segmented_control(
        texts("catalogue.sort.by"),
        ("title", "date"),
        default="title",
        required=True,
        format_func=lambda sort: texts(f"catalogue.sort.{sort}"),
        key=_KEYS["sort"],
        on_change=_to_first_page,
        persist_state="session",
    )


def _to_first_page() -> None:
    st.session_state[PAGE_KEY] = 1
