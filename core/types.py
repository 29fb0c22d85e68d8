"""The data types that all packages share.

Offsets are character offsets (Python string indices), end exclusive. A document's offsets count
in `SourceDocument.text`, a passage's units in `Passage.text`.
"""

import bisect
import datetime
import itertools
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

Kind = Literal["brief", "official", "upload"]
"""This project's own summary; an official text; a document that a maintainer added."""

Form = Literal["document", "press_release"]
"""What a brief summarises."""

Mode = Literal["extractive", "generative", "fallback"]
Reason = Literal["off_topic", "not_in_sources", "out_of_scope"]
"""Why a question is refused, in this order: the sources are about another topic; they are near the
topic, but lack the answer; no document is in the scope of the search."""

ModelTrouble = Literal[
    "key",
    "quota",
    "unknown_model",
    "parameter",
    "too_long",
    "slow",
    "unreachable",
    "empty",
    "cut",
    "refused",
    "protocol",
    "paused",
    "failed",
]
"""Why a language model did not write an answer, or not all of it ("cut"), in this order: its server
refuses the key, has no credit or room, does not know the model, refuses a parameter, finds the
prompt too long, is too slow, cannot be reached; the reply is empty, broke off, was filtered out or
breaks OpenAI's protocol; the model is paused after a failure; anything else."""

Message = Literal[
    "greeting",
    "thanks",
    "farewell",
    "acknowledgement",
    "capabilities",
    "identity",
    "workings",
    "sources",
    "rude",
    "harm",
    "opinion",
    "legal",
    "shorter",
    "table",
    "translate",
    "email",
    "summarise",
]
"""The kind of a message that does not ask the sources anything: small talk, a question about the
assistant, a request for help with a crime ("harm"), for an opinion or for legal advice, or a task
("shorter" and those after it)."""

AnswerKind = Literal["answer", "partial", "refusal", "reply"]
"""The sources answer; they answer, but lack something that the question names; they do not answer;
the message does not ask them anything."""


Standing = Literal["in_force", "superseded", "upcoming", "summary"]
"""Whether a document should be cited: it is in force; another replaces it; it is not in force yet;
it is a brief, and its official text is there too."""


