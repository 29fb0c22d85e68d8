"""A document on the sources page: its card in the list, its record, what it belongs with, its text.

A passage has its id as the name of its place, so that a citation or anybody else can link to it.
"""

import logging
from collections.abc import Mapping, Sequence

import streamlit as st

from chain.answer.suggestions import questions_about
from chain.answer.summary import summary_of
from core.answer import Answer
from core.errors import StrategiewijzerError, kind_and_place
from core.source import DocumentInfo, Passage, Standing, preferred
from ui import addresses
from ui.addresses import Span, place_of, quotes, reading_query
from ui.answers import answer_view
from ui.answers.references import author, named, pages, site
from ui.markup import definitions_html, escape, facts_html, folded_html, link, marked_pieces
from ui.scripts import into_view
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry, Documents, Versions
from vectorstore.store import Snapshot

logger = logging.getLogger(__name__)

_KEPT = 200  # documents in a language; one costs up to 19 searches to make, and memory to keep
_RELATIONS = ("superseded_by", "supersedes", "summary_of", "summaries")

Quotes = Mapping[str, Sequence[Span]]  # to mark, by their passage's place (`ui.addresses.quotes`)


def card_html(versions: Versions, document: DocumentInfo, standing: Standing, texts: Texts) -> str:
    """The card of a document in the list: its area, date, kind and languages, that it is not in
    force, and what succeeds it."""
    return facts_html(
        texts.label("areas", document.area),
        texts.date(document.date),
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
        "date": "" if is_brief else escape(texts.date(document.date)),
        "effective": escape(texts.date(document.effective_from)),
        "until": escape(texts.date(document.effective_until)),
        "standing": escape(_standing(document, standings.get(entry.key, "in_force"), texts)),
        "successor": link(document.successor_url, document.successor, texts),
        "languages": escape(_languages(versions, texts)),
        "pages": str(entry.pages or ""),
        "encoding": escape(entry.encoding),
        "passages": str(entry.passages),
        "origin": _origin_html(document, texts),
    }
    known = ((texts(f"catalogue.record.{name}"), value) for name, value in facts.items() if value)
    return definitions_html("sw-record", known)


def _related(documents: Documents, name: str) -> dict[str, list[str]]:
    """The documents (ids) that one belongs with, by how; a successor may be unknown here."""
    own = [entry.info for entry in documents[name].values()]
    succeeded = {info.superseded_by for info in own if info.superseded_by}
    celexes = {info.celex for info in own if info.celex}
    is_brief = any(info.kind == "brief" for info in own)
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
        if any(info.superseded_by == name for info in infos):
            found["supersedes"].append(other)
        if any(info.celex in celexes and info.kind == counterpart for info in infos):
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


def show_related(documents: Documents, name: str, hows: Sequence[str], texts: Texts) -> None:
    """Links to the documents that one belongs with in these ways."""
    for how, others in _related(documents, name).items():
        for other in others if how in hows else ():
            relation = texts(f"catalogue.related.{how}")
            versions = documents.get(other)
            if versions is None:  # a successor that has not been ingested
                st.html(facts_html(f"{relation} {texts('catalogue.not_here')}"))
                continue
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.html(facts_html(relation), width="content")
                info = versions[preferred(versions, texts.language)].info
                addresses.to_document(info, f"{how}-{name}-{other}")


def show_document(index: Snapshot, documents: Documents, name: str, texts: Texts) -> None:
    """The document with this id, in the language and with the quotes that the address names."""
    versions = documents[name]
    language = preferred(versions, st.query_params.get("language", texts.language))
    if st.query_params.get("language") != language:
        st.query_params["language"] = language  # so that the address of a passage is complete
    entry = versions[language]
    addresses.to_list(texts)
    st.html(f'<h1 class="sw-title" lang="{escape(language)}">{escape(entry.info.title)}</h1>')
    st.html(record_html(versions, entry, index.standings(), texts))
    show_related(documents, name, _RELATIONS, texts)
    with st.container(horizontal=True, vertical_alignment="center"):
        addresses.to_chat(entry.info, texts, name)
        for other in sorted(versions.keys() - {language}):
            label = texts("catalogue.read_in", language=texts.label("languages", other))
            addresses.to_reading(label, reading_query(versions[other].info), f"read-{other}")
    marked = quotes(st.query_params.get_all("quote"))
    digest_place = st.empty()  # folded, so that the text stays where it is when it comes
    with digest_place.container(key="digest"):
        digest_box = st.expander(texts("catalogue.digest"))
    st.html(reading_html(index.passages([entry.key]), marked, texts))
    if entry.left_out:
        st.html(_left_out_html(entry.left_out, language, texts))
    st.html(into_view("show_place"), unsafe_allow_javascript=True)
    with digest_box:
        has_digest = _show_in_short(index, versions, language, texts)
    if not has_digest:
        digest_place.empty()


def reading_html(passages: Sequence[Passage], quotes: Quotes, texts: Texts) -> str:
    """A document with the links to its sections beside it, or above it where that is narrow."""
    if not passages:
        return ""
    by_number: dict[int, list[Passage]] = {}
    for passage in sorted(passages, key=lambda each: each.start):
        by_number.setdefault(passage.section, []).append(passage)
    sections, language = [*by_number.values()], escape(passages[0].language)
    shown = "".join(_section_html(section, quotes, texts) for section in sections)
    return (
        f'<div class="sw-book"><div>{_outline_html(sections, language, texts)}'
        f'<article class="sw-reading" lang="{language}">{shown}</article></div></div>'
    )


