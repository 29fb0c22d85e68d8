"""Counts what an index is asked."""

from typing import Any

import pytest

from core.source import ScoredPassage
from vectorstore.store import Snapshot


def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that gets the query of every search from now on."""
    asked: list[str] = []
    search = Snapshot.search

    def counted(index: Snapshot, query: str, *args: Any, **options: Any) -> list[ScoredPassage]:
        asked.append(query)
        return search(index, query, *args, **options)

    monkeypatch.setattr(Snapshot, "search", counted)
    return asked
