"""Addresses of the app's pages, and links to them that keep the session.

document=ID&language=CODE&quote=HASH:FROM-TO&quote=...#passage-HASH   in the sources page

HASH is the part of a passage's id after its document; FROM and TO are offsets in the passage's
text, end exclusive. An empty quote marks nothing and only names its passage.
Whoever has an address can change it, so what it holds is data: `quotes` leaves out what is no
quote, and who shows them leaves out what the document does not have.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.source import DocumentInfo
from ui.markup import code
from ui.texts import Texts

Span = tuple[int, int]
"""Offsets in a passage's text, end exclusive."""

_QUOTE = re.compile(r"([0-9a-f]{1,64}):([0-9]{1,7})-([0-9]{1,7})", re.ASCII)
_QUOTES = 100  # more than any answer has citations


def here() -> str:
    """The address of the page that is shown, without query and place."""
    now = urlsplit(st.context.url or "")
    return now._replace(path=f"{now.path.rstrip('/')}/", query="", fragment="").geturl()


def reading_address(document: DocumentInfo, passage_id: str, spans: Iterable[Span] = ()) -> str:
    """Query and place in the sources page where a passage is scrolled to, with these quotes in its
    text marked."""
    query = urlencode(reading_query(document, passage_id, spans))
    return f"{query}#{place_of(passage_id)}"


def reading_query(
    document: DocumentInfo, passage_id: str = "", spans: Iterable[Span] = ()
) -> list[tuple[str, str]]:
    """The query of `reading_address`, for a link that can name no place: the first quote is
    scrolled to."""
    name = _hash(passage_id)
    quoted = [("quote", f"{name}:{start}-{end}") for start, end in spans]
    return [("document", document.id), ("language", document.language), *quoted]


def quotes(values: Sequence[str]) -> dict[str, list[Span]]:
    """The quotes that an address asks to mark, by the name of their passage's place."""
    found: dict[str, list[Span]] = {}
    for value in values[:_QUOTES]:
        quote = _QUOTE.fullmatch(value)
        if quote and int(quote[2]) <= int(quote[3]):
            found.setdefault(f"passage-{quote[1]}", []).append((int(quote[2]), int(quote[3])))
    return found


def place_of(passage_id: str) -> str:
    """The name of a passage's place in the reading view."""
    return f"passage-{_hash(passage_id)}"


def to_document(document: DocumentInfo, key: str) -> None:
    """A link to read a document, with its title."""
    to_reading(document.title, reading_query(document), key)


def to_reading(label: str, query: Sequence[tuple[str, str]], key: str) -> None:
    """A link to a place in the reading view, of a `reading_query`; `key` tells it from others."""
    with st.container(key=f"plain-{key}"):
        st.page_link(_page("sources"), label=code(" ".join(label.split())), query_params=query)


def to_list(texts: Texts) -> None:
    """A link back to all documents, as they were searched and filtered."""
    with st.container(key="plain-all"):
        label = texts("catalogue.all")
        st.page_link(_page("sources"), label=label, icon=":material/arrow_back:")


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
    st.switch_page(_page(""), query_params=query)


def _page(path: str) -> StreamlitPage:
    return st.Page(_placeholder, title=path or "chat", url_path=path, default=not path)


def _placeholder() -> None:
    """Stands for a page: Streamlit finds the one that has its address."""


def _hash(passage_id: str) -> str:
    return passage_id.partition(":")[2]
