"""The list of all documents: searched as one types, filtered, sorted, a page at a time."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.types import DocumentInfo, Standing
from core.versions import preferred
from ui.addresses import reading_query
from ui.markup import code, escape
from ui.sources import links
from ui.sources.documents import Documents, Versions, record_html, related
from ui.sources.search import Found, compared, find, searchable, snippet_html, spans
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry
from vectorstore.store import Index

_PAGE = 15  # documents shown at once
_LONGEST = 200  # characters that are searched for
_HITS = 3  # passages of a document in a list
_KEYS = {name: f"catalogue-{name}" for name in ("search", "area", "kind", "language", "sort")}
_PAGE_KEY = "catalogue-page"


@dataclass(frozen=True)
class Row:
    """A document in the list: the language version that is shown, and what was found in it.

    `chosen` are the versions that the filters let through, `versions` all there are.
    """

    versions: Versions
    chosen: Versions
    entry: DocumentEntry
    found: Found | None = None

    @property
    def info(self) -> DocumentInfo:
        return self.entry.info


def show(index: Index, documents: Documents, texts: Texts) -> None:
    """All documents, or those that are searched for.

    Raises:
        StrategiewijzerError: the store cannot be read.
    """
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
    rows = rows_of(documents, texts.language, areas, kinds, language)
    if words:
        rows = _searched(index, rows, words, texts)
    rows = ordered(rows, sort)
    _tell_count(rows, len(documents), words, texts)
    if not rows:
        _nothing(texts)
        return
    first, pages = 0, -(-len(rows) // _PAGE)
    shown = st.container()
    if pages > 1:
        number = st.session_state.get(_PAGE_KEY, 1)
        st.session_state[_PAGE_KEY] = min(number, pages)
        first = (st.pagination(pages, key=_PAGE_KEY, persist_state="session") - 1) * _PAGE
    standings = index.standings()
    with shown:
        for row in rows[first : first + _PAGE]:
            _show_row(row, documents, standings, words, texts)


def rows_of(
    documents: Documents,
    preference: str,
    areas: Sequence[str] = (),
    kinds: Sequence[str] = (),
    language: str | None = None,
) -> list[Row]:
    """The documents that these filters let through; empty ones let everything through.

    Args:
        documents: all there are.
        preference: the language (ISO 639-1) of the version to show, where there is one.
        areas: policy areas.
        kinds: kinds of document.
        language: only versions in this language (ISO 639-1).
    """
    rows = []
    for versions in documents.values():
        left = {
            name: entry
            for name, entry in versions.items()
            if (not areas or entry.info.area in areas)
            and (not kinds or entry.info.kind in kinds)
            and (not language or name == language)
        }
        if left:
            rows.append(Row(versions, left, left[preferred(left, preference)]))
    return rows


def ordered(rows: Iterable[Row], sort: str) -> list[Row]:
    """By title, or the newest first; where the words are in the title before all others."""

    def order(row: Row) -> tuple[bool, int, str]:
        elsewhere = row.found is not None and not row.found.in_title
        date = row.info.date or datetime.date.min
        newest = -date.toordinal() if sort == "date" else 0
        return elsewhere, newest, compared(row.info.title)

    return sorted(rows, key=order)


def _filters(documents: Documents, texts: Texts) -> tuple[Sequence[str], Sequence[str], str | None]:
    """The areas, the kinds and the language that are chosen; offered where there is a choice."""
    infos = [entry.info for versions in documents.values() for entry in versions.values()]
    areas = sorted({info.area for info in infos if info.area})
    kinds = sorted({info.kind for info in infos})
    languages = sorted({info.language for info in infos})
    chosen_areas: Sequence[str] = ()
    chosen_kinds: Sequence[str] = ()
    chosen_language: str | None = None
    if len(areas) > 1:
        chosen_areas = st.pills(
            texts("catalogue.record.area"),
            areas,
            selection_mode="multi",
            format_func=lambda area: code(texts.label("areas", area)),
            wrap=True,
            key=_KEYS["area"],
            on_change=_to_first_page,
            persist_state="session",
        )
    if len(kinds) > 1:
        chosen_kinds = st.pills(
            texts("catalogue.record.kind"),
            kinds,
            selection_mode="multi",
            format_func=lambda kind: texts.label("kinds", kind),
            wrap=True,
            key=_KEYS["kind"],
            on_change=_to_first_page,
            persist_state="session",
        )
    if len(languages) > 1:
        chosen_language = st.pills(
            texts("catalogue.record.languages"),
            languages,
            format_func=lambda language: code(texts.label("languages", language)),
            wrap=True,
            key=_KEYS["language"],
            on_change=_to_first_page,
            persist_state="session",
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


def _searched(index: Index, rows: Iterable[Row], words: str, texts: Texts) -> list[Row]:
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
    st.html(f'<p class="sw-facts" role="status">{escape(count)}</p>')


def _nothing(texts: Texts) -> None:
    st.info(texts("catalogue.nothing"))
    st.button(texts("catalogue.reset"), on_click=_reset)


def _show_row(
    row: Row,
    documents: Documents,
    standings: Mapping[str, Standing],
    words: str,
    texts: Texts,
) -> None:
    name = row.info.id
    with st.container(border=True):
        links.to_document(row.info, f"open-{name}")
        st.html(record_html(row.versions, row.entry, standings, texts))
        show_related(documents, name, ("superseded_by", "summary_of"), texts)
        if row.found:
            _show_hits(row.info, row.found, words, texts)
        links.to_chat(row.info, texts, name)


def show_related(documents: Documents, name: str, hows: Sequence[str], texts: Texts) -> None:
    """Links to the documents that one belongs with in these ways."""
    for how, others in related(documents, name).items():
        for other in others if how in hows else ():
            told = texts(f"catalogue.related.{how}")
            versions = documents.get(other)
            if versions is None:  # a successor that has not been ingested
                st.html(f'<p class="sw-facts">{escape(told)} {escape(other)}</p>')
                continue
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.html(f'<p class="sw-facts">{escape(told)}</p>', width="content")
                info = versions[preferred(versions, texts.language)].info
                links.to_document(info, f"{how}-{name}-{other}")


def _show_hits(document: DocumentInfo, found: Found, words: str, texts: Texts) -> None:
    """The first passages with the words, each with a link to it in the reading view."""
    for line in found.lines[:_HITS]:
        marked = spans(line.text, words)
        with st.container(gap=None):
            links.to_reading(
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
        st.html(f'<p class="sw-facts">{escape(texts("catalogue.more", number=more))}</p>')


def _to_first_page() -> None:
    st.session_state[_PAGE_KEY] = 1


def _reset() -> None:
    """Takes back the search and all filters."""
    st.session_state[_KEYS["search"]] = ""
    st.session_state[_KEYS["area"]] = []
    st.session_state[_KEYS["kind"]] = []
    st.session_state[_KEYS["language"]] = None
    _to_first_page()
