"""A document that says how many ships there are, for tests in which several machines write."""

from core.settings import Settings
from tests.support.small import document
from vectorstore import chroma
from vectorstore.store import Index, open_index


def files(number: int) -> dict[str, str]:
    """The document, with this number of ships."""
    return {"alpha.md": document("alpha", f"Here are {number} ships.")}


def ships(of: Settings | Index) -> str:
    """What an index says about them, or that of some settings, opened anew."""
    index = open_index(of) if isinstance(of, Settings) else of
    return index.snapshot().search("How many ships are here?", 1)[0].passage.text


def collections(settings: Settings) -> set[str]:
    """The names of all that is in the store."""
    return {collection.name for collection in chroma.connect(settings).list_collections()}
