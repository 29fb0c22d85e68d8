"""What a search was limited to, in words."""

from collections import Counter
from collections.abc import Collection

from core.errors import StrategiewijzerError
from core.source import DocumentInfo, Scope
from core.versions import preferred
from ui.shared_assistant import assistant
from ui.texts import Texts


def told(scope: Scope, texts: Texts) -> str:
    """What a search was limited to, in one line; empty when nothing is."""
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


def _titles_of(scope: Scope, texts: Texts) -> list[str]:
    """Of the documents in a scope; the id of one that is no longer there."""
    try:
        there = assistant().index.documents() if scope.documents else ()
    except StrategiewijzerError:  # the page tells it, where it stands for itself
        there = ()
    known = titles(
        [document for document in there if document.id in scope.documents], texts.language
    )
    return [known.get(name, name) for name in scope.documents]


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
