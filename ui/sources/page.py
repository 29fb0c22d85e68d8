"""The sources page: which documents are searched, and each of them to read.

The address `?document=ID&language=CODE` opens a document (ui/addresses.py has what else it can
hold); without it the page lists them all.
"""

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings, current
from ui import corpus, error_messages, navigation
from ui.shared_assistant import assistant
from ui.sources import catalogue, reading_view
from ui.sources.records import by_document
from ui.texts import Texts
from vectorstore.store import Snapshot


def page() -> None:
    """Lists the documents, or shows the one that the address names."""
    settings = current()
    texts = navigation.interface_texts(settings)
    try:
        _show(assistant().index.snapshot(), settings, texts)
    except StrategiewijzerError as error:
        st.title(texts("catalogue.title"), anchor=False)
        error_messages.no_sources(error, texts)


def _show(index: Snapshot, settings: Settings, texts: Texts) -> None:
    with st.sidebar:
        st.html(corpus.state_html(settings, index, texts))
    # A page link within the page changes the query but not the address bar: tell the browser.
    st.query_params.from_dict({name: st.query_params.get_all(name) for name in st.query_params})
    documents = by_document(index.entries())
    wanted = st.query_params.get("document", "")
    if wanted in documents:
        reading_view.show(index, documents, wanted, texts)
        return
    st.title(texts("catalogue.title"), anchor=False)
    if wanted:
        st.warning(texts("catalogue.unknown"))
    catalogue.show(index, documents, texts)
