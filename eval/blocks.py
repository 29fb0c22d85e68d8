"""The Markdown of an answer, taken apart: labels, paragraphs, items and notes of ours.

    ### Drugs Agenda, In brief                  a label: where what follows comes from
    The Drugs Agenda has three blocks: [1]      a paragraph; the marker covers the list as well
    - security measures;                        an item
    3 of 23 items.                              a note: how many of a long list are shown

The grammar is that of core.types.Answer. Nothing here is shared with what writes answers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.matching import figures

Numbers = tuple[int, ...]

_LABEL = re.compile(r"^\s*#+\s+")
_ITEM = re.compile(r"^\s*[-*+•]\s+")
_MARKERS = r"(?:\s*\[\d+(?:,\s*\d+)*\])+"
# Text, then the markers that belong to it: "Seizures rose. [1][2]" or "Seizures rose [1, 2]."
_STRETCH = re.compile(rf"(?P<text>.+?)(?P<markers>{_MARKERS}|$)(?P<after>[.;:!?]?)")
_MARKER = re.compile(_MARKERS)
_EMPHASIS = re.compile(r"\\(?=[^\w\s])|\*{1,3}|`")
_LONGEST_NOTE = 12  # words


@dataclass(frozen=True)
class Stretch:
    """Text without Markdown, and the numbers of the citations that cover it."""

    text: str
    numbers: Numbers


@dataclass(frozen=True)
class Block:
    """One line of an answer. A label or note has one stretch without numbers."""

    kind: Literal["label", "paragraph", "item", "note"]
    stretches: tuple[Stretch, ...]

    @property
    def text(self) -> str:
        return " ".join(stretch.text for stretch in self.stretches)

    @property
    def numbers(self) -> Numbers:
        return tuple(dict.fromkeys(n for one in self.stretches for n in one.numbers))

    @property
    def introduces(self) -> bool:
        """Whether it ends as the introduction of a list does."""
        return self.kind == "paragraph" and self.text.endswith(":")


def blocks(markdown: str) -> tuple[Block, ...]:
    """The lines of an answer's text, or of one of its further blocks, in order.

    An item without a marker is covered by that of the paragraph before its list, an introduction
    without one by those of its items.
    """
    found: list[Block] = []
    for line in markdown.splitlines():
        block = _block(line)
        if block is not None:
            found.append(_note(block, found) or block)
    return _items_covered(_introductions_covered(found))


def without_markers(markdown: str) -> str:
    """The text without [1] markers."""
    return _MARKER.sub("", markdown)


def own_words(markdown: str) -> str:
    """What an answer says, without markers and labels, which are in the language of a document."""
    lines = without_markers(markdown).splitlines()
    return "\n".join(line for line in lines if not _LABEL.match(line))


def words(markdown: str) -> int:
    """How many words an answer has, labels and markers apart."""
    return sum(len(block.text.split()) for block in blocks(markdown) if block.kind != "label")


def cited(parts: Sequence[str]) -> frozenset[int]:
    """The numbers of all markers in these texts."""
    return frozenset(n for part in parts for block in blocks(part) for n in block.numbers)


def _block(line: str) -> Block | None:
    """A line by its form; None for one without words."""
    if not re.search(r"\w", line):
        return None
    if _LABEL.match(line):
        return Block("label", (Stretch(plain(_LABEL.sub("", line)), ()),))
    stretches = tuple(
        Stretch(
            match["text"].strip() + (":" if match["after"] == ":" else ""),
            tuple(map(int, re.findall(r"\d+", match["markers"]))),
        )
        for match in _STRETCH.finditer(plain(_ITEM.sub("", line)))
        if re.search(r"\w", match["text"])
    )
    return Block("item" if _ITEM.match(line) else "paragraph", stretches) if stretches else None


def plain(text: str) -> str:
    """A line without emphasis and escapes."""
    return _EMPHASIS.sub("", text).strip()


def _note(block: Block, before: Sequence[Block]) -> Block | None:
    """The block as a note, when it says how many of the items before it are shown: "12 of 23", and
    maybe why."""
    shown = 0
    while shown < len(before) and before[-1 - shown].kind == "item":
        shown += 1
    counted = figures(block.text)
    is_note = (
        shown > 0
        and block.kind == "paragraph"
        and not block.numbers
        and len(block.text.split()) <= _LONGEST_NOTE
        and str(shown) in counted
        and any(one.isdecimal() and int(one) > shown for one in counted)
    )
    return replace(block, kind="note") if is_note else None


def _introductions_covered(found: Sequence[Block]) -> list[Block]:
    """Introductions without a marker get the numbers of what they introduce."""
    covered: list[Block] = []
    following: Numbers = ()
    for block in reversed(found):
        if block.introduces and not block.numbers:
            block = _with_numbers(block, following)
        elif block.kind in ("paragraph", "item"):
            following = block.numbers or following
        covered.append(block)
    return covered[::-1]


def _items_covered(found: Sequence[Block]) -> tuple[Block, ...]:
    """Items without a marker get the last numbers of the paragraph before their list."""
    covered: list[Block] = []
    leading: Numbers = ()
    for block in found:
        if block.kind == "item" and not block.numbers:
            block = _with_numbers(block, leading)
        elif block.kind != "item":
            leading = block.stretches[-1].numbers
        covered.append(block)
    return tuple(covered)


def _with_numbers(block: Block, numbers: Numbers) -> Block:
    return replace(block, stretches=tuple(replace(s, numbers=numbers) for s in block.stretches))
