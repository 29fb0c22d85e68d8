"""What is known about a document: its card, its record, and the documents that it belongs with."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.source import DocumentInfo, Standing, preferred
from ui import addresses
from ui.answers.references import author, named, pages, site
from ui.markup import definitions_html, escape, facts_html, link
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry, Documents, Versions


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
    known = ((texts(f"catalogue.record.{name}"), value) for name, value in facts.items() if value)
    return definitions_html("sw-record", known)


def related(documents: Documents, name: str) -> dict[str, list[str]]:
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
    for how, others in related(documents, name).items():
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
