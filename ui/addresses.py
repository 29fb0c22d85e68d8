"""Addresses within the app: what the pages link to."""

from urllib.parse import urlencode

from core.types import DocumentInfo


def reading_address(document: DocumentInfo, passage_id: str) -> str:
    """Query and place in the sources page where a passage can be read."""
    query = urlencode({"document": document.id, "language": document.language})
    return f"{query}#{place_of(passage_id)}"


def place_of(passage_id: str) -> str:
    """The name of a passage's place in the reading view."""
    return f"passage-{passage_id.partition(':')[2]}"
