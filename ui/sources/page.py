"""The sources page: all documents, searched as one types, filtered and sorted; and each to read.

The address `?document=ID&language=CODE` opens a document (ui/addresses.py has what else it can
hold); without it the page lists them all.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import DocumentInfo, Standing, preferred
from ui import addresses, corpus, error_messages
from ui.addresses import reading_query
from ui.markup import code, escape, facts_html
from ui.paging import page_of
from ui.shared_assistant import assistant
from ui.sources.document import card_html, show_document, show_related
from ui.sources.word_search import FoundPlaces, compared, find, searchable, snippet_html, spans
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry, Documents, Versions, by_document
from vectorstore.store import Snapshot

_LONGEST = 200  # characters that are searched for; each word is looked up in all passages
_PAGE = 15  # documents shown at once; all of them would be sent to the browser at every click
_HITS = 3  # passages of a document in a list; more would push the next document off the screen
_PAGE_KEY = "catalogue-page"  # of the page of the list that is shown
_LABELS = {"area": "areas", "kind": "kinds", "language": "languages"}  # what has names, by field
_KEYS = {name: f"catalogue-{name}" for name in ("search", "sort", *_LABELS)}


@dataclass(frozen=True)
class _Row:
    """A document in the list."""

    versions: Versions  # all there are
    entry: DocumentEntry  # the language version that is shown
    found: FoundPlaces | None = None  # what was found in it


def page(settings: Settings, texts: Texts) -> None:
    """Lists the documents, or shows the one that the address names."""
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
        show_document(index, documents, wanted, texts)
        return
    st.title(texts("catalogue.title"), anchor=False)
    if wanted:
        st.warning(texts("catalogue.unknown"))
    _show_catalogue(index, documents, texts)


def _show_catalogue(index: Snapshot, documents: Documents, texts: Texts) -> None:
    """All documents, or those that are searched for, a page at a time."""
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
        chosen = _choose_versions(documents, texts)
        sort = st.segmented_control(
            texts("catalogue.sort.by"),
            ("title", "date"),
            default="title",
            required=True,
            format_func=lambda name: texts(f"catalogue.sort.{name}"),
            key=_KEYS["sort"],
            on_change=_to_first_page,
            persist_state="session",
        )
    rows = _rows(index, documents, chosen, words, texts)
    count = texts("catalogue.count", number=len(rows), total=len(documents))
    if words:
        passages = sum(len(row.found.lines) for row in rows if row.found)
        count += f" · {texts('catalogue.hits', number=passages)}"
    st.html(facts_html(count, role="status"))
    if not rows:
        st.info(texts("catalogue.nothing"))
        st.button(texts("catalogue.reset"), on_click=_reset)
        return
    rows.sort(key=lambda row: _order(row, sort))
    place, shown = page_of(rows, _PAGE, key=_PAGE_KEY, persist_state="session")
    standings = index.standings()
    with place:
        for row in shown:
            _show_row(row, documents, standings, words, texts)


def _choose_versions(documents: Documents, texts: Texts) -> Sequence[DocumentEntry]:
    """Lets the reader filter by area, kind and language, where there is a choice; the language
    versions that are left."""
    entries = [entry for versions in documents.values() for entry in versions.values()]
    chosen = {
        name: _pills(name, [getattr(entry.info, name) for entry in entries], texts)
        for name in _LABELS
    }
    return [
        entry
        for entry in entries
        if all(not values or getattr(entry.info, name) in values for name, values in chosen.items())
    ]


def _pills(name: str, values: Sequence[str], texts: Texts) -> Sequence[str]:
    """What the reader chooses of a field's values; nothing is no limit."""
    choices = sorted({value for value in values if value})
    if len(choices) < 2:
        return ()
    chosen: Sequence[str] = st.pills(
        texts(f"catalogue.record.{name}"),
        choices,
        selection_mode="multi",
        format_func=lambda value: code(texts.label(_LABELS[name], value)),
        key=_KEYS[name],
        wrap=True,
        on_change=_to_first_page,
        persist_state="session",
    )
    return chosen


def _reset() -> None:
    """Takes back the search and all filters."""
    st.session_state[_KEYS["search"]] = ""
    for name in _LABELS:
        st.session_state[_KEYS[name]] = []
    _to_first_page()


def _to_first_page() -> None:
    st.session_state[_PAGE_KEY] = 1


def _rows(
    index: Snapshot, documents: Documents, chosen: Sequence[DocumentEntry], words: str, texts: Texts
) -> list[_Row]:
    """The documents that have a chosen version, and these words if there are any; each in the
    version that has them, where possible the one in the interface language."""
    hits: Mapping[str, FoundPlaces] = {}
    if words:
        with st.spinner(texts("catalogue.searching")):
            there = searchable(index.generation, index)
        hits = find(words, (entry.info for entry in chosen), there)
        chosen = [entry for entry in chosen if entry.key in hits]
    rows = []
    for name, versions in by_document(chosen).items():
        entry = versions[preferred(versions, texts.language)]
        rows.append(_Row(documents[name], entry, hits.get(entry.key)))
    return rows


def _order(row: _Row, sort: str) -> tuple[bool, int, str]:
    """By title, or the newest first; where the words are in the title before all others."""
    elsewhere = row.found is not None and not row.found.in_title
    date = row.entry.info.date or datetime.date.min
    newest = -date.toordinal() if sort == "date" else 0
    return elsewhere, newest, compared(row.entry.info.title)


def _show_row(
    row: _Row, documents: Documents, standings: Mapping[str, Standing], words: str, texts: Texts
) -> None:
    name = row.entry.info.id
    with st.container(border=True):
        addresses.to_document(row.entry.info, f"open-{name}")
        standing = standings.get(row.entry.key, "in_force")
        st.html(card_html(row.versions, row.entry.info, standing, texts))
        show_related(documents, name, ("superseded_by", "summary_of"), texts)
        if row.found:
            _show_hits(row.entry.info, row.found, words, texts)
        addresses.to_chat(row.entry.info, texts, name)


def _show_hits(document: DocumentInfo, found: FoundPlaces, words: str, texts: Texts) -> None:
    """The first passages with the words, each with a link to it in the reading view."""
    for line in found.lines[:_HITS]:
        marked = spans(line.text, words)
        with st.container(gap=None):
            addresses.to_reading(
                line.headings[-1],
                reading_query(document, line.id, marked or [(0, 0)]),
                f"hit-{line.id.replace(':', '-')}",
            )
            page = f"{escape(texts('sources.page', page=line.page))} · " if line.page else ""
            st.html(
                f'<p class="sw-snippet">{page}<span lang="{escape(document.language)}">'
                f"{snippet_html(line.text, marked)}</span></p>"
            )
    more = len(found.lines) - _HITS
    if more > 0:
        st.html(facts_html(texts("catalogue.more", number=more)))
