"""What came of holding a reading against its file; `ingest/compare_text.py` makes it."""

from core.types import Frozen


class Misread(Frozen):
    """Words that do not stand in the file as they are kept, and where they are kept.

    `page` counts from 1, and is None in a file without pages.
    """

    text: str
    heading: str
    page: int | None


class Comparison(Frozen):
    """How many runs of words were looked up in the file, and how many are missing there."""

    runs: int
    missing: int
    misread: tuple[Misread, ...]
