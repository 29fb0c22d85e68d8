"""Citations: a quote, where it stands, and the words that tell it from the others of an answer."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

from core.source import DocumentInfo, Frozen, Standing

_LONGEST = 80  # characters of a heading
_BEGINNING = 6  # words of a quote, which tell it from others
_NUMBERED = re.compile(r"[^\W\d]+ \d{1,3}[a-z]{0,3}(?=\s)|\d{1,3}[a-z]{0,3}\.? [^\W\d]+(?= – )")
"""What a long heading of an article begins with: "Article 4 – Rules of ...", "4. cikk – ..."."""


class Citation(Frozen):
    """A checked citation."""

    number: int  # of its passage in the answer: quotes from one passage share it
    passage_id: str
    document: DocumentInfo
    headings: tuple[str, ...]
    quote: str  # exact substring of the passage's text
    start: int  # offset in the passage's text
    end: int
    page: int | None  # from 1; None without pages
    last_page: int | None
    url: str
    standing: Standing = "in_force"
    marks: tuple[str, ...] = ()  # of the point that it begins in
    last_marks: tuple[str, ...] | None = None  # of the point that it ends in; None: not known
    cited_as: str = ""  # as of `references`; empty in answers of before there were any

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
        shared = tuple(mark for mark, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        first, last = self.marks[len(shared) :], self.last_marks[len(shared) :]
        return (*shared, f"{' › '.join(first)}–{' › '.join(last)}") if first and last else shared


_Quotes = Sequence[Citation]  # those under one number


def by_number(citations: Iterable[Citation]) -> dict[int, tuple[Citation, ...]]:
    """The quotes under each number, in order: those out of one passage share it."""
    found: dict[int, tuple[Citation, ...]] = {}
    for citation in citations:
        found[citation.number] = (*found.get(citation.number, ()), citation)
    return found


def references(citations: Iterable[Citation], page: str) -> dict[int, str]:
    """By number: short title of the document, heading and points, pages. For example
    "Directive 2003/88/EC, Article 8 – Length of night work › (a), p. 12".

    A heading that is another's too has those above it before it. What is alike even so has what
    tells it apart: the number, version or date of its document, and of two passages of one section
    without pages the beginning of their first quotes.

    Args:
        citations: all of one answer.
        page: the words for pages, with the placeholder `page`.
    """
    found = by_number(citations)
    paths = {number: _path(quotes) for number, quotes in found.items()}
    made = {}
    for number, quotes in found.items():
        place = " › ".join(filter(None, (*_end(paths[number], paths.values()), _points(quotes))))
        parts = (paths[number][0], place, _pages(quotes, page))
        made[number] = ", ".join(filter(None, parts))
    for tell in (*map(_fact, ("reference", "version", "date")), _beginning):
        made = _told_apart(made, found, tell)
    return made


def _told_apart(
    made: Mapping[int, str],
    found: Mapping[int, _Quotes],
    tell: Callable[[_Quotes, Iterable[_Quotes]], str],
) -> dict[int, str]:
    """References of which those that are alike have what tells them apart, where it does."""
    alike: dict[str, list[int]] = {}
    for number, words in made.items():
        alike.setdefault(words, []).append(number)
    apart = dict(made)
    for words, numbers in alike.items():
        among = [found[number] for number in numbers]
        telling = {number: tell(found[number], among) for number in numbers}
        if len({*telling.values()}) > 1:
            apart |= {n: ", ".join(filter(None, (words, telling[n]))) for n in numbers}
    return apart


def _fact(name: str) -> Callable[[_Quotes, Iterable[_Quotes]], str]:
    """Tells by a field of the document."""
    return lambda quotes, _: str(getattr(quotes[0].document, name) or "")


def referred(citations: Sequence[Citation], page: str) -> tuple[Citation, ...]:
    """These citations of one answer, each with its reference; as `references`."""
    words = references(citations, page)
    return tuple(
        citation.model_copy(update={"cited_as": words[citation.number]}) for citation in citations
    )


def section(citations: Sequence[Citation]) -> str:
    """The heading path of quotes out of one passage, below their document's title, and the points
    they are in, each once and none within another: "Article 14 › 9; 10"."""
    return " › ".join(filter(None, (*_below_title(citations[0]), _points(citations))))


def _path(quotes: Sequence[Citation]) -> tuple[str, ...]:
    """The short title of the document, and the headings below its title, none of them long."""
    first = quotes[0]
    return (first.document.short_title, *map(_shortened, _below_title(first)))


def _below_title(citation: Citation) -> tuple[str, ...]:
    """The headings below the document's title. Of a path that was too long for a passage the last
    alone may be left, and is no title."""
    first, *below = citation.headings
    title, heading = citation.document.title, first.rstrip("…")
    is_title = bool(below) or heading in title or title in heading
    return tuple(below) if is_title else (first,)


def _end(path: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The last heading of a path, and of those above it as many as tell it from other paths."""
    alike = {other for other in others if other[0] == path[0] and other != path}
    for count in range(1, len(path)):
        alike = {other for other in alike if other[1:][-count:] == path[1:][-count:]}
        if not alike:
            return path[-count:]
    return path[1:]


def _shortened(heading: str) -> str:
    """A heading that is not long; of an article's long one the number, of others the beginning.

    >>> _shortened("Article 4 – " + "Material changes, " * 9), _shortened("Aims and means, " * 9)
    ('Article 4', 'Aims and means, Aims and means, Aims and means, Aims and means, Aims and means…')
    """
    if len(heading) <= _LONGEST:
        return heading
    numbered = _NUMBERED.match(heading)
    return numbered[0] if numbered else f"{heading[:_LONGEST].rpartition(' ')[0].rstrip(',;:')}…"


def _points(quotes: Sequence[Citation]) -> str:
    points = dict.fromkeys(quote.point for quote in quotes)
    outer = (
        " › ".join(point)
        for point in points
        if not any(point != other == point[: len(other)] for other in points)
    )
    return "; ".join(filter(None, outer))


def _pages(quotes: Sequence[Citation], page: str) -> str:
    """Each page or range once; empty where there are no pages."""
    listed = ", ".join(dict.fromkeys(quote.page_range for quote in quotes if quote.page_range))
    return page.format(page=listed) if listed else ""


def _beginning(quotes: _Quotes, among: Iterable[_Quotes]) -> str:
    """The first words of a quote, in quotation marks, as many as tell it from other ones."""
    words = quotes[0].quote.split()
    all_words = (other[0].quote.split() for other in among)
    others = [other for other in all_words if other != words]
    count = _BEGINNING
    while count < len(words) and any(other[:count] == words[:count] for other in others):
        count += 1
    return f"“{' '.join(words[:count])}{'…' * (len(words) > count)}”"
