"""Shapes of the sources: documents and their standing, sections, passages, prepared questions, and
scopes of search."""

import bisect
import datetime
import re
from collections.abc import Collection, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

DocumentKind = Literal["brief", "official", "upload"]
"""A brief is this project's own summary; an upload is a document that a maintainer added."""

Summarised = Literal["document", "press_release"]
"""What a brief summarises."""

Standing = Literal["in_force", "superseded", "upcoming", "summary", "ended"]
"""Whether a document should be cited: it is in force; another replaces it; it is not in force yet;
it is a brief, and its official text is there too; its period is over, and nothing here replaces
it."""

WhyStale = Literal["none", "several", "changed"]
"""No unit begins with the words any more; several do; no unit is exactly what was approved."""

STEPS_BACK: frozenset[Standing] = frozenset(("superseded", "upcoming", "summary"))
"""The standings with which a document gives way to others."""

_LONGEST_NAME = 100  # characters, about a line; titles of acts have several lines
_ACT = re.compile(r"\D{1,60}\d{1,4}/\d{1,4}(?:/[A-Z]{2,4})?\b")  # "Directive 2005/29/EC"
_FALLBACK = "en"
_FEWEST = 3  # words of a whole question


class Frozen(BaseModel):
    """Base of all data types: immutable, and unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def today() -> datetime.date:
    """The day that it is now (UTC)."""
    return datetime.datetime.now(datetime.UTC).date()


class DocumentInfo(Frozen):
    """The metadata to cite a document by.

    A brief is this project's own text about an official one: its `reference`, `celex`, `date` and
    `url` are those of the text that it summarises.
    """

    id: str  # the same for all language versions
    language: str  # ISO 639-1
    title: str
    reference: str = ""  # "COM(2020) 607 final"
    celex: str = ""
    date: datetime.date | None = None
    area: str = ""
    publisher: str = ""
    url: str = ""
    kind: DocumentKind = "upload"
    version: str = ""  # as the publisher names it: "final/2"
    effective_from: datetime.date | None = None  # in force from this day on; None: always
    effective_until: datetime.date | None = None  # the last day of its period; None: no end
    superseded_by: str = ""  # id of the document that replaces it
    successor: str = ""  # title and number of what succeeds it and is no document here
    successor_url: str = ""
    about: str = ""  # of a brief: the title of what it summarises
    about_publisher: str = ""  # of a brief: who published that
    about_form: Summarised = "document"  # of a brief: what that is
    questions_url: str = ""  # of a brief about a press release: its questions and answers
    known_as: str = ""  # a short title, where the title is long
    noise: Literal["", "keep"] = ""  # "keep": nothing is left out as page noise

    @property
    def key(self) -> str:
        """Identifies one language version of one document: "csa-strategy.nl"."""
        return f"{self.id}.{self.language}"

    @property
    def period(self) -> str:
        """The years that it is for: "2021–2025"; empty without an end."""
        if self.effective_until is None:
            return ""
        ends = (self.effective_from or self.date or self.effective_until, self.effective_until)
        return "–".join(dict.fromkeys(str(day.year) for day in ends))

    def is_over(self, day: datetime.date) -> bool:
        """Whether its period has ended before a day."""
        return self.effective_until is not None and self.effective_until < day

    def succeeds(self, other: "DocumentInfo") -> bool:
        """Whether it is the successor that another names by its number."""
        number = re.escape(self.reference)
        return bool(number) and re.search(rf"{number}(?!\d)", other.successor) is not None

    @property
    def short_title(self) -> str:
        """A short name for lists and labels: what the document is known as, or the title, or where
        that is long the number of the act or document, or the beginning of the title.

        "REGULATION (EU) 2016/679 OF THE EUROPEAN ..." becomes "REGULATION (EU) 2016/679".
        """
        if self.known_as or len(self.title) <= _LONGEST_NAME:
            return self.known_as or self.title
        act = _ACT.match(self.title)
        cut = f"{self.title[:_LONGEST_NAME].rpartition(' ')[0]}…"
        return act[0] if act else self.reference or cut


class Section(Frozen):
    """A stretch of a document under one heading, without its subsections."""

    number: int  # from 0 in the document: language versions with the same outline share it
    headings: tuple[str, ...]  # the path from the document's title down
    start: int
    end: int
    anchor: str = ""  # id of the last heading in a web page


class SourceDocument(DocumentInfo):
    """A loaded source text."""

    path: str
    sha256: str  # of the file's bytes
    text: str
    sections: tuple[Section, ...]
    page_starts: tuple[int, ...] = ()  # offsets, the first included; empty without pages
    left_out: tuple[str, ...] = ()  # the first texts that are left out as page noise
    guessed: tuple[str, ...] = ()  # fields that were inferred from the text
    unused: tuple[str, ...] = ()  # names in its front matter that are no fields
    encoding: str = ""  # as detected; empty: the file says it, it is UTF-8, or no text

    @property
    def info(self) -> DocumentInfo:
        return DocumentInfo(**{name: getattr(self, name) for name in DocumentInfo.model_fields})


class Scope(Frozen):
    """The limits of a search; empty fields limit nothing."""

    areas: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()  # ids
    language: str = ""  # of the source texts, ISO 639-1
    as_of: datetime.date | None = None  # leaves out documents of a later date; standings are its

    @property
    def day(self) -> datetime.date:
        """The day that standings are of: the day of reference, or today."""
        return self.as_of or today()

    def admits(self, document: DocumentInfo) -> bool:
        """Whether a document is in the scope; a document without a date is, whatever the day."""
        return (
            (not self.areas or document.area in self.areas)
            and (not self.documents or document.id in self.documents)
            and self.language in ("", document.language)
            and (self.as_of is None or document.date is None or document.date <= self.as_of)
        )


class Unit(Frozen):
    """The smallest quotable part of a passage: a whole sentence, list item or footnote."""

    start: int
    end: int
    kind: Literal["sentence", "item", "note"] = "sentence"  # a note stands below its reference
    lead_in: tuple[int, int] | None = None  # start and end of what introduces its list, or table
    outer: int = 0  # how many introductions of its passage introduce it too
    marks: tuple[str, ...] = ()  # of the points around it, outermost first: ("2", "(a)")


class Introduction(Frozen):
    """The sentence, item or header row that introduces what a passage begins with, and stands in
    an earlier one."""

    text: str  # of a header row with its bars
    start: int  # in the document


class Passage(Frozen):
    """A stretch of a document that is retrieved as one. Its vector is the mean of its units'
    vectors.

    Its id is `<document key>:<hash of headings and text>`, so that an unchanged passage keeps its
    id and its vector, and a hit can be filtered by document without reading it.
    """

    id: str
    document: DocumentInfo
    text: str
    headings: tuple[str, ...]
    section: int
    start: int
    end: int
    units: tuple[Unit, ...]
    page: int | None = None  # on which it begins, from 1; None without pages
    page_breaks: tuple[int, ...] = ()  # offsets in its text at which the next pages begin
    anchor: str = ""
    continues: bool = False  # its section began in an earlier passage
    introductions: tuple[Introduction, ...] = ()  # of the list that goes on in it, outermost first
    items_after: int = 0  # items of its last list that are in later passages
    continued_in: str = ""  # id of the first of these
    preamble: bool = False  # before the first article: a recital or memorandum lays nothing down

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

    def lead_ins(self, unit: Unit) -> list[str]:
        """The texts that introduce a unit, outermost first, those of earlier passages included; a
        header row with its bars."""
        found: list[str] = []
        by_place = {(unit.start, unit.end): unit for unit in self.units}
        around: Unit | None = unit
        for _ in self.units:  # none introduces itself, but a file from elsewhere may say so
            if around is None or around.lead_in is None:
                break
            start, end = around.lead_in
            line = self.text.rfind("\n", 0, start) + 1
            if self.text[line:start].lstrip().startswith("|"):
                start, end = line, (self.text + "\n").index("\n", end)
            found.append(self.text[start:end])
            around = by_place.get(around.lead_in)
        outer = self.introductions[: around.outer] if around is not None else ()
        return [*(introduction.text for introduction in outer), *reversed(found)]

    def context(self, unit: Unit | None = None) -> str:
        """The text of a passage or of one of its units, with its context.

        For a passage its heading path, what introduces its beginning, and its text; for a unit the
        last heading, the lead-in of a list item or the caption and headers of a table row, and the
        unit's text. The latter is embedded: raise `context_version` when it changes for passages
        that keep their id (ingest/passages/split.py).
        """
        if unit is None:
            introduced = (introduction.text for introduction in self.introductions)
            return "\n".join((" › ".join(self.headings), *introduced, self.text))
        lead_ins = self.lead_ins(unit)
        if not (lead_ins and lead_ins[-1].startswith("|")):  # of nested lists the nearest
            lead_ins = lead_ins[-1:]
        own = self.text[unit.start : unit.end]
        return "\n".join((*self.headings[-1:], *(lead_in.strip("| ") for lead_in in lead_ins), own))

    context_version: ClassVar[str] = "heading+lead-in+unit"


class ScoredPassage(Frozen):
    """A passage found for a question (vectorstore/search.py); cosines are on the scale of the
    default embedder (vectorstore/profile.py)."""

    passage: Passage
    score: float  # orders the results, without a unit
    similarity: float  # cosine of question and passage
    unit_similarities: tuple[float, ...] = ()  # of the question and each unit
    level: float = 0.0  # how much nearer to the question any text of its language is
    standing: Standing = "in_force"  # of its document when it was found
    named: bool = False  # the question names its document
    asked: tuple[float, ...] = ()  # closeness (0-1) of each unit's nearest prepared question


class Approval(Frozen):
    """An approval of an answer: by whom, for which organisation, and when."""

    by: str
    organisation: str = ""
    on: datetime.date


class PreparedQuestion(Frozen):
    """A question, and the units of one document version that answer it."""

    id: str  # `<document key>:<hash of language and question>`
    question: str
    language: str  # ISO 639-1
    # Ids, `<passage id>#<number>`, in the order in which they are shown. Empty: the document does
    # not answer it, although it sounds so.
    units: tuple[str, ...] = ()
    by: str = ""  # "project", "model NAME", or a person
    approved: Approval | None = None

    @property
    def document(self) -> str:
        """The key of the document version that it is about."""
        return self.id.partition(":")[0]

    @property
    def passages(self) -> tuple[str, ...]:
        """The ids of the passages that its units are in."""
        return tuple(dict.fromkeys(unit.partition("#")[0] for unit in self.units))

    @property
    def is_shown(self) -> bool:
        """Whether it is written to be shown, as a whole question with a capital and a question mark
        (";" in Greek); any other is as readers type, and only matches."""
        begins = next(filter(str.isalnum, self.question), "")
        is_whole = begins.isupper() and self.question.endswith(("?", ";"))
        return is_whole and len(self.question.split()) >= _FEWEST

    def asks(self, question: str) -> bool:
        """Whether these are its own words."""
        return _plain(question) == _plain(self.question)


class StaleQuestion(Frozen):
    """A prepared question that has lost its answer."""

    question: str
    language: str
    words: str  # of one of its units
    why: WhyStale  # what is wrong with these
    file: str
    line: int  # of its answer


class MatchedQuestion(Frozen):
    """A prepared question near the one that was asked."""

    prepared: PreparedQuestion
    cosine: float  # of the two, on the scale of the default embedder
    closeness: float  # 0-1, what that means (`vectorstore.profile.Profile.closeness`)


def _plain(question: str) -> list[str]:
    return re.findall(r"\w+", question.casefold())


def preferred(languages: Collection[str], wanted: str) -> str:
    """The language version to use: the wanted language, else English, else the first."""
    for language in (wanted, _FALLBACK):
        if language in languages:
            return language
    return min(languages)


def standings(documents: Sequence[DocumentInfo], day: datetime.date) -> dict[str, Standing]:
    """The standings, by key, of the documents that are not in force on a day, or give way.

    A document is superseded from the day on which its successor is there and in force; a successor
    that is not among the documents counts as in force. A brief steps back where the official text
    (same CELEX number) is there in its language. No document is there before its date. One whose
    period is over keeps its place, as nothing here has taken it.
    """

    def begun(start: datetime.date | None) -> bool:
        return start is None or start <= day

    in_force = {d.id: begun(d.date) and begun(d.effective_from) for d in documents}
    official = {
        (d.celex, d.language)
        for d in documents
        if d.kind == "official" and d.celex and begun(d.date)
    }

    found: dict[str, Standing] = {}
    for document in documents:
        if document.superseded_by and in_force.get(document.superseded_by, True):
            found[document.key] = "superseded"
        elif not begun(document.effective_from):
            found[document.key] = "upcoming"
        elif document.kind == "brief" and (document.celex, document.language) in official:
            found[document.key] = "summary"
        elif document.is_over(day):
            found[document.key] = "ended"
    return found
