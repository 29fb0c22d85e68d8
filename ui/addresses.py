"""Addresses of the app's pages, and links to them.

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

from core.hosts import is_official_address, shown_host
from core.source import DocumentInfo
from language.escaping import is_web_page
from ui.markup import code
from ui.texts import Texts

# Addresses within the app: what the pages link to, and how they read it back.


Span = tuple[int, int]
"""Offsets in a passage's text, end exclusive."""

_QUOTE = re.compile(r"([0-9a-f]{1,64}):([0-9]{1,7})-([0-9]{1,7})", re.ASCII)
_QUOTES = 100  # more than any answer has citations


def here() -> str:
    """The address of the page that is shown, without what it says about it."""
    now = urlsplit(st.context.url or "")
    return now._replace(path=f"{now.path.rstrip('/')}/", query="", fragment="").geturl()


def reading_address(
    document: DocumentInfo, passage_id: str, spans: Iterable[tuple[int, int]] = ()
) -> str:
    """Query and place in the sources page where a passage can be read, with these quotes marked.

    Args:
        document: the language version that is opened.
        passage_id: a passage of it, which is scrolled to.
        spans: (start, end) of each quote in that passage's text.
    """
    query = urlencode(reading_query(document, passage_id, spans))
    return f"{query}#{place_of(passage_id)}"


def reading_query(
    document: DocumentInfo, passage_id: str = "", spans: Iterable[tuple[int, int]] = ()
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


def _hash(passage_id: str) -> str:
    return passage_id.partition(":")[2]


# Links within the app, to the sources and to the chat: the session of the reader stays.


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


# What is said of a document's origin wherever it is shown: whose text it is, what its links open.


_EUR_LEX = "eur-lex.europa.eu"


def number(document: DocumentInfo, texts: Texts) -> str:
    """The reference of a document, or that of what a brief summarises; empty where it has none."""
    if document.kind == "brief" and document.reference:
        return texts("origins.summarises", reference=document.reference)
    return document.reference


def marked(document: DocumentInfo, texts: Texts) -> list[str]:
    """A document's reference; before it, that a brief is no official text."""
    mark = [texts("kinds.brief")] if document.kind == "brief" else []
    return [fact for fact in (*mark, number(document, texts)) if fact]


def pages(document: DocumentInfo, texts: Texts, url: str = "") -> list[tuple[str, str]]:
    """The web pages that a document links to: what each opens, and its address.

    Args:
        document: whose pages.
        texts: the strings of the interface language.
        url: takes the place of the document's own address, to lead to a place in it.
    """
    found = [(_label(document, texts), url or document.url)]
    if document.kind == "brief":
        questions = texts("origins.questions", site=site(document.questions_url))
        found.append((questions, document.questions_url))
    return [(label, address) for label, address in found if is_web_page(address)]


def naming(url: str, label: str) -> str:
    """The label of a link, with the site that it leads to unless that is one of the EU's."""
    return label if is_official_address(url) else f"{label} ({site(url)})"


def site(url: str) -> str:
    """The name of the site that an address leads to: "EUR-Lex", else its host."""
    host = shown_host(url)
    return "EUR-Lex" if host == _EUR_LEX else host


def _label(document: DocumentInfo, texts: Texts) -> str:
    if document.kind == "brief":
        is_called = document.about_form == "press_release" or is_official_address(document.url)
        key = document.about_form if is_called else "elsewhere"
        return texts(f"origins.{key}", site=site(document.url))
    if is_official_address(document.url):
        return texts("sources.open")
    return texts("origins.page", site=site(document.url))
