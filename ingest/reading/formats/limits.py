"""Size limits of a document, so that nobody waits for files that are no texts for people.

Real texts are far below: a code of law has a few thousand headings, a report of 500 pages about
15,000 sentences. Time and memory have limits of their own (ingest/passages/isolated.py).
"""

from collections.abc import Sequence

from ingest.reading.formats.blocks import Block

MOST_BLOCKS = 50_000  # paragraphs, list items, rows
MOST_HEADINGS = 10_000  # a code of law has a few thousand
MOST_COLUMNS = 256  # of a table, as a sheet of Excel 97 has; a wider one is data, not text
MOST_UNITS = 100_000  # sentences, items and rows, as they can be quoted
DEEPEST = 20  # nesting of lists and quotations; a list with its items counts twice


class LimitError(Exception):
    """A document exceeds a limit; the message says which."""


def check_blocks(text: str, blocks: Sequence[Block]) -> None:
    """Checks the blocks of a document against the limits.

    Raises:
        LimitError: one of them is exceeded.
    """
    headings = sum(block.kind == "heading" for block in blocks)
    refuse_above(MOST_HEADINGS, headings, "headings")
    refuse_above(MOST_BLOCKS, len(blocks) - headings, "paragraphs, list items and table rows")
    for block in blocks:
        if block.kind == "header":
            refuse_above(MOST_COLUMNS, text.count("|", block.start, block.end) + 1, "columns")


def refuse_above(limit: int, number: int, what: str) -> None:
    """
    Raises:
        LimitError: the number is above the limit.
    """
    if number > limit:
        raise LimitError(f"has more than {limit:,} {what} ({number:,})")
