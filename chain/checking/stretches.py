"""Finds the stretch of a passage that a model names by its first and last words."""

from collections.abc import Iterator

from rapidfuzz import fuzz

from core.source import Passage
from language.words import traced

Span = tuple[int, int]

_LONGEST = 2500  # characters from the first to the last word; a longer stretch proves little
_ALIKE = 85.0  # of 100: words that a model wrote down with a slip, not other words
_FEWEST = 8  # characters that can be looked for nearly; shorter ones are like anything


class Text:
    """The folded text of a passage, in which stretches are looked for."""

    def __init__(self, passage: Passage) -> None:
        self._folded, self._places = traced(passage.text)

    def find(self, first: str, last: str) -> Span | None:
        """Finds the shortest stretch from the first words to the last, as offsets in the passage's
        text; None where either is not in it. Without `last`, `first` is all of it."""
        begins, ends = traced(first)[0], traced(last)[0]
        if not begins:
            begins, ends = ends, ""
        if not begins:
            return None
        found = [
            (start, stop)
            for start, middle in self._places_of(begins)
            for stop in [self._end(ends, start, middle)]
            if stop is not None
        ]
        if not found:
            return None
        start, stop = min(found, key=lambda span: (span[1] - span[0], span[0]))
        return self._places[start][0], self._places[stop - 1][1]

    def _end(self, ends: str, start: int, middle: int) -> int | None:
        """The offset at which the last words end behind the first; they may overlap."""
        if not ends:
            return middle
        limit = start + _LONGEST
        at = self._folded.find(ends, start, limit)
        while at >= 0 and at + len(ends) < middle:
            at = self._folded.find(ends, at + 1, limit)
        if at >= 0:
            return at + len(ends)
        near = _nearly(ends, self._folded[start:limit])
        return max(start + near[1], middle) if near else None

    def _places_of(self, words: str) -> Iterator[Span]:
        at = self._folded.find(words)
        if at < 0 and (near := _nearly(words, self._folded)):
            yield near
        while at >= 0:
            yield at, at + len(words)
            at = self._folded.find(words, at + 1)


def _nearly(words: str, text: str) -> Span | None:
    """The stretch of a text that is most like these words, if it is like them."""
    if len(words) < _FEWEST:
        return None
    found = fuzz.partial_ratio_alignment(words, text, score_cutoff=_ALIKE)
    if not found:
        return None
    return found.dest_start, found.dest_end
