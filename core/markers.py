"""Texts with the places of their citation markers."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from core.source import Frozen


class Marker(Frozen):
    """A citation marker in a text. A number in brackets without one is a source's own text."""

    start: int  # from here to the end the text reads "[1]"
    end: int
    number: int  # of its citations


class Marked(NamedTuple):
    """A text and its markers, in order."""

    text: str
    markers: tuple[Marker, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable["Marked"], between: str = "") -> "Marked":
        """These texts as one, with `between` between them."""
        text, markers = "", []
        for number, part in enumerate(parts):
            text += between if number else ""
            markers += [_moved(marker, len(text)) for marker in part.markers]
            text += part.text
        return cls(text, tuple(markers))

    @classmethod
    def citing(cls, numbers: Iterable[int]) -> "Marked":
        """Markers alone: "[1][3]"."""
        texts = [(f"[{number}]", number) for number in numbers]
        return cls.joined(
            cls(text, (Marker(start=0, end=len(text), number=number),)) for text, number in texts
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The distinct numbers of its markers."""
        return tuple(dict.fromkeys(marker.number for marker in self.markers))

    @property
    def plain(self) -> str:
        """The text without its markers and the spaces before them."""
        ends = (0, *(marker.end for marker in self.markers))
        starts = (*(marker.start for marker in self.markers), len(self.text))
        stretches = [self.text[end:start] for end, start in zip(ends, starts, strict=True)]
        return "".join((*(stretch.rstrip(" ") for stretch in stretches[:-1]), stretches[-1]))

    @property
    def lines(self) -> tuple["Marked", ...]:
        ends = [found.start() for found in re.finditer("\n|$", self.text)]
        starts = (0, *(end + 1 for end in ends))
        return tuple(self.cut(start, end) for start, end in zip(starts, ends, strict=False))

    def cut(self, start: int, end: int | None = None) -> "Marked":
        """A stretch of it, with the markers inside."""
        end = len(self.text) if end is None else end
        inside = (marker for marker in self.markers if start <= marker.start and marker.end <= end)
        return Marked(self.text[start:end], tuple(_moved(marker, -start) for marker in inside))

    def renumbered(self, numbers: Mapping[int, int]) -> "Marked":
        """A copy with other numbers in its markers."""
        pieces, last = [], 0
        for marker in self.markers:
            pieces += [
                Marked(self.text[last : marker.start]),
                Marked.citing([numbers[marker.number]]),
            ]
            last = marker.end
        return Marked.joined((*pieces, Marked(self.text[last:])))


def _moved(marker: Marker, by: int) -> Marker:
    return Marker(start=marker.start + by, end=marker.end + by, number=marker.number)
