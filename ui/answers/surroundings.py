"""Cited documents as they are now: the text around quotes, and what has changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import streamlit as st

from core.answer import Answer
from core.citation import Citation
from core.errors import StrategiewijzerError
from core.passage import Passage
from core.source import Standing
from ui.addresses import Span
from vectorstore.snapshot import Snapshot

QuoteChange = Literal["gone", "changed", "moved", "superseded"]
"""What became of a quote: its document is gone; its words are no longer in it; they are, in a
passage that has changed; another document took the place of its document."""

Piece = tuple[str, bool]
"""Words of a source, and whether they are quoted."""

_LONGEST = 200  # characters of a sentence beside a quote; more would draw the eye from the quote


@dataclass(frozen=True)
class Surroundings:
    """The passages of the cited documents in use now, by key, in the order of their text."""

    passages: Mapping[str, tuple[Passage, ...]]
    standings: Mapping[str, Standing]

    def before(self, citation: Citation) -> Passage | None:
        return self._neighbour(citation, -1)

    def after(self, citation: Citation) -> Passage | None:
        return self._neighbour(citation, 1)

    def change(self, citation: Citation) -> QuoteChange | None:
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


def surroundings(citations: Iterable[Citation], index: Snapshot | None) -> Surroundings | None:
    """What an index has of the documents that are cited; None while it cannot be used."""
    keys = {citation.document.key for citation in citations}
    if index is None:
        return None
    try:
        return Surroundings(
            {key: _passages(index.generation, key, index) for key in keys},
            index.standings() if keys else {},
        )
    except StrategiewijzerError:
        return None


def excerpts(
    answer: Answer, quotes: Sequence[Citation], around: Surroundings | None
) -> list[list[Piece]]:
    """Quotes out of one passage, each with the sentence before and the one after it.

    These may stand in the passages next to it, in the same section. Quotes that are that near to
    each other share an excerpt; only the quotes are there if the passage was not kept.
    """
    passage = next((one for one in answer.passages if one.id == quotes[0].passage_id), None)
    if passage is None:
        return [[(one.quote, True)] for one in quotes]
    text, units, shift = "", list[Span](), 0
    before = around.before(quotes[0]) if around else None
    after = around.after(quotes[0]) if around else None
    for one in (before, passage, after):
        if one is None or one.headings != passage.headings:
            continue
        shift = len(text) if one is passage else shift
        units += ((len(text) + unit.start, len(text) + unit.end) for unit in one.units)
        text += f"{one.text}\n\n"
    quoted = sorted((shift + one.start, shift + one.end) for one in quotes)
    stretches: list[tuple[int, int]] = []
    for start, end in quoted:
        first = max((left for left, right in units if right <= start), default=start)
        last = min((right for left, right in units if left >= end), default=end)
        if start - first > _LONGEST:
            first = text.find(" ", start - _LONGEST, start) + 1 or start
        if last - end > _LONGEST:
            last = max(end, text.rfind(" ", end, end + _LONGEST))
        if stretches and first <= stretches[-1][1]:
            first, last = stretches[-1][0], max(last, stretches.pop()[1])
        stretches.append((first, last))
    return [_pieces(text, stretch, quoted, units) for stretch in stretches]


def _pieces(text: str, stretch: Span, quoted: Sequence[Span], units: Sequence[Span]) -> list[Piece]:
    """A stretch of a text, cut where quotes begin and end; dots where it has half a sentence."""
    first, last = stretch
    cuts = sorted({first, last, *(cut for span in quoted for cut in span if first < cut < last)})
    found = [
        (text[left:right], any(start <= left and right <= end for start, end in quoted))
        for left, right in pairwise(cuts)
    ]
    if all(first != start for start, _ in (*units, *quoted)):
        found.insert(0, ("… ", False))
    if all(last != end for _, end in (*units, *quoted)):
        found.append((" …", False))
    return found


@st.cache_resource(show_spinner=False, max_entries=100)
def _passages(generation: str, key: str, _index: Snapshot) -> tuple[Passage, ...]:
    """The passages of a document in use, in order; `generation` only tells one state from another.

    They are shared by all sessions and never changed.
    """
    found = _index.passages([key])
    return tuple(sorted(found, key=lambda passage: passage.start))
