"""Links within the app, to the sources and to the chat: the session of the reader stays.

Page links have an address to copy or to open in a new tab. What they say is data and their label is
Markdown: as code it stays data.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.source import DocumentInfo
from ui.addresses import reading_query
from ui.markup import code
from ui.texts import Texts


def to_document(document: DocumentInfo, key: str) -> None:
    """A link to read a document, with its title."""
    to_reading(document.title, reading_query(document), key)


def to_reading(label: str, query: Sequence[tuple[str, str]], key: str) -> None:
    """A link to a place in the reading view.

    Args:
        label: what it says.
        query: as `ui.addresses.reading_query`.
        key: tells it from the others in the page.
    """
    page = st.Page(_of_which_the_address_counts, title="sources", url_path="sources")
    with st.container(key=f"plain-{key}"):
        st.page_link(page, label=code(" ".join(label.split())), query_params=query)


def to_list(texts: Texts) -> None:
    """A link back to all documents, as they were searched and filtered."""
    page = st.Page(_of_which_the_address_counts, title="sources", url_path="sources")
    with st.container(key="plain-all"):
        st.page_link(page, label=texts("catalogue.all"), icon=":material/arrow_back:")


def to_chat(document: DocumentInfo, texts: Texts, key: str) -> None:
    """A button that goes and asks about one document.

    It is no page link, of which the address would lack the way to the first page.
    """
    if st.button(texts("catalogue.ask"), key=f"ask-{key}", icon=":material/forum:"):
        open_chat({"document": document.id})


def to_question(question: str, document: DocumentInfo, key: str) -> None:
    """A button that goes and asks this of one document."""
    if st.button(code(question), key=key, icon=":material/subdirectory_arrow_right:"):
        open_chat({"q": question, "document": document.id})


def open_chat(query: Mapping[str, str] | None = None) -> None:
    """Goes to the chat page."""
    page = st.Page(_of_which_the_address_counts, title="chat", url_path="", default=True)
    st.switch_page(page, query_params=query)


def _of_which_the_address_counts() -> None:
    """Stands for a page: Streamlit knows a page by its address, and finds the one that has it."""
