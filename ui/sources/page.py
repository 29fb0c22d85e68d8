"""The sources page: which documents are searched, and each of them to read.

The address `?document=ID&language=CODE` opens a document; without it the page lists them all.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from core.versions import preferred
from ui import sidebar
from ui.assistant import assistant
from ui.markup import code, escape, link
from ui.sources.documents import facts_html, hits_html, matches, reading_html
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry
from vectorstore.store import Index

# Goes to the place that the address names, which was not there yet when the page came. No data
# goes in here.
SHOW_PLACE = """<script>
if (location.hash && !document.querySelector(":target")) {
  const place = location.hash;
  location.hash = "";
  location.hash = place;
}
</script>"""

Versions = Mapping[str, DocumentEntry]
"""The language versions of one document, by language (ISO 639-1)."""


def page() -> None:
    """Lists the documents, or shows the one that the address names."""
    settings = Settings()
    texts = sidebar.interface_texts(settings)
    try:
        _show(assistant().index, settings, texts)
    except StrategiewijzerError as error:
        st.title(texts("catalogue.title"), anchor=False)
        st.error(f"{texts('errors.store')}\n\n{code(str(error))}")


def _show(index: Index, settings: Settings, texts: Texts) -> None:
    with st.sidebar:
        st.html(sidebar.state_html(settings, index, texts))
    documents: dict[str, dict[str, DocumentEntry]] = {}
    for entry in index.entries():
        documents.setdefault(entry.info.id, {})[entry.info.language] = entry
    wanted = st.query_params.get("document", "")
    if wanted in documents:
        _read(index, documents[wanted], texts)
        return
    st.title(texts("catalogue.title"), anchor=False)
    if wanted:
        st.warning(f"{texts('catalogue.unknown')} {code(wanted)}")
    _list(index, documents, texts)


def _list(index: Index, documents: Mapping[str, Versions], texts: Texts) -> None:
    """All documents, or those in which the words that are typed occur."""
    words = st.text_input(
        texts("catalogue.search"),
        placeholder=texts("catalogue.search"),
        label_visibility="collapsed",
        type="search",
        key="catalogue-search",
        live=True,
    )
    hits = matches(index.passages(), words) if words else {}
    shown = {name: found for name, found in documents.items() if not words or name in hits}
    count = texts("catalogue.count", number=len(shown), total=len(documents))
    st.html(f'<p class="sw-facts" role="status">{escape(count)}</p>')
    for name, versions in shown.items():
        entry = versions[preferred(versions, texts.language)]
        with st.container(border=True):
            st.button(
                code(entry.info.title),  # a label is Markdown: as code it stays data
                key=f"plain-open-{name}",
                type="tertiary",
                on_click=_open,
                args=(name, entry.info.language),
            )
            st.html(facts_html(versions.values(), entry, index.standings(), texts))
            if words:
                st.html(hits_html(hits[name], texts))


def _open(name: str, language: str) -> None:
    st.query_params.from_dict({"document": name, "language": language})


def _read(index: Index, versions: Versions, texts: Texts) -> None:
    """One document, with its outline, and another language version beside it if that is wanted."""
    st.button(f"← {texts('catalogue.all')}", on_click=st.query_params.clear)
    language = preferred(versions, st.query_params.get("language", texts.language))
    entry = versions[language]
    st.html(f'<h1 class="sw-title" lang="{language}">{escape(entry.info.title)}</h1>')
    st.html(facts_html(versions.values(), entry, index.standings(), texts))
    if entry.info.url:
        st.html(f"<p>{link(entry.info.url, texts('sources.open'), texts)}</p>")
    beside = _choose_versions(versions, language, texts)
    shown = [language, *beside]
    for column, chosen in zip(st.columns(len(shown)), shown, strict=True):
        passages = sorted(index.passages([versions[chosen].key]), key=lambda passage: passage.start)
        column.html(reading_html(passages, texts, outline=not beside))
    st.html(SHOW_PLACE, unsafe_allow_javascript=True)


def _choose_versions(versions: Versions, language: str, texts: Texts) -> Sequence[str]:
    """Which language version is shown beside the one that is read; none unless it is wanted."""
    others = sorted(versions.keys() - {language})
    if not others:
        return ()
    with st.container(horizontal=True):
        for other in others:
            name = texts.label("languages", other)
            st.button(
                texts("catalogue.read_in", language=name),
                key=f"read-{other}",
                on_click=_open,
                args=(versions[other].info.id, other),
            )
        chosen = st.pills(
            texts("catalogue.beside"),
            others,
            format_func=lambda other: texts.label("languages", other),
            key="beside",
        )
    return (chosen,) if chosen else ()
