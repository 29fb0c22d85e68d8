"""Documents as a catalogue has them: what is known about each, and how they belong together."""

from collections.abc import Iterable, Mapping

from core.source import DocumentInfo, Standing
from ui.answers.references import named
from ui.markup import definitions_html, escape, facts_html, link
from ui.origins import pages, site
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry

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
    """What tells a document from others in the list: its area, date, kind and languages, and that
    it is not in force."""
    return facts_html(
        texts.label("areas", document.area),
        texts.date(document.date) if document.date else "",
        texts.label("kinds", document.kind),
        _languages(versions, texts),
        "" if standing == "in_force" else texts.label("standings", standing),
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
        "publisher": escape(document.publisher),
        "about": escape(named(document, texts)) if is_brief else "",
        "reference": "" if is_brief else escape(document.reference),
        "version": escape(document.version),
        "date": escape(texts.date(document.date)) if document.date and not is_brief else "",
        "effective": escape(texts.date(document.effective_from)) if document.effective_from else "",
        "standing": escape(texts.label("standings", standings.get(entry.key, "in_force"))),
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


def _languages(versions: Versions, texts: Texts) -> str:
    return ", ".join(sorted(texts.label("languages", language) for language in versions))


def _origin_html(document: DocumentInfo, texts: Texts) -> str:
    """Links to the pages of a document, each a <dd>; a brief's say what they open, others where."""
    is_brief = document.kind == "brief"
    return "</dd><dd>".join(
        link(url, label if is_brief else site(url), texts) for label, url in pages(document, texts)
    )
