"""The list of all documents: searched as one types, filtered, sorted, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.source import DocumentInfo, Standing
from core.versions import preferred
from ui import page_links
from ui.addresses import reading_query
from ui.markup import escape, facts_html
from ui.pagination import page_of
from ui.sources import choices
from ui.sources.documents import Documents, card_html, related
from ui.sources.rows import Row, ordered, rows_of
from ui.sources.type_search import FoundPlaces, find, searchable, snippet_html, spans
from ui.texts import Texts
from vectorstore.snapshot import Snapshot

_PAGE = 15  # documents shown at once; all of them would be sent to the browser at every click
_HITS = 3  # passages of a document in a list; more would push the next document off the screen


def show(index: Snapshot, documents: Documents, texts: Texts) -> None:
    """All documents, or those that are searched for.

    Raises:
        StrategiewijzerError: the store cannot be read.
    """
    words, areas, kinds, language, sort = choices.choose(documents, texts)
    rows = rows_of(documents, texts.language, areas, kinds, language)
    if words:
        rows = _searched(index, rows, words, texts)
    rows = ordered(rows, sort)
    _tell_count(rows, len(documents), words, texts)
    if not rows:
        st.info(texts("catalogue.nothing"))
        st.button(texts("catalogue.reset"), on_click=choices.reset)
        return
    place, shown = page_of(rows, _PAGE, key=choices.PAGE_KEY, persist_state="session")
    standings = index.standings()
    with place:
        for row in shown:
            _show_row(row, documents, standings, words, texts)


def _searched(index: Snapshot, rows: Iterable[Row], words: str, texts: Texts) -> list[Row]:
    """The documents with these words, each in the version that has them, where possible its own."""
    with st.spinner(texts("catalogue.searching")):
        lines = searchable(index.generation, index)
    found = []
    for row in rows:
        hits = find(words, (entry.info for entry in row.chosen.values()), lines)
        having = {name: entry for name, entry in row.chosen.items() if entry.key in hits}
        if having:
            entry = having[preferred(having, row.info.language)]
            found.append(replace(row, entry=entry, found=hits[entry.key]))
    return found


def _tell_count(rows: Sequence[Row], total: int, words: str, texts: Texts) -> None:
    count = texts("catalogue.count", number=len(rows), total=total)
    if words:
        passages = sum(len(row.found.lines) for row in rows if row.found)
        count += f" · {texts('catalogue.hits', number=passages)}"
    st.html(facts_html(count, role="status"))


def _show_row(
    row: Row,
    documents: Documents,
    standings: Mapping[str, Standing],
    words: str,
    texts: Texts,
) -> None:
    name = row.info.id
    with st.container(border=True):
        page_links.to_document(row.info, f"open-{name}")
        standing = standings.get(row.entry.key, "in_force")
        st.html(card_html(row.versions, row.info, standing, texts))
        show_related(documents, name, ("superseded_by", "summary_of"), texts)
        if row.found:
            _show_hits(row.info, row.found, words, texts)
        page_links.to_chat(row.info, texts, name)


def show_related(documents: Documents, name: str, hows: Sequence[str], texts: Texts) -> None:
    """Links to the documents that one belongs with in these ways."""
    for how, others in related(documents, name).items():
        for other in others if how in hows else ():
            told = texts(f"catalogue.related.{how}")
            versions = documents.get(other)
            if versions is None:  # a successor that has not been ingested
                st.html(facts_html(f"{told} {texts('catalogue.not_here')}"))
                continue
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.html(facts_html(told), width="content")
                info = versions[preferred(versions, texts.language)].info
                page_links.to_document(info, f"{how}-{name}-{other}")


def _show_hits(document: DocumentInfo, found: FoundPlaces, words: str, texts: Texts) -> None:
    """The first passages with the words, each with a link to it in the reading view."""
    for line in found.lines[:_HITS]:
        marked = spans(line.text, words)
        with st.container(gap=None):
            page_links.to_reading(
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
