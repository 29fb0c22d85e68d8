"""A model's reply line by line, and which lines may be shown without leaving a gap.

A sentence that refers back is dropped with its antecedent, an item with the introduction of its
list, and an introduction with all of its items. A list that lost items gets a note.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chain.answerer import Draft, Verdict
from chain.model.given_sources import Claim
from chain.reading.pointing import points_back
from prompts import phrases

_LEANS = "It points back to a sentence that is left out."
_NO_INTRODUCTION = "The introduction of its list is left out."
_NO_ITEMS = "The list that it introduces is left out."


@dataclass(eq=False)
class Line:
    """One sentence or item, and the verdict on it alone.

    awaited: the checker has not answered yet.
    unchecked: the checker should have read it and did not.
    is_shown: it has been streamed to the reader.
    """

    draft: Draft
    verdict: Verdict
    awaited: bool = False
    unchecked: bool = False
    is_shown: bool = False

    @property
    def is_item(self) -> bool:
        return self.draft.form == "item"

    @property
    def is_supported(self) -> bool:
        return self.verdict.state == "supported"


class Manuscript:
    """The lines of one reply, in order; `language` is that of the reply (ISO 639-1)."""

    def __init__(self, language: str) -> None:
        self.lines: list[Line] = []
        self._language = language

    def replace(self, line: Line, others: Sequence[Line]) -> None:
        place = self.lines.index(line)
        self.lines[place : place + 1] = others

    def settled(self, *, is_whole: bool) -> list[bool]:
        """Whether each line may be shown, for the first lines, up to one that is still undecided.

        Args:
            is_whole: no further line will come.
        """
        stand: list[bool] = []
        for number, line in enumerate(self.lines):
            if line.awaited:
                break
            stands = line.is_supported and self._has_ground(number, stand)
            if stands and _introduces(line):
                items = list(self._items(number + 1))
                has_items = any(one.is_supported and not one.awaited for one in items)
                is_open = not is_whole and number + 1 + len(items) == len(self.lines)
                if not has_items and (is_open or any(one.awaited for one in items)):
                    break
                stands = has_items or not items
            stand.append(stands)
        return stand

    def standing(self) -> list[Line]:
        """The lines that may be shown, once all have arrived."""
        stand = self.settled(is_whole=True)
        return [line for line, stands in zip(self.lines, stand, strict=True) if stands]

    def final(self) -> list[tuple[Draft, Verdict]]:
        """As `standing`, with a note below each list that lost items."""
        stand = self.settled(is_whole=True)
        notes = dict(self._notes(stand))
        return [
            (replace(line.draft, note=notes.get(number, line.draft.note)), line.verdict)
            for number, line in enumerate(self.lines)
            if stand[number]
        ]

    def doubtful(self) -> list[tuple[Line, Claim]]:
        """Lines that may not be shown although the sources do not contradict them, with why."""
        stand = self.settled(is_whole=True)
        return [
            (line, replace(self.claim(line), doubt=self._doubt(number, stand)))
            for number, line in enumerate(self.lines)
            if not stand[number] and line.verdict.state != "contradicted"
        ]

    def contradicted(self) -> list[str]:
        """Texts of the lines that the sources contradict."""
        states = ((line.draft.text, line.verdict.state) for line in self.lines)
        return [text for text, state in states if state == "contradicted"]

    def has_opening(self) -> bool:
        """Whether the first line may be shown; a model answers in it."""
        return all(self.settled(is_whole=True)[:1])

    def claim(self, line: Line) -> Claim:
        """A line with the antecedent or introduction that it needs."""
        grounds = self._grounds(self.lines.index(line))
        before = self.lines[grounds[0]].draft.text if grounds else ""
        return Claim(line.draft, line.verdict, before)

    def _has_ground(self, number: int, stand: Sequence[bool]) -> bool:
        grounds = self._grounds(number)
        return not grounds or any(stand[ground] for ground in grounds)

    def _grounds(self, number: int) -> Sequence[int]:
        """Numbers of the lines of which at least one must be shown with this one: the introduction
        of its list, or the sentence or list that it refers back to."""
        line, first = self.lines[number], number
        while first and self.lines[first - 1].is_item:
            first -= 1
        if line.is_item:
            return range(max(first - 1, 0), first)
        if line.draft.quote or not points_back(line.draft.text, self._language):
            return ()
        return range(max(first - 1, 0), number)

    def _items(self, number: int) -> Iterator[Line]:
        """The run of items that starts at this line."""
        while number < len(self.lines) and self.lines[number].is_item:
            yield self.lines[number]
            number += 1

    def _doubt(self, number: int, stand: Sequence[bool]) -> str:
        line = self.lines[number]
        if not line.is_supported:
            return line.verdict.doubt
        if self._has_ground(number, stand):
            return _NO_ITEMS
        return _NO_INTRODUCTION if line.is_item else _LEANS

    def _notes(self, stand: Sequence[bool]) -> Iterator[tuple[int, str]]:
        """For each list that lost items: number of its last shown item, and the note."""
        told = phrases(self._language).part_confirmed
        number = 0
        while number < len(self.lines):
            count = len(list(self._items(number)))
            kept = [place for place in range(number, number + count) if stand[place]]
            if 0 < len(kept) < count:
                yield kept[-1], told.format(len(kept), count)
            number += count or 1


def _introduces(line: Line) -> bool:
    return line.draft.text.endswith(":") and not line.draft.items and not line.is_item
