"""What an index of a test has, how often it is asked, and which questions are embedded."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from core.settings import Settings
from core.source import ScoredPassage
from vectorstore import chroma
from vectorstore.embeddings import LocalEmbedder, Vectors
from vectorstore.generations import Generations
from vectorstore.store import Snapshot

Counted = Callable[[type, str], Counter[str]]
"""How often a method is called: the type of the fixture `counted` (tests/ui/conftest.py)."""


def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that gets the query of every search from now on."""
    asked: list[str] = []
    search = Snapshot.search

    def counted(index: Snapshot, query: str, *args: Any, **options: Any) -> list[ScoredPassage]:
        asked.append(query)
        return search(index, query, *args, **options)

    monkeypatch.setattr(Snapshot, "search", counted)
    return asked


def embedded_questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that gets every question that is embedded with others from now on."""
    embedded: list[str] = []
    queries = LocalEmbedder.queries

    def noted(embedder: LocalEmbedder, texts: list[str]) -> Vectors:
        embedded.extend(texts)
        return queries(embedder, texts)

    monkeypatch.setattr(LocalEmbedder, "queries", noted)
    return embedded


def collection_in_use(settings: Settings, kind: str) -> chroma.Collection:
    """The Chroma collection of the generation in use."""
    generation = Generations(settings).pointer().current
    return chroma.connect(settings).get_collection(f"{kind}-{generation}", None)
