"""Cuts a document into passages, which are embedded, found and quoted as one.

A section is cut into units: sentences, list items or notes that may be quoted, each short enough
for a passage. Each place between two of them has a cost; the cheapest grouping is taken.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from core.source import Introduction, Passage, Section, SourceDocument, Unit
from ingest.reading.blocks import MOST_UNITS, Block, refuse_above
from ingest.reading.formats import blocks_of, legal_lines
from language.sentences import cut, sentences

_OF_TABLES = ("header", "row")
_LONGEST_CAPTION = 200  # characters of a line above a table; a longer one is a paragraph
_LONGEST_ITEM = 400  # characters, some 60 words: longer ones say several things, and are cut

# The mark of a point: Markdown's own number, or typed before its text.
_NUMBER = re.compile(r"(\d{1,3})[.)]\s*$")
_MARK = re.compile(
    r"(\((?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})\)|(?:\d{1,3}[a-z]?|[a-z]{1,2}|[ivx]{1,5})\)"
    r"|(?:\d{1,3}\.){1,5}|\d{1,3}[a-z]\.|(?:i{1,3}|iv|vi{0,3}|ix|x)\.)\s"
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

TARGET_TOKENS = 240  # of each part of a long section; headings may take half of the embedder's 512
_LONGEST_ROOT = 150  # characters of a first heading; full titles of acts decided what was found


@dataclass(frozen=True)
class TextUnit:
    """A unit in the document's text; `begin` to `stop` includes what surrounds it."""

    begin: int
    start: int
    end: int
    stop: int
    kind: Literal["sentence", "item", "note"]
    cost: float  # of beginning a passage here
    lead_in: int | None = None  # the index of the unit that introduces it
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
    for place, block in enumerate(blocks):
        depth = _depth(block)
        is_note = block.kind == "note"  # it does not end the list around it
        own = text[block.start : block.end]
        before = blocks[place - 1] if place else None
        if block.kind == "header":
            is_introduced = before is not None and (
                before.kind == "header" or _is_caption(before, text)
            )
            introducing = [(0, len(pieces) - 1)] if is_introduced and pieces else []
        elif not is_note:
            stays = (block.kind == "row") == (before is not None and before.kind in _OF_TABLES)
            introducing = [entry for entry in introducing if entry[0] < depth and stays]
        lead_in = introducing[-1][1] if introducing and not is_note else None
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


def _is_caption(block: Block, text: str) -> bool:
    """Whether a block above a table introduces it: it says what the rows are, in which unit."""
    own = text[block.start : block.end].rstrip("*_ ")
    is_line = len(own) <= _LONGEST_CAPTION and not own.endswith((".", ";", ","))
    return block.kind == "paragraph" and (is_line or own.endswith(":"))


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


def split(
    document: SourceDocument, token_count: Callable[[str], int], limit: int = 512
) -> list[Passage]:
    """The passages of a document, in order.

    A list stays with the sentence that introduces it as long as both fit in one passage; in later
    passages the items of a longer list have no lead-in. A sentence or item that is too long for a
    passage is cut into several units, at sentences, clauses or words.

    Args:
        document: as it was loaded.
        token_count: the number of tokens that the embedder makes of a text.
        limit: the most tokens of `Passage.context()`; at least 64.

    Raises:
        LimitError: the document has too many units.
    """
    blocks = blocks_of(document)
    begins = [block.begin for block in blocks]
    enacts = _first_article(document)
    passages: list[Passage] = []
    units = 0
    occurrences: Counter[tuple[tuple[str, ...], str]] = Counter()
    for section in document.sections:
        own = blocks[bisect_left(begins, section.start) : bisect_left(begins, section.end)]
        preamble = section.number < enacts
        parts = _split_section(document, section, own, token_count, limit, preamble=preamble)
        ids = []
        for part in parts:
            repeated = (part.headings, part.text)
            ids.append(passage_id(part, occurrences[repeated]))
            occurrences[repeated] += 1
        for part, identity, following in zip(parts, ids, [*ids[1:], ""], strict=True):
            goes_on = following if part.items_after else ""
            place = {"id": identity, "preamble": preamble, "continued_in": goes_on}
            passages.append(part.model_copy(update=place))
            units += len(part.units)
        refuse_above(MOST_UNITS, units, "sentences, list items and table rows")
    return passages


