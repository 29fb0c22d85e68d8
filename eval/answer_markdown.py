"""Parses the Markdown of an answer into labels, paragraphs, items and notes.

    ### Drugs Agenda, In brief                  a label: source of what follows
    The Drugs Agenda has three blocks: [1]      a paragraph; the marker covers the list as well
    - security measures;                        an item
    3 of 23 items.                              a note: how many items of a long list are shown

The grammar is that of core.answer.Answer. This module shares no code with what writes answers, so
that it notices errors there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.marked import Marked
from language.quantities import figures

Numbers = tuple[int, ...]

_LABEL = re.compile(r"^\s*#+\s+")
_ITEM = re.compile(r"^\s*[-*+•]\s+")
_STOP = re.compile(r"[.;:!?]")
_EMPHASIS = re.compile(r"\\(?=[^\w\s])|\*{1,3}|`")
_LONGEST_NOTE = 12  # words, of "12 of 23" and why; a longer paragraph says something itself


@dataclass(frozen=True)
class Stretch:
    """Text without Markdown, and the numbers of its citations."""

    text: str
    numbers: Numbers


@dataclass(frozen=True)
class AnswerLine:
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
        """Whether it introduces a list: it ends with a colon."""
        return self.kind == "paragraph" and self.text.endswith(":")


def blocks(markdown: Marked) -> tuple[AnswerLine, ...]:
    """Lines of an answer's text, or of one of its folded blocks, in order.

    An item without a marker gets the citations of the paragraph before its list, an introduction
    without one those of its items.
    """
    found: list[AnswerLine] = []
    for line in markdown.lines:
        block = _block(line)
        if block is not None:
            found.append(_note(block, found) or block)
    return _items_covered(_introductions_covered(found))


def own_words(markdown: Marked) -> str:
    """Text without markers, and without labels, which are in a document's language."""
    lines = (line.plain for line in markdown.lines)
    return "\n".join(line for line in lines if not _LABEL.match(line))


def words(markdown: Marked) -> int:
    """Number of words, without labels and markers."""
    return sum(len(block.text.split()) for block in blocks(markdown) if block.kind != "label")


def cited(text: Marked) -> frozenset[int]:
    """Numbers of all citations in a text."""
    return frozenset(n for block in blocks(text) for n in block.numbers)


def _block(line: Marked) -> AnswerLine | None:
    """Parses a line; None if it has no words."""
    if not re.search(r"\w", line.text):
        return None
    if label := _LABEL.match(line.text):
        return AnswerLine("label", (Stretch(plain(line.text[label.end() :]), ()),))
    item = _ITEM.match(line.text)
    stretches = tuple(
        Stretch(text, numbers)
        for text, numbers in _stretches(line.cut(item.end()) if item else line)
        if re.search(r"\w", text)
    )
    return AnswerLine("item" if item else "paragraph", stretches) if stretches else None


def _stretches(line: Marked) -> Iterator[tuple[str, Numbers]]:
    """Pairs of text and the adjacent markers behind it: "Seizures rose. [1][2]", "Seizures rose
    [1]."; a colon behind a marker goes to the text before it."""
    start, numbers = 0, []
    for place, marker in enumerate(line.markers):
        numbers.append(marker.number)
        following = line.markers[place + 1].start if place + 1 < len(line.markers) else None
        if following is not None and not line.text[marker.end : following].strip():
            continue
        text = line.text[start : line.markers[place + 1 - len(numbers)].start]
        stop = _STOP.match(line.text, marker.end)
        yield plain(text) + (":" if stop and stop[0] == ":" else ""), tuple(numbers)
        start, numbers = stop.end() if stop else marker.end, []
    yield plain(line.text[start:]), ()


def plain(text: str) -> str:
    """Strips emphasis and escapes."""
    return _EMPHASIS.sub("", text).strip()


def _note(block: AnswerLine, before: Sequence[AnswerLine]) -> AnswerLine | None:
    """The block as a note if it says how many of the items before it are shown ("12 of 23"), else
    None."""
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


def _introductions_covered(found: Sequence[AnswerLine]) -> list[AnswerLine]:
    """Gives introductions without a marker the numbers of what they introduce."""
    covered: list[AnswerLine] = []
    following: Numbers = ()
    for block in reversed(found):
        if block.introduces and not block.numbers:
            block = _with_numbers(block, following)
        elif block.kind in ("paragraph", "item"):
            following = block.numbers or following
        covered.append(block)
    return covered[::-1]


def _items_covered(found: Sequence[AnswerLine]) -> tuple[AnswerLine, ...]:
    """Gives items without a marker the last numbers of the paragraph before their list."""
    covered: list[AnswerLine] = []
    leading: Numbers = ()
    for block in found:
        if block.kind == "item" and not block.numbers:
            block = _with_numbers(block, leading)
        elif block.kind != "item":
            leading = block.stretches[-1].numbers
        covered.append(block)
    return tuple(covered)


def _with_numbers(block: AnswerLine, numbers: Numbers) -> AnswerLine:
    return replace(block, stretches=tuple(replace(s, numbers=numbers) for s in block.stretches))
