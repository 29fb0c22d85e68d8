"""The documents that are loaded, and the scope of a search, in words."""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping

from core.errors import StrategiewijzerError
from core.hosts import destinations
from core.settings import Settings
from core.source import DocumentInfo, Scope, preferred
from ui import access
from ui.markup import definitions_html, escape, facts_html, folded_html, new_tab
from ui.shared_assistant import assistant
from ui.texts import Texts
from vectorstore.store import Snapshot

_LISTED = 20  # documents on the start page; all are on the page Sources


def state_html(settings: Settings, index: Snapshot, texts: Texts) -> str:
    """How answers are made, and from which documents."""
    documents, here = index.documents(), texts("sidebar.stays")
    # The servers on other machines that get questions; the page Privacy has the details.
    hosts = dict.fromkeys(each.host for each in destinations(settings) if not each.is_here)
    facts: Mapping[str, object] = {
        "mode": _mode(settings, texts),
        "documents": len({document.id for document in documents}),
        "versions": len(documents),
        "kinds": kinds(documents, texts),
        "updated": texts.moment(datetime.datetime.fromisoformat(index.created)),
        "goes": texts("sidebar.goes_to", hosts=", ".join(hosts)) if hosts else here,
        "audit": texts("sidebar.audited") if settings.audit else "",
    }
    shown = (
        (texts(f"sidebar.{name}"), escape(str(value))) for name, value in facts.items() if value
    )
    heading = f'<h2 class="sw-small">{escape(texts("sidebar.state"))}</h2>'
    return heading + definitions_html("sw-state", shown)


def sources_html(documents: Collection[DocumentInfo], texts: Texts) -> str:
    """The sources in one line that opens for their titles."""
    listed = titles(documents, texts.language).values()
    items = "".join(f"<li>{escape(title)}</li>" for title in [*listed][:_LISTED])
    catalogue = new_tab("sources", texts("answers.all_sources"), texts)
    has_briefs = any(document.kind == "brief" for document in documents)
    summaries = facts_html(texts("loaded.summaries")) if has_briefs else ""
    inside = f'{summaries}<ul class="sw-list">{items}</ul><p class="sw-facts">{catalogue}</p>'
    line = texts("loaded.sources", kinds=kinds(documents, texts))
    return folded_html("sw-about", escape(line), inside)


def kinds(documents: Collection[DocumentInfo], texts: Texts) -> str:
    """How many documents there are of each kind, and where there are only summaries, that."""
    ids: dict[str, set[str]] = {"official": set(), "brief": set(), "upload": set()}
    for document in documents:
        ids[document.kind].add(document.id)
    counts = [texts.counted(f"loaded.{kind}", len(found)) for kind, found in ids.items() if found]
    if ids["brief"] and not ids["official"]:
        counts.append(texts("loaded.no_official"))
    return ", ".join(counts)


def describe_scope(scope: Scope, texts: Texts) -> str:
    """Describes the limits of a search in one line; empty when there are none."""
    limits = [
        ", ".join(texts.label("areas", area) for area in scope.areas),
        ", ".join(_titles_of(scope, texts)),
        texts("filters.in_language", language=texts.label("languages", scope.language))
        if scope.language
        else "",
        texts("filters.on_day", date=texts.date(scope.as_of)) if scope.as_of else "",
    ]
    given = "; ".join(limit for limit in limits if limit)
    return texts("filters.told", limits=given) if given else ""


def titles(documents: Collection[DocumentInfo], language: str) -> dict[str, str]:
    """Document id -> its title in a language if it has one in it; each is another."""
    versions: dict[str, dict[str, DocumentInfo]] = {}
    for document in documents:
        versions.setdefault(document.id, {})[document.language] = document
    found = {name: there[preferred(there, language)].title for name, there in versions.items()}
    count = Counter(found.values())
    return {
        name: title if count[title] == 1 else f"{title} ({name})" for name, title in found.items()
    }


def _titles_of(scope: Scope, texts: Texts) -> list[str]:
    """The titles of the documents in a scope; the id of one that is no longer there."""
    try:
        documents = assistant().index.documents() if scope.documents else ()
    except StrategiewijzerError:  # the page shows it by itself
        documents = ()
    known = titles([each for each in documents if each.id in scope.documents], texts.language)
    return [known.get(name, name) for name in scope.documents]


def _mode(settings: Settings, texts: Texts) -> str:
    """How answers are made; a maintainer who has set a key reads what else a model needs."""
    if settings.generative:
        return texts("sidebar.model", model=settings.model_label)
    has_key = bool(settings.openai_api_key.get_secret_value())
    only_key = has_key and access.user().may("maintainer")
    return texts("sidebar.only_key" if only_key else "sidebar.offline")
