"""The Chroma collections of the generation in use."""

from core.settings import Settings
from vectorstore import chroma
from vectorstore.generations import Generations


def collection_in_use(settings: Settings, kind: str) -> chroma.Collection:
    generation = Generations(settings).pointer().current
    return chroma.connect(settings).get_collection(f"{kind}-{generation}", None)