def _outline_html(sections: Sequence[Sequence[Passage]], language: str, texts: Texts) -> str:
    """The links to the sections, twice: to stay in view, and to fold where there is no room.

    CSS hides one of the two.
    """
    if len(sections) < 2:
        return ""
    items = "".join(
        f'<li class="sw-depth-{min(len(section[0].headings), 5)}">'
        f'<a href="#{escape(place_of(section[0].id))}">{escape(section[0].headings[-1])}</a></li>'
        for section in sections
    )
    name = escape(texts("catalogue.outline"))
    listed = f'<ol lang="{language}">{items}</ol>'
    return (
        f'<nav class="sw-outline sw-wide" aria-label="{name}"><p aria-hidden="true">{name}</p>'
        f"{listed}</nav>"
        f'<nav class="sw-outline sw-narrow" aria-label="{name}">'
        f"<details><summary>{name}</summary>{listed}</details></nav>"
    )


def _section_html(section: Sequence[Passage], quotes: Quotes, texts: Texts) -> str:
    """A section under the path of its headings below the document's title."""
    headings = section[0].headings
    parts, page = [f"<h2>{escape(' › '.join(headings[1:] or headings))}</h2>"], None
    for passage in section:
        parts.append(_passage_html(passage, page, quotes, texts))
        pages = passage.pages(0, len(passage.text))
        page = pages[1] if pages else None
    return "".join(parts)


def _passage_html(passage: Passage, page: int | None, quotes: Quotes, texts: Texts) -> str:
    """The HTML of one passage; `page` is where the one before it in its section ends."""
    breaks: dict[int, int] = {}
    if passage.page is not None:
        numbered = enumerate(passage.page_breaks, start=passage.page + 1)
        breaks = {offset: number for number, offset in numbered}
        if passage.page != page:
            breaks[0] = passage.page
    place = place_of(passage.id)
    # An address may name others than the passage has.
    spans = [span for span in quotes.get(place, ()) if span[0] < span[1] <= len(passage.text)]
    text = _text_html(passage.text, spans, breaks, texts)
    named = " sw-named" if place in quotes else ""
    anchor, label = escape(place), escape(texts("catalogue.permalink"))
    return (
        f'<div class="sw-passage{named}" id="{anchor}">{text}'
        f'<a class="sw-permalink" href="#{anchor}" aria-label="{label}" title="{label}">¶</a></div>'
    )


def _text_html(text: str, spans: Sequence[Span], breaks: Mapping[int, int], texts: Texts) -> str:
    """The text, character for character, with the quotes marked and where pages begin."""
    parts = []
    for left, _, piece in marked_pieces(text, spans, breaks):
        if left in breaks:
            page = escape(texts("sources.page", page=breaks[left]))
            parts.append(f'<span class="sw-page">{page}</span> ')
        parts.append(piece)
    return "".join(parts)


def _show_in_short(index: Snapshot, versions: Versions, language: str, texts: Texts) -> bool:
    """A summary of the version in a language, and questions in the interface language, or in the
    document's where that gives none. Returns whether there is any of it."""
    read = versions[language].info
    preferred_version = versions.get(texts.language, versions[language]).info
    summary: Answer | None = None
    questions: tuple[str, ...] = ()
    try:
        summary = _summary(index.generation, read.key, index)
        if summary is not None:
            st.html(f'<h2 class="sw-hidden">{escape(texts("catalogue.digest"))}</h2>')
            # A summary of the sources as they are offers nothing to ask.
            answer_view.show(summary, "digest", texts, lambda *_, **__: None, index)
        for info, spoken in ((preferred_version, texts.language), (read, language)):
            questions = questions or _questions(index.generation, info.key, spoken, info, index)
    except StrategiewijzerError:  # the page shows it by itself
        pass
    except Exception as error:  # noqa: BLE001 - the text can be read all the same
        logger.error("A summary ended with %s", kind_and_place(error))
    if questions:
        st.html(f'<h2 class="sw-small">{escape(texts("catalogue.questions"))}</h2>')
    for number, question in enumerate(questions):
        addresses.to_question(question, read, f"plain-question-{number}")
    return summary is not None or bool(questions)


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _summary(generation: str, key: str, _index: Snapshot) -> Answer | None:
    """`generation` only tells one state from another. Shared by all sessions and never changed."""
    return summary_of(_index, key)


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _questions(
    generation: str, key: str, language: str, _document: DocumentInfo, _index: Snapshot
) -> tuple[str, ...]:
    """As `_summary`."""
    return questions_about(_index, _document, language)


def _left_out_html(left_out: Sequence[str], language: str, texts: Texts) -> str:
    """What of the file is in no passage, folded."""
    items = "".join(f"<li>{escape(text)}</li>" for text in left_out)
    listed = f'<ul lang="{escape(language)}">{items}</ul>'
    why = escape(texts("catalogue.left_out_why"))
    return folded_html("sw-note", escape(texts("catalogue.left_out")), f"<p>{why}</p>{listed}")
