"""The documents of an answer as they are now: the text around its quotes, and what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.types import Answer, Citation, Passage, Standing
from vectorstore.store import Snapshot

Change = Literal["gone", "changed", "moved", "superseded"]
"""What became of a quote: its document is gone; its words are no longer in it; they are, in a
passage that has changed; another document took the place of its document."""


@dataclass(frozen=True)
class Surroundings:
    """The passages of the cited documents in use now, by key, in the order of their text."""

    passages: Mapping[str, tuple[Passage, ...]]
    standings: Mapping[str, Standing]

    def before(self, citation: Citation) -> Passage | None:
        return self._neighbour(citation, -1)

    def after(self, citation: Citation) -> Passage | None:
        return self._neighbour(citation, 1)

    def change(self, citation: Citation) -> Change | None:
        """What became of a quote since the answer was given; None: it is as it was."""
        key = citation.document.key
        passages = self.passages.get(key, ())
        if not passages:
            return "gone"
        if all(passage.id != citation.passage_id for passage in passages):
            there = any(citation.quote in passage.text for passage in passages)
            return "moved" if there else "changed"
        if self.standings.get(key) == "superseded" and citation.standing != "superseded":
            return "superseded"
        return None

    def _neighbour(self, citation: Citation, step: int) -> Passage | None:
        passages = self.passages.get(citation.document.key, ())
        for number, passage in enumerate(passages):
            if passage.id == citation.passage_id:
                return passages[number + step] if 0 <= number + step < len(passages) else None
        return None


def surroundings(answer: Answer, index: Snapshot) -> Surroundings:
    """What an index has of the documents that an answer cites.

    Raises:
        StrategiewijzerError: the index cannot be used.
    """
    keys = {citation.document.key for citation in answer.citations}
    return Surroundings(
        {key: _passages(index.generation, key, index) for key in keys},
        index.standings() if keys else {},
    )


@st.cache_resource(show_spinner=False, max_entries=100)
def _passages(generation: str, key: str, _index: Snapshot) -> tuple[Passage, ...]:
    """The passages of a document in use, in order; `generation` only tells one state from another.

    They are shared by all sessions and never changed.
    """
    found = _index.passages([key])
    return tuple(sorted(found, key=lambda passage: passage.start))