class Frozen(BaseModel):
    """Base of all data types: immutable, and unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_LONGEST_NAME = 100  # characters
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
    kind: Kind = "upload"
    version: str = ""  # as the publisher names it: "final/2"
    effective_from: datetime.date | None = None  # in force from this day on; None: always
    superseded_by: str = ""  # id of the document that replaces it
    about: str = ""  # of a brief: the title of what it summarises
    about_publisher: str = ""  # of a brief: who published that
    about_form: Form = "document"  # of a brief: what that is
    questions_url: str = ""  # of a brief about a press release: its questions and answers

    @property
    def key(self) -> str:
        """Identifies one language version of one document: "csa-strategy.nl"."""
        return f"{self.id}.{self.language}"

    @property
    def short_title(self) -> str:
        """A short name to show beside a section: the title, or where that is long the number of the
        act or document, or the beginning of the title.

        "REGULATION (EU) 2016/679 OF THE EUROPEAN ..." becomes "REGULATION (EU) 2016/679".
        """
        if len(self.title) <= _LONGEST_NAME:
            return self.title
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
    without pages. `guessed` are the fields that were inferred from the text; `unused` are names in
    its front matter that are no fields.
    """

    path: str
    sha256: str
    text: str
    sections: tuple[Section, ...]
    page_starts: tuple[int, ...] = ()
    guessed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def info(self) -> DocumentInfo:
        return DocumentInfo(**{name: getattr(self, name) for name in DocumentInfo.model_fields})


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
    found. `named`: the question names its document.
    """

    passage: Passage
    score: float
    similarity: float
    unit_similarities: tuple[float, ...] = ()
    level: float = 0.0
    standing: Standing = "in_force"
    named: bool = False


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


class Marker(Frozen):
    """A citation marker in a text: `start` to `end` reads "[1]", the `number` of its citations.

    A number in brackets without a marker is a source's own text.
    """

    start: int
    end: int
    number: int


class Marked(NamedTuple):
    """A text and its markers, in order."""

    text: str
    markers: tuple[Marker, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable["Marked"], between: str = "") -> "Marked":
        """These texts as one, with `between` between them."""
        text, markers = "", []
        for number, part in enumerate(parts):
            text += between if number else ""
            markers += [_moved(one, len(text)) for one in part.markers]
            text += part.text
        return cls(text, tuple(markers))

    @classmethod
    def citing(cls, numbers: Iterable[int]) -> "Marked":
        """Markers alone: "[1][3]"."""
        texts = [(f"[{number}]", number) for number in numbers]
        return cls.joined(
            cls(text, (Marker(start=0, end=len(text), number=number),)) for text, number in texts
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The distinct numbers of its markers."""
        return tuple(dict.fromkeys(one.number for one in self.markers))

    @property
    def plain(self) -> str:
        """The text without its markers and the spaces before them."""
        ends = (0, *(one.end for one in self.markers))
        starts = (*(one.start for one in self.markers), len(self.text))
        stretches = [self.text[end:start] for end, start in zip(ends, starts, strict=True)]
        return "".join((*(one.rstrip(" ") for one in stretches[:-1]), stretches[-1]))

    @property
    def lines(self) -> tuple["Marked", ...]:
        ends = [found.start() for found in re.finditer("\n|$", self.text)]
        starts = (0, *(end + 1 for end in ends))
        return tuple(self.cut(start, end) for start, end in zip(starts, ends, strict=False))

    def cut(self, start: int, end: int | None = None) -> "Marked":
        """A stretch of it, with the markers inside."""
        end = len(self.text) if end is None else end
        inside = (one for one in self.markers if start <= one.start and one.end <= end)
        return Marked(self.text[start:end], tuple(_moved(one, -start) for one in inside))

    def renumbered(self, numbers: Mapping[int, int]) -> "Marked":
        """A copy with other numbers in its markers."""
        pieces, last = [], 0
        for one in self.markers:
            pieces += [Marked(self.text[last : one.start]), Marked.citing([numbers[one.number]])]
            last = one.end
        return Marked.joined((*pieces, Marked(self.text[last:])))


def _moved(marker: Marker, by: int) -> Marker:
    return Marker(start=marker.start + by, end=marker.end + by, number=marker.number)


