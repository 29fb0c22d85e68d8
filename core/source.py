"""Shapes of the sources: documents, passages, prepared questions, citations, versions."""

import bisect
import datetime
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of all data types: immutable, and unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Documents and their sections, and the scope of a search.


DocumentKind = Literal["brief", "official", "upload"]
"""This project's own summary; an official text; a document that a maintainer added."""

Summarised = Literal["document", "press_release"]
"""What a brief summarises."""

Standing = Literal["in_force", "superseded", "upcoming", "summary", "ended"]
"""Whether a document should be cited: it is in force; another replaces it; it is not in force yet;
it is a brief, and its official text is there too; its period is over, and nothing here replaces
it."""

STEPS_BACK: frozenset[Standing] = frozenset(("superseded", "upcoming", "summary"))
"""The standings with which a document gives way to others."""


def today() -> datetime.date:
    """The day that it is now (UTC)."""
    return datetime.datetime.now(datetime.UTC).date()


_LONGEST_NAME = 100  # characters, about a line; titles of acts have several lines
_ACT = re.compile(r"\D{1,60}\d{1,4}/\d{1,4}(?:/[A-Z]{2,4})?\b")  # "Directive 2005/29/EC"


class DocumentInfo(Frozen):
    """The metadata to cite a document by. `id` is the same for all language versions.

    A brief is this project's own text about an official one: its `reference`, `celex`, `date` and
    `url` are those of the text that it summarises, of which `about` is the title.
    """

    id: str
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
    """A stretch of a document under one heading, without its subsections.

    `number` counts the sections of a document from 0, so that language versions with the same
    outline share it. `headings` is the path from the document's title down; `anchor` is the id of
    the last one in a web page ("" without one).
    """

    number: int
    headings: tuple[str, ...]
    start: int
    end: int
    anchor: str = ""


class SourceDocument(DocumentInfo):
    """A loaded source text. `sha256` is over the file's bytes.

    `page_starts` are the offsets at which its pages begin, the first included; empty in a format
    without pages. `left_out` are the first texts that are left out as page noise. `guessed` are the
    fields that were inferred from the text; `unused` are names in
    its front matter that are no fields.
    """

    path: str
    sha256: str
    text: str
    sections: tuple[Section, ...]
    page_starts: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def info(self) -> DocumentInfo:
        return DocumentInfo(**{name: getattr(self, name) for name in DocumentInfo.model_fields})


class Scope(Frozen):
    """The limits of a search; empty fields limit nothing.

    `areas` and `documents` (ids) are searched. `language` (ISO 639-1) selects source texts in it.
    `as_of` is the day of reference: documents of a later date are left out, and standings are those
    of that day.
    """

    areas: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    language: str = ""
    as_of: datetime.date | None = None

    @property
    def day(self) -> datetime.date:
        """The day that standings are of: the day of reference, or today."""
        return self.as_of or today()

    def within(self, areas: Collection[str] | None) -> "Scope":
        """A copy with these areas, if there are any: the short form in public calls."""
        return self.model_copy(update={"areas": tuple(areas)}) if areas else self

    def admits(self, document: DocumentInfo) -> bool:
        """Whether a document is in the scope; a document without a date is, whatever the day."""
        return (
            (not self.areas or document.area in self.areas)
            and (not self.documents or document.id in self.documents)
            and self.language in ("", document.language)
            and (self.as_of is None or document.date is None or document.date <= self.as_of)
        )


# Passages: what is retrieved as one, and the units that are quoted.


class Unit(Frozen):
    """The smallest quotable part of a passage: a whole sentence, list item or footnote.

    For an item, `lead_in` is the (start, end) of the sentence that introduces its list, for a table
    row of the header row; `outer` counts the introductions of its passage that introduce it too. A
    footnote ("note") stands below its reference. `marks` are those of the points around it,
    outermost first: ("2", "(a)").
    """

    start: int
    end: int
    kind: Literal["sentence", "item", "note"] = "sentence"
    lead_in: tuple[int, int] | None = None
    outer: int = 0
    marks: tuple[str, ...] = ()


class Introduction(Frozen):
    """The sentence, item or header row that introduces what a passage begins with, and stands in
    an earlier one: its text, and where it begins in the document. A row has its bars."""

    text: str
    start: int