def _split_section(
    document: SourceDocument,
    section: Section,
    blocks: Sequence[Block],
    token_count: Callable[[str], int],
    limit: int,
    *,
    preamble: bool,
) -> list[Passage]:
    headings = _short_headings(section.headings, token_count, limit)
    path = " › ".join(headings)
    empty = token_count("")  # tokens that every count includes

    def fits(part: str) -> bool:
        return token_count(f"{path}\n{part}") <= limit

    pieces = pieces_of(document, blocks, fits, section.headings[-1], preamble=preamble)
    items_after = _items_after(pieces)
    sizes = [
        max(token_count(document.text[piece.begin : piece.stop]) - empty, 1) for piece in pieces
    ]
    return [
        _passage(document, section, headings, pieces, items_after, first, last, fits)
        for group in _group(pieces, sizes, limit - token_count(path))
        for first, last in _fitting(document.text, pieces, *group, fits)
    ]


def _fitting(
    text: str, pieces: Sequence[TextUnit], first: int, last: int, fits: Callable[[str], bool]
) -> Iterator[tuple[int, int]]:
    """Halves a range of pieces until each part fits, with what introduces it. Between two pieces
    there can be much text that is of neither, such as the line below the header of a wide table."""
    own = text[pieces[first].begin : pieces[last - 1].stop]
    if last - first == 1 or fits(_whole(_introductions(text, pieces, first, last), own)):
        yield first, last
        return
    middle = (first + last) // 2
    yield from _fitting(text, pieces, first, middle, fits)
    yield from _fitting(text, pieces, middle, last, fits)


def _short_headings(
    headings: tuple[str, ...], token_count: Callable[[str], int], limit: int
) -> tuple[str, ...]:
    """The lower part of a heading path, which leaves at least half of a passage for its text.

    The document's title is cut short, or it would decide which passages are found; so is a last
    heading that is too long by itself, as a passage always has one.
    """

    def fits(path: str) -> bool:
        return token_count(path) <= limit // 2

    root = headings[0]
    if len(root) > _LONGEST_ROOT:
        start, end = cut(root, (0, len(root)), lambda part: len(part) < _LONGEST_ROOT)[0]
        headings = (f"{root[start:end].rstrip(',;:')}…", *headings[1:])
    while len(headings) > 1 and not fits(" › ".join(headings)):
        headings = headings[1:]
    (last,) = headings[-1:]
    if len(headings) == 1 and not fits(last):
        start, end = cut(last, (0, len(last)), lambda part: fits(f"{part}…"))[0]
        headings = (f"{last[start:end]}…",)
    return headings


def _first_article(document: SourceDocument) -> int:
    """The number of the first section that is, or is in, an article; 0 without any."""
    for section in document.sections:
        if any(map(legal_lines.is_article, section.headings[1:])):
            return section.number
    return 0


def _group(pieces: Sequence[TextUnit], sizes: Sequence[int], room: int) -> list[tuple[int, int]]:
    """The cheapest grouping of pieces into passages of at most `room` tokens, as ranges of
    pieces."""
    total = [0, *accumulate(sizes)]
    best: list[tuple[float, int]] = [(0.0, 0)]  # for every end: cost, and start of the last
    for last in range(1, len(pieces) + 1):
        choices = []
        for first in range(last - 1, -1, -1):
            size = total[last] - total[first]
            if size > room and first < last - 1:
                break
            before = best[first][0] + (pieces[first].cost if first else 0.0)
            choices.append((before + (size / TARGET_TOKENS - 1) ** 2, first))
        best.append(min(choices))
    groups: list[tuple[int, int]] = []
    last = len(pieces)
    while last:
        groups.append((best[last][1], last))
        last = best[last][1]
    return groups[::-1]