class Answer(Frozen):
    """An answer, and everything needed to check it.

    `text` is the answer proper: one to three sentences or one whole list; for a question in parts,
    one such block for each part. `more` are further blocks, best first, to be folded; under a
    refusal the nearest text. Both are Markdown: paragraphs, "- " items, [1] markers, and lines that
    begin with "### " for the label (document, section) of what follows. A marker covers the text
    before it, back to the previous marker or the beginning of the paragraph; behind the sentence
    that introduces a list it covers the list too. `markers` are their places: first those in
    `text`, then those in each of `more`; `proper` and `further` are the texts with them. No
    citation has a number that a passage has in brackets, so the texts can be read without
    `markers`.

    `passages` are all retrieved passages, best first. `reason` is the `Reason` of a refusal, else
    empty. `missing` is what the question demands and the evidence lacks; `asked_for` are the
    numbers, dates or names in the text that answer it; `related` are questions that a refusal
    offers instead. `withheld` are sentences of a model that the sources may not support, to be
    shown apart from the answer; `contradicted` are those with a detail that the sources do not
    have, to be shown only to evaluators. `unchecked`: a second model was to read all sentences of a
    model in `text`, and has not. `opening_left_out`: the model's opening, if it answers, is not in
    `text`, so that the rest may mislead. `trouble` is why the configured model did not write this
    answer, or not all of it ("cut"). `timings` are seconds per stage.

    `language` is that of `text`; `asked_in` that of the question, if different.

    `message` is the kind of the message that is replied to, or of the task that is done; else
    empty. `understood_as` is the question as it was searched for, if different; `did_you_mean` is
    the question with an unknown word replaced by a word of the sources. `elsewhere`: refused, but
    sources outside of the scope answer it.
    """

    question: str
    text: str
    more: tuple[str, ...] = ()
    markers: tuple[tuple[Marker, ...], ...] = ()
    language: str  # ISO 639-1
    asked_in: str = ""
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    answered: bool
    reason: str = ""
    message: Message | Literal[""] = ""
    understood_as: str = ""
    did_you_mean: str = ""
    elsewhere: bool = False
    missing: tuple[str, ...] = ()
    asked_for: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()
    unchecked: bool = False
    opening_left_out: bool = False
    trouble: ModelTrouble | Literal[""] = ""
    confidence: float
    mode: Mode
    model: str = ""
    prompt_version: str = ""
    generation: str = ""
    timings: Mapping[str, float] = {}

    @model_validator(mode="before")
    @classmethod
    def _kept_before_markers(cls, values: Any) -> Any:
        """Reads an answer without places of markers: each "[1]" with such a citation is one."""
        if not isinstance(values, dict) or "markers" in values:
            return values
        cited = (Citation.model_validate(one) for one in values.get("citations", ()))
        numbers = {citation.number for citation in cited}
        texts = (values.get("text", ""), *values.get("more", ()))
        return {**values, "markers": tuple(_bracketed(text, numbers) for text in texts)}

    @model_validator(mode="after")
    def _markers_stand_there(self) -> Self:
        for text, markers in zip((self.text, *self.more), self.markers, strict=True):
            if any(text[one.start : one.end] != f"[{one.number}]" for one in markers):
                raise ValueError("a marker is not where it should be")
        return self

    @property
    def proper(self) -> Marked:
        return Marked(self.text, self.markers[0])

    @property
    def further(self) -> tuple[Marked, ...]:
        return tuple(itertools.starmap(Marked, zip(self.more, self.markers[1:], strict=True)))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the cited documents, in order of first citation."""
        return tuple(dict.fromkeys(citation.document.id for citation in self.citations))

    @property
    def question_language(self) -> str:
        return self.asked_in or self.language

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kind(self) -> AnswerKind:
        if not self.answered:
            return "reply" if self.message else "refusal"
        return "partial" if self.missing else "answer"


def _bracketed(text: str, numbers: Collection[int]) -> tuple[Marker, ...]:
    return tuple(
        Marker(start=found.start(), end=found.end(), number=int(found[1]))
        for found in re.finditer(r"\[(\d{1,4})\]", text)
        if int(found[1]) in numbers
    )


class Turn(Frozen):
    """An earlier question and its answer with its `markers`; `message` as in `Answer`. `cited` are
    the ids of the cited passages, in the order of their markers, [1] first; empty for a refusal."""

    question: str
    answer_text: str
    markers: tuple[Marker, ...] = ()
    message: Message | Literal[""] = ""
    cited: tuple[str, ...] = ()

    @classmethod
    def of(cls, question: str, answer: Answer) -> "Turn":
        """A question with its answer as a turn; for a task ("shorter") the question that it is
        about."""
        message = answer.message if answer.kind == "reply" else ""
        asked = (answer.message and answer.understood_as) or question
        quoted = answer.citations if answer.answered else ()
        cited = tuple(dict.fromkeys(citation.passage_id for citation in quoted))
        places = {one.number: cited.index(one.passage_id) + 1 for one in quoted}
        said = answer.proper.renumbered(places)
        return cls(
            question=asked,
            answer_text=said.text,
            markers=said.markers,
            message=message,
            cited=cited,
        )


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


class Stage(Frozen):
    """The step that a question is in."""

    name: Literal["searching", "reading", "checking"]


class TextDelta(Frozen):
    """A piece of verified answer text with its markers, to be shown as it arrives."""

    text: str
    markers: tuple[Marker, ...] = ()


class Finished(Frozen):
    """The last event of a stream: the whole answer."""

    answer: Answer


Event = Stage | TextDelta | Finished
