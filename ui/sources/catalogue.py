"""The catalogue of the sources, with search as you type."""

import datetime
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import streamlit as st

from core.source import DocumentInfo, Passage, Standing, preferred
from language.matching import fold, traced, without_accents
from ui import addresses
from ui.addresses import Span, pages, reading_query, site
from ui.answers.copying import author, named
from ui.markup import (
    code,
    definitions_html,
    escape,
    facts_html,
    link,
    page_of,
    source_text_html,
)
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry
from vectorstore.store import Snapshot

_AROUND = 60  # characters before the first word in a snippet: the words that it belongs to
_LENGTH = 260  # characters of a snippet: two or three lines, so that a list can be looked through
_MARKED = 20  # words that are marked in one passage; more marks show nothing


@dataclass(frozen=True)
class SearchedPassage:
    """A passage as it is searched: `compared` are its headings below the title, and its text."""

    id: str
    headings: tuple[str, ...]
    text: str
    page: int | None
    compared: str


@dataclass(frozen=True)
class Searchable:
    """One language version of a document as it is searched."""

    title: str
    lines: tuple[SearchedPassage, ...]


@dataclass(frozen=True)
class FoundPlaces:
    """The places of the words in a document: all of them in its title, or in these passages."""

    in_title: bool
    lines: tuple[SearchedPassage, ...]


@st.cache_resource(max_entries=1, show_spinner=False)
def searchable(generation: str, _index: Snapshot) -> dict[str, Searchable]:
    """The searchable documents of a generation, by document key; made once for all sessions.

    Raises:
        StoreError: it cannot be read.
    """
    passages: dict[str, list[Passage]] = {}
    for passage in _index.passages():
        passages.setdefault(passage.document.key, []).append(passage)
    return {
        document.key: Searchable(
            title=compared(
                f"{document.title} {document.about} {document.reference} {document.celex}"
            ),
            lines=tuple(
                _line(passage)
                for passage in sorted(passages.get(document.key, ()), key=lambda one: one.start)
            ),
        )
        for document in _index.documents()
    }


def compared(text: str) -> str:
    """A text as it is compared here."""
    return without_accents(fold(text))


def find(
    words: str, documents: Iterable[DocumentInfo], texts: Mapping[str, Searchable]
) -> dict[str, FoundPlaces]:
    """The documents, by key, that have all these words in title and one passage together.

    Only passages in which a word stands are given: a title alone gives none.
    """
    wanted = compared(words).split()
    found: dict[str, FoundPlaces] = {}
    for document in documents if wanted else ():
        there = texts.get(document.key)
        if there is None:
            continue
        left = [word for word in wanted if word not in there.title]
        lines = _having(left or wanted, there.lines)
        if lines or not left:
            found[document.key] = FoundPlaces(not left, lines)
    return found


def spans(text: str, words: str) -> list[Span]:
    """The spans of these words in a text, in order; none of them overlap."""
    folded, places = traced(text)
    covered: set[int] = set()
    for word in compared(words).split():
        at = folded.find(word)
        while at >= 0:
            covered.update(range(at, at + len(word)))
            at = folded.find(word, at + len(word))
    found: list[Span] = []
    last = -2
    for at in sorted(covered):
        start, end = places[at]
        if at == last + 1 or (found and start < found[-1][1]):  # "½" is three: 1, ⁄ and 2
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
        last = at
    return found[:_MARKED]


def snippet_html(text: str, marked: Sequence[Span]) -> str:
    """The stretch of a passage with the most of these places, marked, in its context."""
    start, end = _window(text, marked)
    parts, position = [], start
    for left, right in marked:
        if start <= left and right <= end:
            before, found = (
                source_text_html(one) for one in (text[position:left], text[left:right])
            )
            parts.append(f"{before}<mark>{found}</mark>")
            position = right
    shown = "".join(parts) + source_text_html(text[position:end])
    return f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}"


def _line(passage: Passage) -> SearchedPassage:
    headings = passage.headings[1:] or passage.headings
    return SearchedPassage(
        id=passage.id,
        headings=headings,
        text=passage.text,
        page=passage.page,
        compared=compared("\n".join((*headings, passage.text))),
    )


def _having(
    words: Collection[str], lines: Iterable[SearchedPassage]
) -> tuple[SearchedPassage, ...]:
    return tuple(line for line in lines if all(word in line.compared for word in words))


def _window(text: str, marked: Sequence[Span]) -> Span:
    """The start and end of a snippet: between words, with as many marks as fit in it."""
    best = max(
        (start for start, _ in marked),
        key=lambda start: sum(start <= left < start + _LENGTH - _AROUND for left, _ in marked),
        default=0,
    )
    start = max(0, best - _AROUND)
    if start:
        start = text.find(" ", start, best) + 1 or best
    end = min(len(text), start + _LENGTH)
    if end < len(text):
        end = max(text.rfind(" ", best + 1, end), best + 1)
        end = max([end, *(right for left, right in marked if left < end < right)])
    return start, end


# The catalogue of documents: cards, choices, search by typing.


# Documents as a catalogue has them: what is known about each, and how they belong together.


Versions = Mapping[str, DocumentEntry]
"""The language versions of one document, by language (ISO 639-1)."""

Documents = Mapping[str, Versions]
"""All documents, by id."""


