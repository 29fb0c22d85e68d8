"""What the tools of the MCP server give back."""

import datetime

from api.source_quote import SourceQuote, of_proper
from core.answer import Answer, AnswerKind, LeftOutSentence, Mode
from core.frozen import Frozen
from core.passage import ScoredPassage
from core.source import DocumentKind, Standing
from language.escaping import is_web_page


class AskedAnswer(Frozen):
    """A checked answer, or why there is none.

    `text` has a marker such as [1] behind what a citation with that number supports. `kind`:
    "answer"; "partial", which lacks what `missing` names; "found", results of which it is not sure
    that they answer; "refusal", as the sources do not say it; "reply" to a message that is no
    question. `related` are questions that can be answered. `unconfirmed` are sentences of `text`
    that a language model wrote and the sources were not found to say; `left_out` are those that
    differ from the sources, which are not in `text`. `unchecked`: the check by a language model has
    failed.
    """

    kind: AnswerKind
    text: str
    language: str
    citations: tuple[SourceQuote, ...]
    missing: tuple[str, ...]
    related: tuple[str, ...]
    mode: Mode
    unconfirmed: tuple[str, ...]
    left_out: tuple[LeftOutSentence, ...]
    unchecked: bool

    @classmethod
    def of(cls, answer: Answer) -> "AskedAnswer":
        return cls(
            kind=answer.kind,
            text=answer.text,
            language=answer.language,
            citations=of_proper(answer),
            missing=answer.missing,
            related=answer.related,
            mode=answer.mode,
            unconfirmed=answer.unconfirmed,
            left_out=answer.left_out,
            unchecked=answer.unchecked,
        )


class FoundPassage(Frozen):
    """A passage of a document, word for word. `section` can be read as a whole with read_section;
    `url` is the official page, or empty."""

    document: str
    title: str
    kind: DocumentKind
    standing: Standing
    language: str
    headings: tuple[str, ...]
    section: int
    text: str
    url: str

    @classmethod
    def of(cls, found: ScoredPassage) -> "FoundPassage":
        passage, document = found.passage, found.passage.document
        return cls(
            document=document.id,
            title=document.title,
            kind=document.kind,
            standing=found.standing,
            language=document.language,
            headings=passage.headings,
            section=passage.section,
            text=passage.text,
            url=document.url if is_web_page(document.url) else "",
        )


class FoundPassages(Frozen):
    """Passages, best first."""

    passages: tuple[FoundPassage, ...]


class SectionRead(Frozen):
    """The text under one heading, word for word. `next_start` is where to go on reading it, None at
    its end; `before` and `after` are the numbers of the sections around it."""

    document: str
    title: str
    language: str
    section: int
    headings: tuple[str, ...]
    text: str
    next_start: int | None
    before: int | None
    after: int | None


class ListedDocument(Frozen):
    """A document in one of its `languages`. A brief is this project's own summary of the official
    text `about`."""

    id: str
    title: str
    kind: DocumentKind
    about: str
    reference: str
    date: datetime.date | None
    area: str
    languages: tuple[str, ...]
    standing: Standing
    url: str


class ListedDocuments(Frozen):
    """Some of the `total` documents; `next_start` is where the list goes on, None at its end."""

    total: int
    documents: tuple[ListedDocument, ...]
    next_start: int | None
