"""Title and headings of a document as read, held against a person's list (truth.py)."""

from collections.abc import Sequence

from core.source import Frozen
from ingest.reading.blocks import Block
from research.benchmarks.truth import Heading, Match, Truth, align, is_label, is_title, parents


class Share(Frozen):
    """`right` out of `of`."""

    right: int = 0
    of: int = 0

    @property
    def value(self) -> float | None:
        return self.right / self.of if self.of else None


Part = tuple[dict[str, Share], list[str]]
"""Figures by name, and descriptions of the errors."""


def title_read(title: str, truth: Truth) -> Part:
    right = is_title(title, truth)
    wrong = [] if right else [f"title: {title}"]
    return {"titles": Share(right=int(right), of=1)}, wrong


def headings_read(title: str, blocks: Sequence[Block], truth: Truth) -> Part:
    """Recall, precision and parents of headings; those that are the title, or were read as the
    title, do not count."""
    seen = [
        Heading(block.title, block.level)
        for block in blocks
        if block.kind == "heading" and not is_title(block.title, truth)
    ]
    true = truth.headings
    matches = align(true, seen)
    place = {number: match.true for match in matches for number in range(match.first, match.after)}
    required = [
        number
        for number, heading in enumerate(true)
        if not heading.optional and not is_title(heading.text, truth)
    ]
    found = [match for match in matches if match.true in required]
    wanted = sorted(set(required) - {match.true for match in found})
    free = {
        number
        for number, heading in enumerate(seen)
        if (place[number] not in required if number in place else heading.text == title)
    }
    extra = [
        heading
        for number, heading in enumerate(seen)
        if number not in place
        and number not in free
        and not any(is_label(heading, true[missed]) for missed in wanted)
    ]
    above = dict(zip(required, parents([true[number] for number in required]), strict=True))
    above_seen = parents(seen)

    def is_below_the_right_one(match: Match) -> bool:
        upper = above_seen[match.first]
        while upper in free:
            upper = above_seen[upper]
        right = above[match.true]
        return (None if right is None else required[right]) == (
            None if upper is None else place.get(upper, -1)
        )

    below = [is_below_the_right_one(match) for match in found]
    shares = {
        "recall": Share(right=len(found), of=len(required)),
        "precision": Share(right=len(found), of=len(found) + len(extra)),
        "parents": Share(right=sum(below), of=len(found)),
    }
    wrong = [
        *(f"heading not found: {true[number].text}" for number in wanted),
        *(f"no heading: {heading.text}" for heading in extra),
        *(
            f"heading in two: {true[match.true].text}"
            for match in found
            if match.after - match.first > 1
        ),
        *(
            f"heading below a wrong one: {true[match.true].text}"
            for match, right in zip(found, below, strict=True)
            if not right
        ),
    ]
    return shares, wrong
