"""Citations: a quote, and where it stands."""

from collections.abc import Sequence
from itertools import takewhile

from core.frozen import Frozen
from core.source import DocumentInfo, Standing


class Citation(Frozen):
    """A checked citation. `quote` is an exact substring of the passage's text.

    `number` is that of its passage in the answer: quotes from one passage share it. `start` and
    `end` are the quote's offsets in the passage's text; it stands on `page` to `last_page` (from 1;
    None without pages). `marks` are those of the point that it begins in, `last_marks` of the one
    that it ends in (None: not known).
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
    last_marks: tuple[str, ...] | None = None

    @property
    def page_range(self) -> str:
        """For example 12 or 12–13; empty without pages."""
        ends = dict.fromkeys(page for page in (self.page, self.last_page) if page is not None)
        return "–".join(map(str, ends))

    @property
    def point(self) -> tuple[str, ...]:
        """The marks of the point that holds it, or of those that it goes on through: ("2", "(a)"),
        ("2", "(a)–(c)"); empty without points."""
        if self.last_marks is None:
            return self.marks
        pairs = zip(self.marks, self.last_marks, strict=False)
        shared = tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        first, last = self.marks[len(shared) :], self.last_marks[len(shared) :]
        return (*shared, f"{' › '.join(first)}–{' › '.join(last)}") if first and last else shared


def section(citations: Sequence[Citation]) -> str:
    """The heading path of quotes out of one passage, below their document's title, and the points
    they are in, each once and none within another: "Article 14 › 9; 10"."""
    title = citations[0].document.title
    points = dict.fromkeys(one.point for one in citations)
    outer = (
        " › ".join(point)
        for point in points
        if not any(point != other == point[: len(other)] for other in points)
    )
    headings = (name for name in citations[0].headings if name != title)
    return " › ".join(filter(None, (*headings, "; ".join(outer))))
