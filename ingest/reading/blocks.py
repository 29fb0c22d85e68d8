"""Blocks of a parsed document with exact offsets, its sections, and how many there may be."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.errors import DocumentError
from core.source import Section

BlockKind = Literal["heading", "paragraph", "item", "header", "row", "line", "note", "noise"]

Value = str | datetime.date | None
"""Of a field of `DocumentInfo`."""

MOST_BLOCKS = 50_000  # paragraphs, list items, rows
MOST_HEADINGS = 10_000  # a code of law has a few thousand
MOST_CELLS = 500_000  # of a workbook, with text
MOST_COLUMNS = 256  # of a table, as a sheet of Excel 97 has; a wider one is data, not text
MOST_UNITS = 100_000  # sentences, items and rows, as they can be quoted
DEEPEST = 20  # nesting of lists and quotations; a list with its items counts twice


@dataclass(frozen=True)
class Block:
    """A paragraph, list item, table row or line of code: `start` to `end` is its text, `begin` to
    `stop` includes its marks ("- ", "| ... |", a code fence)."""

    kind: BlockKind  # header: the first row of a table; note: a footnote of the block above it
    begin: int
    start: int
    end: int
    stop: int
    level: int = 0  # of a heading (1-6); the depth of a list item (1 and up)
    title: str = ""  # of a heading, without marks
    anchor: str = ""  # of a heading: its id in a web page


@dataclass(frozen=True)
class Parsed:
    """A file's text, its blocks and its metadata."""

    text: str
    blocks: tuple[Block, ...]
    page_starts: tuple[int, ...] = ()  # offsets
    stated: Mapping[str, Value] = field(default_factory=dict)  # fields of `DocumentInfo`
    wrong: Mapping[str, DocumentError] = field(default_factory=dict)  # errors in stated fields
    unused: tuple[str, ...] = ()  # names in the front matter that are no fields
    # Inferred from the text or from properties of the file, and may be wrong; empty: unknown.
    title: str = ""
    language: str = ""
    date: datetime.date | None = None
    url: str = ""
    encoding: str = ""  # empty: the file says it, or it is UTF-8


def first_heading(blocks: Sequence[Block]) -> Block | None:
    return next((block for block in blocks if block.kind == "heading"), None)


def sections(blocks: Sequence[Block], title: str) -> tuple[Section, ...]:
    """The sections that have a body, each with its path of headings from the title down.

    Headings without a body are counted too, so that language versions with the same outline have
    the same numbers. Page noise interrupts a section: the text after it is another section with the
    same number and headings.
    """
    found: list[Section] = []
    path: list[Block] = []
    root = first_heading(blocks)
    number, interrupted = -1, True
    for block in blocks:
        if block.kind == "heading":
            path = [heading for heading in path if heading.level < block.level] + [block]
            number, interrupted = number + 1, True
        elif block.kind == "noise":
            interrupted = True
        elif interrupted:
            number, interrupted = max(number, 0), False
            names = [heading.title for heading in path]
            if not (path and path[0] is root and root.level == 1):
                names.insert(0, title)
            found.append(
                Section(
                    number=number,
                    headings=tuple(names),
                    start=block.begin,
                    end=block.stop,
                    anchor=path[-1].anchor if path else "",
                )
            )
        else:
            found[-1] = found[-1].model_copy(update={"end": block.stop})
    return tuple(found)


class LimitError(Exception):
    """A document exceeds a limit; the message says which."""


def check_blocks(text: str, blocks: Sequence[Block]) -> None:
    """Checks the blocks of a document against the limits. Raises LimitError: one of them is
    exceeded."""
    headings = sum(block.kind == "heading" for block in blocks)
    refuse_above(MOST_HEADINGS, headings, "headings")
    refuse_above(MOST_BLOCKS, len(blocks) - headings, "paragraphs, list items and table rows")
    for block in blocks:
        if block.kind == "header":
            refuse_above(MOST_COLUMNS, text.count("|", block.start, block.end) + 1, "columns")


def refuse_above(limit: int, number: int, what: str) -> None:
    """Raises LimitError where a number is above its limit."""
    if number > limit:
        raise LimitError(f"has more than {limit:,} {what} ({number:,})")
