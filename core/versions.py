"""Which language version of a document is used."""

from collections.abc import Collection

_FALLBACK = "en"


def preferred(languages: Collection[str], wanted: str) -> str:
    """Of the languages that a document is in: the wanted one, else English, else the first."""
    for language in (wanted, _FALLBACK):
        if language in languages:
            return language
    return min(languages)
