"""Shapes that routes and tools share: limits of a search, and a quoted source."""

import datetime
import re
from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema

from chain.request import MAX_QUESTION
from core.answer import Answer, AnswerKind, Citation, LeftOutSentence, Mode
from core.answer_blocks import sentences
from core.source import DocumentKind, Frozen, Scope, Standing
from language.escaping import is_web_page
from language.identify import OFFICIAL

_NAMES = 100  # areas or documents that a search is limited to; more are hardly a limit


_Shape = TypeVar("_Shape", bound=BaseModel)


def filled(shape: type[_Shape], *sources: object, **values: object) -> _Shape:
    """A shape with these values; its other fields are attributes of the sources, of the first that
    has them."""
    for name in shape.model_fields.keys() - values.keys():
        for source in sources:
            if hasattr(source, name):
                values[name] = getattr(source, name)
                break
    return shape.model_validate(values)


def page_address(url: str) -> str:
    """The address of an official page; empty where it is none."""
    return url if is_web_page(url) else ""


LanguageCode = Annotated[
    str,
    StringConstraints(pattern=f"^(?:{'|'.join(OFFICIAL)})$"),
    WithJsonSchema({"type": "string", "enum": [*OFFICIAL]}),
]
"""An official language of the EU (ISO 639-1)."""

QuestionText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION),
    Field(json_schema_extra={"pattern": r"\S"}),  # it is stripped and may not be empty then
]

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A policy area, or the id of a document."""

Names = Annotated[tuple[Name, ...], Field(max_length=_NAMES)]


def _only_a_day(value: object) -> object:
    """Refuses numbers, which pydantic takes for seconds since 1970."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise ValueError("a day is written as 2026-12-31")


def _only_a_number(value: object) -> object:
    """Refuses what pydantic takes for a number; 1.0 is one in JSON."""
    if isinstance(value, str | bool):
        raise ValueError("a number is expected")
    return value


Day = Annotated[datetime.date, BeforeValidator(_only_a_day)]
WHOLE = BeforeValidator(_only_a_number)
"""Behind the bounds of an integer: "5" and true are none."""


class SearchLimits(Frozen):
    """Policy areas, ids of documents and the language of the sources that are searched; as of a day
    later documents are left out, and "in force" means in force on that day. Empty: no limit."""

    areas: Names = ()
    documents: Names = ()
    source_language: LanguageCode | None = None
    as_of: Day | None = None

    @property
    def scope(self) -> Scope:
        return Scope(
            areas=self.areas,
            documents=self.documents,
            language=self.source_language or "",
            as_of=self.as_of,
        )


class AnswerFacts(Frozen):
    """What other programs are told of an answer, as in `Answer`."""

    kind: AnswerKind
    language: str
    missing: tuple[str, ...]
    ended: str
    related: tuple[str, ...]
    mode: Mode
    unconfirmed: tuple[str, ...]
    left_out: tuple[LeftOutSentence, ...]
    unchecked: bool


QuoteVerdict = Literal["quoted", "supported", "unchecked"]
"""What the sentence before the marker is: the source's own words, words of a language model that
the quote was found to support, or words of one that were found in it and not checked. Other
sentences have no marker."""


class SourceQuote(Frozen):
    """An exact quote from a source.

    `number` is that of its marker, and `cited_as` what it stands for, in words: short title of the
    document, section, pages. `start` and `end` are its offsets in the text of the passage
    `passage`, in Unicode characters, end exclusive. `reference` is the number of the document,
    `point` has the marks of the paragraph and point that the quote is in: ("2", "(a)"). `url` is
    the official page, or empty. Of a brief, which is this project's own summary, `about` is the
    title of the official text.
    """

    number: int
    cited_as: str
    verdict: QuoteVerdict
    quote: str
    document: str
    title: str
    kind: DocumentKind
    language: str
    reference: str
    date: datetime.date | None
    about: str
    headings: tuple[str, ...]
    point: tuple[str, ...]
    pages: str
    passage: str
    start: int
    end: int
    standing: Standing
    url: str


def source_quotes(answer: Answer, citations: Iterable[Citation]) -> tuple[SourceQuote, ...]:
    """These citations of an answer."""
    usual: QuoteVerdict = "supported" if answer.mode == "generative" else "quoted"
    unchecked = _unchecked(answer)
    return tuple(
        filled(
            SourceQuote,
            citation,
            citation.document,
            verdict=(
                "unchecked"
                if (citation.passage_id, citation.start, citation.end) in unchecked
                else usual
            ),
            document=citation.document.id,
            pages=citation.page_range,
            passage=citation.passage_id,
            url=page_address(citation.url),
        )
        for citation in citations
    )


def _unchecked(answer: Answer) -> set[tuple[str, int, int]]:
    """Passage and offsets of the quotes on which only sentences rest that were found and not
    checked."""
    passages = {citation.number: citation.passage_id for citation in answer.citations}
    rests: dict[bool, set[tuple[str, int, int]]] = {True: set(), False: set()}
    for sentence in sentences(answer.blocks):
        rests[sentence.is_unchecked].update(
            (passages.get(span.number, ""), span.start, span.end) for span in sentence.evidence
        )
    return rests[True] - rests[False]


def of_proper(answer: Answer) -> tuple[SourceQuote, ...]:
    """The citations of the answer proper."""
    numbers = answer.proper.numbers
    return source_quotes(answer, (cited for cited in answer.citations if cited.number in numbers))
