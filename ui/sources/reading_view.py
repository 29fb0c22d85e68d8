"""The reading view: one document, alone or with another language version beside it."""

from collections.abc import Sequence

import streamlit as st

from core.versions import preferred
from ui import page_links
from ui.addresses import quotes, reading_query
from ui.markup import escape
from ui.scripts import into_view
from ui.sources import in_short
from ui.sources.catalogue import show_related
from ui.sources.document_html import beside_html, marked_html, reading_html, sections_of
from ui.sources.documents import Documents, Versions, record_html
from ui.texts import Texts
from vectorstore.snapshot import Snapshot

_HOWS = ("superseded_by", "supersedes", "summary_of", "summaries")


def show(index: Snapshot, documents: Documents, name: str, texts: Texts) -> None:
    """The document with this id, in the language and with the quotes that the address names.

    Raises:
        StrategiewijzerError: the store cannot be read.
    """
    st.set_page_config(layout="wide")  # an outline and two languages side by side
    versions = documents[name]
    language = preferred(versions, st.query_params.get("language", texts.language))
    if st.query_params.get("language") != language:
        st.query_params["language"] = language  # so that the address of a passage is complete
    entry = versions[language]
    page_links.to_list(texts)
    st.html(f'<h1 class="sw-title" lang="{escape(language)}">{escape(entry.info.title)}</h1>')
    st.html(record_html(versions, entry, index.standings(), texts))
    show_related(documents, name, _HOWS, texts)
    with st.container(horizontal=True, vertical_alignment="center"):
        page_links.to_chat(entry.info, texts, name)
        _other_versions(versions, language, texts)
    beside = _choose_beside(versions, language, texts)
    marked = quotes(st.query_params.get_all("quote"))
    inside, whole = in_short.place(texts)
    shown = [sections_of(index.passages([versions[one].key])) for one in (language, *beside)]
    told = "".join(marked_html(sections, marked, texts) for sections in shown)
    if told:
        st.html(told)
    if beside:
        st.html(beside_html(shown[0], shown[1], marked, texts))
    else:
        st.html(reading_html(shown[0], marked, texts))
    st.html(into_view("show_place"), unsafe_allow_javascript=True)
    with inside:
        there = in_short.show(index, versions, language, texts)
    if not there:
        whole.empty()


def _other_versions(versions: Versions, language: str, texts: Texts) -> None:
    for other in sorted(versions.keys() - {language}):
        label = texts("catalogue.read_in", language=texts.label("languages", other))
        page_links.to_reading(label, reading_query(versions[other].info), f"read-{other}")


def _choose_beside(versions: Versions, language: str, texts: Texts) -> Sequence[str]:
    """Which language version is shown beside the one that is read; none unless it is wanted.

    It is kept in the address, so that what is seen can be shared.
    """
    others = sorted(versions.keys() - {language})
    if not others:
        return ()
    key = f"beside-{versions[language].key}"
    asked_for = st.query_params.get("beside")
    chosen = st.pills(
        texts("catalogue.beside"),
        others,
        default=asked_for if asked_for in others else None,
        format_func=lambda other: texts.label("languages", other),
        key=key,
    )
    if chosen:
        st.query_params["beside"] = chosen
    else:
        st.query_params.pop("beside", None)
    return (chosen,) if chosen else ()