def _passage(
    document: SourceDocument,
    section: Section,
    headings: tuple[str, ...],
    pieces: Sequence[TextUnit],
    items_after: Sequence[int],
    first: int,
    last: int,
    fits: Callable[[str], bool],
) -> Passage:
    start, end = pieces[first].begin, pieces[last - 1].stop
    page_starts = document.page_starts
    turn, last_turn = bisect_right(page_starts, start), bisect_left(page_starts, end)
    introductions = _introductions(document.text, pieces, first, last)
    lacking = len(introductions)
    while introductions and not fits(_whole(introductions, document.text[start:end])):
        introductions = introductions[1:]
    lacking -= len(introductions)
    units = []
    for piece in pieces[first:last]:
        lead_in: tuple[int, int] | None = None
        outer = 0
        if piece.lead_in is not None and piece.lead_in >= first:
            lead = pieces[piece.lead_in]
            lead_in = lead.start - start, lead.end - start
        else:
            outer = max(0, len(_introducing(pieces, piece)) - lacking)
        units.append(Unit(start=piece.start - start, end=piece.end - start, kind=piece.kind,
                          lead_in=lead_in, outer=outer, marks=piece.marks))  # fmt: skip
    return Passage(
        id="",
        document=document.info,
        text=document.text[start:end],
        headings=headings,
        section=section.number,
        start=start,
        end=end,
        units=tuple(units),
        anchor=section.anchor,
        continues=first > 0,
        introductions=introductions,
        items_after=items_after[last],
        page=turn or None,  # without pages there is none
        page_breaks=tuple(at - start for at in page_starts[turn:last_turn]),
    )


def _introducing(pieces: Sequence[TextUnit], piece: TextUnit) -> list[TextUnit]:
    """The pieces that introduce one, outermost first."""
    found: list[TextUnit] = []
    while piece.lead_in is not None:
        piece = pieces[piece.lead_in]
        found.append(piece)
    return found[::-1]


def _introductions(
    text: str, pieces: Sequence[TextUnit], first: int, last: int
) -> tuple[Introduction, ...]:
    """What introduces the list or table that goes on in a range of pieces, outermost first."""
    for piece in pieces[first:last]:
        if piece.lead_in is not None and piece.lead_in < first:
            return tuple(_introduction(text, lead_in) for lead_in in _introducing(pieces, piece))
    return ()


def _introduction(text: str, piece: TextUnit) -> Introduction:
    is_row = text[piece.begin : piece.start].startswith("|")
    start, end = (piece.begin, piece.stop) if is_row else (piece.start, piece.end)
    return Introduction(text=text[start:end], start=start)


def _whole(introductions: Sequence[Introduction], text: str) -> str:
    return "\n".join((*(lead_in.text for lead_in in introductions), text))


def _items_after(pieces: Sequence[TextUnit]) -> list[int]:
    """For each place between pieces: how many items follow in the list of the piece before it."""
    counts: list[int] = []
    following = 0
    for piece in reversed(pieces):
        counts.append(following if piece.kind == "item" else 0)
        following = 0 if piece.kind == "sentence" else following + (piece.kind == "item")
    return [0, *reversed(counts)]


def passage_id(passage: Passage, occurrence: int) -> str:
    """The document's key and a hash of all that its units are embedded with: headings, text, what
    introduces them, captions and groups of columns; `occurrence` tells repeats apart."""
    captions = dict.fromkeys(
        caption
        for lead_ins in map(passage.lead_ins, passage.units)
        if lead_ins and lead_ins[-1].startswith("|")
        for caption in lead_ins[:-1]
    )
    embedded = "\x1f".join((passage.context(), *captions, str(occurrence)))
    digest = hashlib.sha256(embedded.encode()).hexdigest()
    return f"{passage.document.key}:{digest[:24]}"
