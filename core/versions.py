"""Selects versions of documents: among languages, and over time."""

import datetime
from collections.abc import Collection, Sequence

from core.source import DocumentInfo, Standing

_FALLBACK = "en"


def preferred(languages: Collection[str], wanted: str) -> str:
    """The language version to use: the wanted language, else English, else the first."""
    for language in (wanted, _FALLBACK):
        if language in languages:
            return language
    return min(languages)


def standings(documents: Sequence[DocumentInfo], day: datetime.date) -> dict[str, Standing]:
    """The standings, by key, of the documents that give way to others on a day.

    A document is superseded from the day on which its successor is there and in force; a successor
    that is not among the documents counts as in force. A brief steps back where the official text
    (same CELEX number) is there in its language. No document is there before its date.
    """

    def begun(start: datetime.date | None) -> bool:
        return start is None or start <= day

    in_force = {d.id: begun(d.date) and begun(d.effective_from) for d in documents}
    official = {
        (d.celex, d.language)
        for d in documents
        if d.kind == "official" and d.celex and begun(d.date)
    }

    found: dict[str, Standing] = {}
    for document in documents:
        if document.superseded_by and in_force.get(document.superseded_by, True):
            found[document.key] = "superseded"
        elif not begun(document.effective_from):
            found[document.key] = "upcoming"
        elif document.kind == "brief" and (document.celex, document.language) in official:
            found[document.key] = "summary"
    return found
