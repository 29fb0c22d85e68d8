"""The units of a section: the sentences, list items and notes that may be quoted, each short enough
for a passage, and the cost of beginning a passage at each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.source import SourceDocument
from ingest.reading.formats import legal_lines
from ingest.reading.formats.blocks import Block
from language.sentences import cut, sentences

_LONGEST_ITEM = 400  # characters, some 60 words: longer ones say several things, and are cut

# The mark of a point: Markdown's own number, or typed before its text.
_NUMBER = re.compile(r"(\d{1,3})[.)]\s*$")
_MARK = re.compile(
    r"(\((?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})\)|(?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})\)"
    r"|(?:\d{1,3}\.){1,5}|\d{1,3}[a-z]\.)\s"
)

# A definition begins with its term in quotation marks.
_TERM = re.compile(r"[\"'“”„‟«»‘‚‹›][^\"“”«»‹›\n]{1,120}[\"'”“»’‘›]")

_SHORTEST_PARAGRAPH = 100  # characters of a numbered paragraph outside of articles; else an item
_SAID = (".", ":", ";", ".’", ".”", ".»")  # how a numbered paragraph ends

# The cost of a cut at a place; for comparison, a part of twice the target costs 1.
_BETWEEN_PARAGRAPHS = 0.0
_BETWEEN_SENTENCES = 0.3  # a part of 1.55 times the target rather than half a paragraph
_BETWEEN_ITEMS = 1.5  # a part of 2.2 times the target rather than half a list
_AFTER_LEAD_IN = 10.0  # of 4.2 times: an item without its introduction says too little


@dataclass(frozen=True)
class TextUnit:
    """A unit in the document's text; `begin` to `stop` includes what surrounds it.

    `cost` is that of beginning a passage here, `lead_in` the index of the piece that introduces it.
    """

    begin: int
    start: int
    end: int
    stop: int
    kind: Literal["sentence", "item", "note"]
    cost: float
    lead_in: int | None = None
    marks: tuple[str, ...] = ()


def pieces_of(
    document: SourceDocument,
    blocks: Sequence[Block],
    fits: Callable[[str], bool],
    heading: str,
    *,
    preamble: bool,
) -> list[TextUnit]:
    """The units of a section in order, each short enough for a passage."""
    text, in_article = document.text, legal_lines.is_article(heading)
    pieces: list[TextUnit] = []
    introducing: list[tuple[int, int]] = []  # (depth, number) of the pieces a list can belong to
    points: list[tuple[int, str]] = []  # (depth, mark) of the items that a block stands in
    for block in blocks:
        depth = _depth(block)
        is_note = block.kind == "note"  # it does not end the list around it
        if not is_note:
            introducing = [entry for entry in introducing if entry[0] < depth]
        lead_in = introducing[-1][1] if introducing and not is_note else None
        own = text[block.start : block.end]
        mark = _mark(block, text)
        if not is_note:
            goes_on = not depth and not mark  # in the point that is open
            points = [point for point in points if point[0] < block.level + goes_on]
            points.append((block.level, mark))
        is_paragraph = depth == 1 and (
            _is_recital(mark, own)
            if preamble and lead_in is not None
            else lead_in is None and _is_numbered(mark, own, in_article)
        )
        says_all = is_paragraph or (in_article and depth > 0 and _defines(own))
        is_long_item = block.kind == "item" and len(own) > _LONGEST_ITEM
        if block.kind == "paragraph" or is_long_item or not fits(own):
            spans = [
                (block.start + start, block.start + end)
                for start, end in _sentences(own, document.language)
            ]
        else:
            spans = [(block.start, block.end)]
        spans = [part for whole in spans for part in cut(text, whole, fits)]
        follows_lead_in = lead_in is not None and lead_in == len(pieces) - 1
        for number, (start, end) in enumerate(spans):
            begin = start if number else block.begin
            stop = block.stop if number == len(spans) - 1 else end
            if not fits(text[begin:stop]):  # with its marks, such as those of many empty cells
                begin, stop = start, end
            pieces.append(
                TextUnit(
                    begin=begin,
                    start=start,
                    end=end,
                    stop=stop,
                    kind="sentence" if says_all else _kind(block),
                    cost=_BETWEEN_SENTENCES if number else _cost(block, follows_lead_in),
                    lead_in=None if says_all else lead_in,
                    marks=tuple(mark for _, mark in points if mark),
                )
            )
        introduces = depth > 0 or block.kind == "header" or own.rstrip("*_ ").endswith(":")
        if introduces and not is_note:
            introducing.append((depth, len(pieces) - 1))
    return pieces


def _sentences(text: str, language: str) -> list[tuple[int, int]]:
    """The sentences of a paragraph; the mark that it begins with belongs to the first."""
    typed = _MARK.match(text)
    after = typed.end() if typed else 0
    found = [(start + after, end + after) for start, end in sentences(text[after:], language)]
    return [(0, found[0][1]), *found[1:]] if found else []


def _mark(block: Block, text: str) -> str:
    """The mark of an item or recital, "" where it has none."""
    if number := _NUMBER.search(text, block.begin, block.start):
        return number[1]
    typed = _MARK.match(text, block.start, block.end)
    return typed[1] if typed and block.kind in ("item", "paragraph") else ""


def _is_numbered(mark: str, text: str, in_article: bool) -> bool:
    """Whether an item without a lead-in is a numbered paragraph, such as one of an article or a
    recital, which can stand alone, rather than a part of a list."""
    is_number = mark.strip("().")[:1].isdigit()
    is_paragraph = in_article or mark.startswith("(") or len(text) > _SHORTEST_PARAGRAPH
    return is_number and is_paragraph and text.endswith(_SAID)


def _is_recital(mark: str, text: str) -> bool:
    """Whether an item below "Whereas:" is a recital."""
    return mark.startswith("(") and mark[1:2].isdigit() and text.endswith(".")


def _defines(text: str) -> bool:
    """Whether a point of an article is a definition, which can stand alone."""
    typed = _MARK.match(text)
    return _TERM.match(text, typed.end() if typed else 0) is not None


def _depth(block: Block) -> int:
    """The depth of a block in lists; a table row is to its header as an item is to its lead-in."""
    return max(1, block.level) if block.kind in ("item", "row") else 0


def _kind(block: Block) -> Literal["sentence", "item", "note"]:
    if block.kind == "note":
        return "note"
    return "item" if block.kind in ("item", "row") else "sentence"


def _cost(block: Block, follows_lead_in: bool) -> float:
    if follows_lead_in or block.kind == "note":
        return _AFTER_LEAD_IN
    return _BETWEEN_ITEMS if block.kind in ("item", "row", "line") else _BETWEEN_PARAGRAPHS
