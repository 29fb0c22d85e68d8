"""Passages: what is retrieved as one, and the units that are quoted.

The offsets of units are character offsets in `Passage.text`, end exclusive.
"""

import bisect
from typing import ClassVar, Literal

from core.frozen import Frozen
from core.source import DocumentInfo, Standing


class Unit(Frozen):
    """The smallest quotable part of a passage: a whole sentence, list item or footnote.

    For an item, `lead_in` is the (start, end) of the sentence that introduces its list. A footnote
    ("note") stands below its reference. `marks` are those of the points around it, outermost first:
    ("2", "(a)").
    """

    start: int
    end: int
    kind: Literal["sentence", "item", "note"] = "sentence"
    lead_in: tuple[int, int] | None = None
    marks: tuple[str, ...] = ()


class Passage(Frozen):
    """A stretch of a document that is retrieved as one. Its vector is the mean of its units'
    vectors.

    `id` is `<document key>:<hash of headings and text>`, so that an unchanged passage keeps its id
    and its vector, and a hit can be filtered by document without reading it. `page` (from 1) is
    where it begins, `page_breaks` are the offsets in its text where the next pages begin.
    `continues`: its section began in an earlier passage. `items_after` is how many items of its
    last list are in later passages, the first of which is `continued_in` (its id). `preamble`: it
    stands before the first article of a text with articles, so it is a recital or a memorandum and
    lays nothing down.
    """

    id: str
    document: DocumentInfo
    text: str
    headings: tuple[str, ...]
    section: int
    start: int
    end: int
    units: tuple[Unit, ...]
    page: int | None = None
    page_breaks: tuple[int, ...] = ()
    anchor: str = ""
    continues: bool = False
    items_after: int = 0
    continued_in: str = ""
    preamble: bool = False

    @property
    def language(self) -> str:
        return self.document.language

    @property
    def unit_ids(self) -> list[str]:
        """The ids of its units, in order."""
        return [f"{self.id}#{number}" for number in range(len(self.units))]

    def pages(self, start: int, end: int) -> tuple[int, int] | None:
        """The first and last page (from 1) of a stretch of its text; None without pages."""
        if self.page is None:
            return None
        return (
            self.page + bisect.bisect_right(self.page_breaks, start),
            self.page + bisect.bisect_left(self.page_breaks, end),
        )

    def marks(self, start: int) -> tuple[str, ...]:
        """The marks of the points around a place in its text: ("2", "(a)")."""
        around = (unit.marks for unit in self.units if unit.start <= start < unit.end)
        return next(around, ())

    def context(self, unit: Unit | None = None) -> str:
        """The text of a passage or of one of its units, with its context.

        For a passage its heading path and text; for a unit the last heading, the lead-in of a list
        item, and the unit's text. The latter is embedded: raise `context_version` when it changes.
        """
        if unit is None:
            return "\n".join((" › ".join(self.headings), self.text))
        parts = list(self.headings[-1:])
        if unit.lead_in is not None:
            parts.append(self.text[unit.lead_in[0] : unit.lead_in[1]])
        parts.append(self.text[unit.start : unit.end])
        return "\n".join(parts)

    context_version: ClassVar[str] = "heading+lead-in+unit"


class ScoredPassage(Frozen):
    """A passage found for a question.

    `score` orders the results and has no unit (vectorstore/ranking.py). `similarity` is the cosine
    of question and passage, `unit_similarities` those of question and each unit, on the scale of
    the default embedder (vectorstore/profile.py). `level` is how much nearer to the question any
    text of its language is (vectorstore/levels.py). `standing` is that of its document when it was
    found. `named`: the question names its document. `asked` is how close (0-1) the nearest prepared
    question of each unit is (vectorstore/prepared_matches.py); empty: none was looked for.
    """

    passage: Passage
    score: float
    similarity: float
    unit_similarities: tuple[float, ...] = ()
    level: float = 0.0
    standing: Standing = "in_force"
    named: bool = False
    asked: tuple[float, ...] = ()
