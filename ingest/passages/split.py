"""From a document to passages: stretches that are embedded, retrieved and quoted as one.

A passage is a section, or a part of a long one, cut between paragraphs, sentences or list items so
that the parts are about equally long. It never crosses a section, and its text is the document's
own, so offsets and quotes stay exact. Time is linear in the length of the text, whatever it holds.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from core.passage import Passage, Unit
from core.source import Section, SourceDocument
from ingest.passages.passage_units import TextUnit, pieces_of
from ingest.reading.formats import blocks_of, legal_lines
from ingest.reading.formats.blocks import Block
from ingest.reading.formats.limits import MOST_UNITS, refuse_above
from language.sentences import cut

TARGET_TOKENS = 240  # of each part of a long section; headings may take half of the embedder's 512
_LONGEST_ROOT = 150  # characters of a first heading; full titles of acts decided what was found


def split(
    document: SourceDocument, token_count: Callable[[str], int], limit: int = 512
) -> list[Passage]:
    """The passages of a document, in order.

    A list stays with the sentence that introduces it as long as both fit in one passage; in later
    passages the items of a longer list have no lead-in. A sentence or item that is too long for a
    passage is cut into several units, at sentences, clauses or words.

    Args:
        document: the loaded text.
        token_count: the number of tokens the embedder makes of a text.
        limit: the most tokens of `Passage.context()`; at least 64.

    Raises:
        ValueError: the limit is too small to hold any text.
        LimitError: the document has too many units.
    """
    if limit < 64:
        raise ValueError(f"a passage of at most {limit} tokens cannot hold a sentence")
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
            told = {"id": identity, "preamble": preamble, "continued_in": goes_on}
            passages.append(part.model_copy(update=told))
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
        _passage(document, section, headings, pieces, items_after, first, last)
        for group in _group(pieces, sizes, limit - token_count(path))
        for first, last in _fitting(document.text, pieces, *group, fits)
    ]


def _fitting(
    text: str, pieces: Sequence[TextUnit], first: int, last: int, fits: Callable[[str], bool]
) -> Iterator[tuple[int, int]]:
    """Halves a range of pieces until each part fits. Between two pieces there can be much text that
    is of neither, such as the line below the header of a wide table."""
    if last - first == 1 or fits(text[pieces[first].begin : pieces[last - 1].stop]):
        yield first, last
        return
    middle = (first + last) // 2
    yield from _fitting(text, pieces, first, middle, fits)
    yield from _fitting(text, pieces, middle, last, fits)


def _short_headings(
    headings: tuple[str, ...], token_count: Callable[[str], int], limit: int
) -> tuple[str, ...]:
    """The lower part of a heading path, which leaves at least half of a passage for its text.

    The document's title, as the first heading of all its passages, is cut short: it would decide
    which of them are found.

    A last heading that is too long by itself is cut too, as a passage always has one.
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
    articles = (
        section.number
        for section in document.sections
        if any(map(legal_lines.is_article, section.headings[1:]))
    )
    return next(articles, 0)


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
) -> Passage:
    start, end = pieces[first].begin, pieces[last - 1].stop
    page_starts = document.page_starts
    turn, last_turn = bisect_right(page_starts, start), bisect_left(page_starts, end)
    units = []
    for piece in pieces[first:last]:
        unit = Unit(start=piece.start - start, end=piece.end - start, kind=piece.kind,
                    marks=piece.marks)  # fmt: skip
        if piece.lead_in is not None and piece.lead_in >= first:
            lead = pieces[piece.lead_in]
            unit = unit.model_copy(update={"lead_in": (lead.start - start, lead.end - start)})
        units.append(unit)
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
        items_after=items_after[last],
        page=turn or None,  # without pages there is none
        page_breaks=tuple(at - start for at in page_starts[turn:last_turn]),
    )


def _items_after(pieces: Sequence[TextUnit]) -> list[int]:
    """For each place between pieces: how many items follow in the list of the piece before it."""
    counts: list[int] = []
    following = 0
    for piece in reversed(pieces):
        counts.append(following if piece.kind == "item" else 0)
        following = 0 if piece.kind == "sentence" else following + (piece.kind == "item")
    return [0, *reversed(counts)]


def passage_id(passage: Passage, occurrence: int) -> str:
    """The document's key and a hash of headings and text; `occurrence` tells repeats apart."""
    digest = hashlib.sha256(f"{passage.context()}\x1f{occurrence}".encode()).hexdigest()
    return f"{passage.document.key}:{digest[:24]}"