class Passage(Frozen):
    """A stretch of a document that is retrieved as one. Its vector is the mean of its units'
    vectors.

    `id` is `<document key>:<hash of headings and text>`, so that an unchanged passage keeps its id
    and its vector, and a hit can be filtered by document without reading it. `page` (from 1) is
    where it begins, `page_breaks` are the offsets in its text where the next pages begin.
    `continues`: its section began in an earlier passage; `introductions` are those of the list or
    table that goes on in it, outermost first. `items_after` is how many items of its
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
    introductions: tuple[Introduction, ...] = ()
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

    def lead_ins(self, unit: Unit) -> list[str]:
        """The texts that introduce a unit, outermost first, those of earlier passages included; a
        header row with its bars."""
        found: list[str] = []
        by_place = {(one.start, one.end): one for one in self.units}
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
        return [*(one.text for one in outer), *reversed(found)]

    def context(self, unit: Unit | None = None) -> str:
        """The text of a passage or of one of its units, with its context.

        For a passage its heading path, what introduces its beginning, and its text; for a unit the
        last heading, the lead-in of a list item or the caption and headers of a table row, and the
        unit's text. The latter is embedded: raise `context_version` when it changes for passages
        that keep their id (ingest/passages/split.py).
        """
        if unit is None:
            introduced = (one.text for one in self.introductions)
            return "\n".join((" › ".join(self.headings), *introduced, self.text))
        lead_ins = self.lead_ins(unit)
        if not (lead_ins and lead_ins[-1].startswith("|")):  # of nested lists the nearest
            lead_ins = lead_ins[-1:]
        own = self.text[unit.start : unit.end]
        return "\n".join((*self.headings[-1:], *(one.strip("| ") for one in lead_ins), own))

    context_version: ClassVar[str] = "heading+lead-in+unit"


class ScoredPassage(Frozen):
    """A passage found for a question.

    `score` orders the results and has no unit (vectorstore/search.py). `similarity` is the cosine
    of question and passage, `unit_similarities` those of question and each unit, on the scale of
    the default embedder (vectorstore/embeddings.py). `level` is how much nearer to the question any
    text of its language is (vectorstore/search.py). `standing` is that of its document when it was
    found. `named`: the question names its document. `asked` is how close (0-1) the nearest prepared
    question of each unit is (vectorstore/search.py); empty: none was looked for.
    """

    passage: Passage
    score: float
    similarity: float
    unit_similarities: tuple[float, ...] = ()
    level: float = 0.0
    standing: Standing = "in_force"
    named: bool = False
    asked: tuple[float, ...] = ()


# Prepared questions: what people ask about a document, with the units that answer it.


_FEWEST = 3  # words of a whole question


class Approval(Frozen):
    """An approval of an answer: by whom, for which organisation, and when."""

    by: str
    organisation: str = ""
    on: datetime.date


class PreparedQuestion(Frozen):
    """A question, and the units of one document version that answer it.

    `id` is `<document key>:<hash of language and question>`. `units` are their ids
    (`<passage id>#<number>`), in the order in which they are shown; empty: the document does not
    answer it, although it sounds so. `by`: "project", "model NAME", or a person.
    """

    id: str
    question: str
    language: str  # ISO 639-1
    units: tuple[str, ...] = ()
    by: str = ""
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


WhyStale = Literal["none", "several", "changed"]
"""No unit begins with the words any more; several do; no unit is exactly what was approved."""


class StaleQuestion(Frozen):
    """A prepared question that has lost its answer: what is wrong with `words`, those of one of its
    units. `file` is where it stands, `line` that of its answer there."""

    question: str
    language: str
    words: str
    why: WhyStale
    file: str
    line: int


class MatchedQuestion(Frozen):
    """A prepared question near the one that was asked; `cosine` is that of the two, on the scale of
    the default embedder, and `closeness` (0-1) what that means (vectorstore/embeddings.py)."""

    prepared: PreparedQuestion
    cosine: float
    closeness: float


def _plain(question: str) -> list[str]:
    return re.findall(r"\w+", question.casefold())


# Citations: a quote, and where it stands.


class Citation(Frozen):
    """A checked citation. `quote` is an exact substring of the passage's text.

    `number` is that of its passage in the answer: quotes from one passage share it. `start` and
    `end` are the quote's offsets in the passage's text; it stands on `page` to `last_page` (from 1;
    None without pages). `marks` are those of the point that it begins in, `last_marks` of the one
    that it ends in (None: not known). `cited_as` is what the number stands for, in words
    (core/references.py); empty in an answer that was kept before there was any.
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
    cited_as: str = ""

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


# Selects versions of documents: among languages, and over time.


_FALLBACK = "en"


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


# What passes between a run that wants questions written and the process that has a language model
# write them: a line of JSON each.


Dropped = Literal["form", "language", "unit", "elsewhere", "twin"]
"""Why a question is not proposed: it is no plain question, or not in its language; its units are
not in the section; they are not among the first three statements found for it; it is the twin of
another."""


class ProposerReady(Frozen):
    """The first line: which model would be asked.

    Attributes:
        model: its name, else the address of its server, as in the settings.
        address: of its server, without secrets.
        rules: the prompt without a section.
        seconds: the longest that a section takes.
    """

    model: str
    address: str
    rules: str
    seconds: float


class SectionToAsk(Frozen):
    """A request: a passage, and the languages of the questions (ISO 639-1; that of its document
    first)."""

    passage: Passage
    languages: tuple[str, ...]


class ProposedAnswer(Frozen):
    """Numbers of units of the passage, in their order, and the questions that they answer, by
    language."""

    units: tuple[int, ...]
    questions: Mapping[str, tuple[str, ...]]


class Proposals(Frozen):
    """A model's proposals for one section, as far as they can be used.

    Attributes:
        model: the name of the model.
        dropped: how many questions were dropped, by reason.
    """

    answers: tuple[ProposedAnswer, ...]
    model: str
    dropped: Mapping[Dropped, int] = {}


class ProposalFailure(Frozen):
    """Why there are none: what to tell, and whether other sections would fail likewise."""

    told: str
    is_lasting: bool


class SectionReply(Frozen):
    """The line that answers a request."""

    outcome: Proposals | ProposalFailure
