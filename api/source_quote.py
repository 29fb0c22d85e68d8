"""A citation as other programs get it: the quote, where it stands, and what was checked."""

import datetime
from collections.abc import Iterable
from typing import Literal

from core.answer import Answer
from core.source import Citation, DocumentKind, Frozen, Standing
from language.escaping import is_web_page

QuoteVerdict = Literal["quoted", "supported"]
"""What the sentence before the marker is: the source's own words, or words of a language model that
the quote was found to support. Other sentences are not in an answer."""


class SourceQuote(Frozen):
    """An exact quote from a source.

    `number` is that of its marker. `start` and `end` are its offsets in the text of the passage
    `passage`, in Unicode characters, end exclusive. `point` has the marks of the
    paragraph and point that it is in: ("2", "(a)"). `url` is the official page, or empty. Of a
    brief, which is this project's own summary, `about` is the title of the official text.
    """

    number: int
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
    verdict: QuoteVerdict = "supported" if answer.mode == "generative" else "quoted"
    return tuple(
        SourceQuote(
            number=one.number,
            verdict=verdict,
            quote=one.quote,
            document=one.document.id,
            title=one.document.title,
            kind=one.document.kind,
            language=one.document.language,
            reference=one.document.reference,
            date=one.document.date,
            about=one.document.about,
            headings=one.headings,
            point=one.point,
            pages=one.page_range,
            passage=one.passage_id,
            start=one.start,
            end=one.end,
            standing=one.standing,
            url=one.url if is_web_page(one.url) else "",
        )
        for one in citations
    )


def of_proper(answer: Answer) -> tuple[SourceQuote, ...]:
    """The citations of the answer proper."""
    numbers = answer.proper.numbers
    return source_quotes(answer, (one for one in answer.citations if one.number in numbers))
