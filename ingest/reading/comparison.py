"""The result of the verbatim check in `ingest/reading/compare_text.py`."""

from core.source import Frozen


class Misread(Frozen):
    """Stored words that are not in the file, and where they are stored.

    `page` counts from 1; None in a file without pages.
    """

    text: str
    heading: str
    page: int | None


class WordComparison(Frozen):
    """The number of runs of words that were looked up in the file, and of those that it lacks."""

    runs: int
    missing: int
    misread: tuple[Misread, ...]