def by_document(entries: Iterable[DocumentEntry]) -> Documents:
    documents: dict[str, dict[str, DocumentEntry]] = {}
    for entry in entries:
        documents.setdefault(entry.info.id, {})[entry.info.language] = entry
    return documents


def card_html(versions: Versions, document: DocumentInfo, standing: Standing, texts: Texts) -> str:
    """The card of a document in the list: its area, date, kind and languages, that it is not in
    force, and what succeeds it."""
    return facts_html(
        texts.label("areas", document.area),
        texts.date(document.date) if document.date else "",
        texts.label("kinds", document.kind),
        _languages(versions, texts),
        "" if standing == "in_force" else _standing(document, standing, texts),
        texts("catalogue.successor", successor=document.successor) if document.successor else "",
    )


def record_html(
    versions: Versions, entry: DocumentEntry, standings: Mapping[str, Standing], texts: Texts
) -> str:
    """The catalogue record of a document: what it is, from whom, from when and how long."""
    document = entry.info
    is_brief = document.kind == "brief"
    facts = {
        "area": escape(texts.label("areas", document.area)),
        "kind": escape(texts.label("kinds", document.kind)),
        "publisher": escape(author(document.publisher, texts)),
        "about": escape(named(document, texts)) if is_brief else "",
        "reference": "" if is_brief else escape(document.reference),
        "version": escape(document.version),
        "date": escape(texts.date(document.date)) if document.date and not is_brief else "",
        "effective": escape(texts.date(document.effective_from)) if document.effective_from else "",
        "until": escape(texts.date(document.effective_until)) if document.effective_until else "",
        "standing": escape(_standing(document, standings.get(entry.key, "in_force"), texts)),
        "successor": link(document.successor_url, document.successor, texts),
        "languages": escape(_languages(versions, texts)),
        "pages": str(entry.pages or ""),
        "passages": str(entry.passages),
        "origin": _origin_html(document, texts),
    }
    told = ((texts(f"catalogue.record.{name}"), value) for name, value in facts.items() if value)
    return definitions_html("sw-record", told)


def related(documents: Documents, name: str) -> dict[str, list[str]]:
    """The documents (ids) that one belongs with, by how; a successor may be unknown here."""
    own = [entry.info for entry in documents[name].values()]
    succeeded = {one.superseded_by for one in own if one.superseded_by}
    celexes = {one.celex for one in own if one.celex}
    is_brief = any(one.kind == "brief" for one in own)
    counterpart = "official" if is_brief else "brief"
    found: dict[str, list[str]] = {
        "superseded_by": sorted(succeeded - {name}),
        "supersedes": [],
        "summary_of" if is_brief else "summaries": [],
    }
    for other, versions in documents.items():
        if other == name:
            continue
        infos = [entry.info for entry in versions.values()]
        if any(one.superseded_by == name for one in infos):
            found["supersedes"].append(other)
        if any(one.celex in celexes and one.kind == counterpart for one in infos):
            found["summary_of" if is_brief else "summaries"].append(other)
    return {how: others for how, others in found.items() if others}


def _standing(document: DocumentInfo, standing: Standing, texts: Texts) -> str:
    return texts(f"standings.{standing}", period=document.period)


def _languages(versions: Versions, texts: Texts) -> str:
    return ", ".join(sorted(texts.label("languages", language) for language in versions))


def _origin_html(document: DocumentInfo, texts: Texts) -> str:
    """Links to the pages of a document, each a <dd>; a brief's say what they open, others where."""
    is_brief = document.kind == "brief"
    return "</dd><dd>".join(
        link(url, label if is_brief else site(url), texts) for label, url in pages(document, texts)
    )


# What the reader chooses in the catalogue: words, filters, order and page.


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


# The rows of the catalogue: which documents it lists, and in which order.


@dataclass(frozen=True)
class Row:
    """A document in the list: the language version that is shown, and what was found in it.

    `chosen` are the versions that the filters let through, `versions` all there are.
    """

    versions: Versions
    chosen: Versions
    entry: DocumentEntry
    found: FoundPlaces | None = None

    @property
    def info(self) -> DocumentInfo:
        return self.entry.info


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


# The list of all documents: searched as one types, filtered, sorted, a page at a time.


_PAGE = 15  # documents shown at once; all of them would be sent to the browser at every click
_HITS = 3  # passages of a document in a list; more would push the next document off the screen


def show(index: Snapshot, documents: Documents, texts: Texts) -> None:
    """All documents, or those that are searched for.

    Raises:
        StrategiewijzerError: the store cannot be read.
    """
    words, areas, kinds, language, sort = choose(documents, texts)
    rows = rows_of(documents, texts.language, areas, kinds, language)
    if words:
        rows = _searched(index, rows, words, texts)
    rows = ordered(rows, sort)
    _tell_count(rows, len(documents), words, texts)
    if not rows:
        st.info(texts("catalogue.nothing"))
        st.button(texts("catalogue.reset"), on_click=reset)
        return
    place, shown = page_of(rows, _PAGE, key=PAGE_KEY, persist_state="session")
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
        addresses.to_document(row.info, f"open-{name}")
        standing = standings.get(row.entry.key, "in_force")
        st.html(card_html(row.versions, row.info, standing, texts))
        show_related(documents, name, ("superseded_by", "summary_of"), texts)
        if row.found:
            _show_hits(row.info, row.found, words, texts)
        addresses.to_chat(row.info, texts, name)


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
                addresses.to_document(info, f"{how}-{name}-{other}")


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
