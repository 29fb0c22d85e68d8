"""Citations: a quote, and where it stands."""

from core.frozen import Frozen
from core.source import DocumentInfo, Standing


class Citation(Frozen):
    """A checked citation. `quote` is an exact substring of the passage's text.

    `number` is that of its passage in the answer: quotes from one passage share it. `start` and
    `end` are the quote's offsets in the passage's text; it stands on `page` to `last_page` (from 1;
    None without pages). `marks` are those of the point that it begins in.
    """

    number: int
    passage_id: str
    document: DocumentInfo
    headings: tuple[str, ...]
    quote: str
    start: int
    end: int
    page: int | None
    last_page: int | None
    url: str
    standing: Standing = "in_force"
    marks: tuple[str, ...] = ()

    @property
    def page_range(self) -> str:
        """For example 12 or 12–13; empty without pages."""
        ends = dict.fromkeys(page for page in (self.page, self.last_page) if page is not None)
        return "–".join(map(str, ends))
