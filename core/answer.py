"""The answer: its citations and what they are called, its remarks, and the events of its making."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Literal

from pydantic import Field, computed_field

from core.answer_blocks import Blocks, Doubt, Marked, Marker, marked_text, sentences
from core.source import Approval, DocumentInfo, Frozen, Passage, Standing

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
"""Why a language model did not write or check an answer, or not all of it ("cut"), in this order:
its server refuses the key, has no credit or room, does not know the model, refuses a parameter,
finds the prompt too long, is too slow, cannot be reached; the reply is empty, broke off, was
filtered out or breaks OpenAI's protocol; the model is paused after a failure; anything else."""

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
assistant, a request for help with a crime ("harm"), for an opinion or for legal advice (which is
searched, below a line), or a task ("shorter" and those after it)."""

SEARCHABLE: tuple[Message, ...] = (
    "capabilities",
    "identity",
    "workings",
    "sources",
    "rude",
    "harm",
    "opinion",
)
"""Messages that may have been meant as a question: sent once more, they are one to the sources."""

AnswerKind = Literal["answer", "partial", "found", "refusal", "reply"]
"""A partial answer lacks something that the question names; "found" are results, without a claim
that they answer; a reply is to a message that does not ask the sources anything."""

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


class LeftOutSentence(Frozen):
    """A model's sentence in whose place a remark stands."""

    text: str
    reason: Doubt | Literal[""]
    details: tuple[str, ...]  # that the sources do not have


class Answer(Frozen):
    """An answer, and everything needed to check it.

    All that shows an answer goes through its blocks. For programs, `text` and `more` are the same
    as Markdown: paragraphs, "- " items, [1] markers, and lines that begin with "### " for labels. A
    marker covers the text before it, back to the previous marker or the beginning of the paragraph;
    behind the sentence that introduces a list it covers the list too. Offsets count Unicode
    characters (code points). No citation has a number that a passage has in brackets, so the texts
    can be read without `markers`.

    What a model wrote is in `text` as a whole, in its order, but for sentences that differ from the
    sources, or that are to be folded: a remark stands in their place, and `left_out` has them.
    """

    question: str
    # The answer proper: one to three sentences or one whole list, or up to three results; under a
    # refusal why.
    blocks: Blocks
    further: tuple[Blocks, ...] = ()  # more results, best first; under a refusal the nearest text
    language: str  # of the text, ISO 639-1
    asked_in: str = ""  # language of the question, if different
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()  # all retrieved ones, best first
    answered: bool  # it claims to answer
    found: bool = False  # in place of an answer it has results, each a stretch under its label
    reason: str = ""  # the `Reason` of a refusal
    # The kind of the message that is replied to, of the task that is done, or of what stands above
    # results that it is not done.
    message: Message | Literal[""] = ""
    understood_as: str = ""  # the question as it was searched for, if different
    follows: str = ""  # the earlier question that rules joined it with for that
    searched_as: tuple[str, ...] = ()  # it in other languages, translated by a model for a search
    elsewhere: bool = False  # refused, but sources outside of the scope answer it
    # What the question demands and was not found: what it names and the evidence lacks, or where a
    # model wrote the answer, what that says the passages do not state.
    missing: tuple[str, ...] = ()
    searched: int = 0  # number of documents in which that was not found; 0: not counted
    asked_for: tuple[str, ...] = ()  # the number, date or name in the text that answers
    related: tuple[str, ...] = ()  # questions that a refusal offers instead
    ended: str = ""  # which cited documents' periods are over, and what succeeds them
    unchecked: bool = False  # a model was to read all sentences again, and has not read all
    check_trouble: ModelTrouble | Literal[""] = ""  # why, where its server or reply failed
    checker: str = ""  # the model that has read all of them again
    trouble: ModelTrouble | Literal[""] = ""  # why the configured model did not write all of it
    confidence: float
    mode: Mode
    model: str = ""
    prepared: str = ""  # the prepared question whose answer is given, if it has other words
    approved: Approval | None = None  # of that answer
    prompt_version: str = ""
    generation: str = ""
    timings: Mapping[str, float] = {}  # seconds per stage

    @property
    def proper(self) -> Marked:
        """`text` with its markers."""
        return marked_text(self.blocks)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        return self.proper.text

    @computed_field  # type: ignore[prop-decorator]
    @property
    def more(self) -> tuple[str, ...]:
        return tuple(marked_text(blocks).text for blocks in self.further)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def markers(self) -> tuple[tuple[Marker, ...], ...]:
        """A list for each text: the markers in `text`, then those in each of `more`."""
        return tuple(marked_text(blocks).markers for blocks in (self.blocks, *self.further))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the cited documents, in order of first citation."""
        return tuple(dict.fromkeys(citation.document.id for citation in self.citations))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """The sentences of the text that were not confirmed."""
        return tuple(sentence.text for sentence in sentences(self.blocks) if sentence.is_doubted)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def left_out(self) -> tuple[LeftOutSentence, ...]:
        return tuple(
            LeftOutSentence(text=sentence.text, reason=sentence.reason, details=sentence.details)
            for sentence in sentences(self.blocks)
            if sentence.stand_in
        )

    @property
    def question_language(self) -> str:
        return self.asked_in or self.language

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kind(self) -> AnswerKind:
        if self.found:
            return "found"
        if not self.answered:
            return "reply" if self.message else "refusal"
        return "partial" if self.missing else "answer"

    @property
    def missing_words(self) -> Mapping[str, str]:
        """For a phrase about what is missing: the `items`, and in parentheses the `count` of the
        documents searched."""
        count = f" ({self.searched})" if self.searched else ""
        return {"count": count, "items": "; ".join(self.missing)}

    @property
    def is_sourced(self) -> bool:
        """Whether it has something of the sources: an answer, or results."""
        return self.answered or self.found


class Turn(Frozen):
    """An earlier question and its answer."""

    question: str
    answer_text: str
    markers: tuple[Marker, ...] = ()
    message: Message | Literal[""] = ""  # as in `Answer`
    cited: tuple[str, ...] = ()  # ids of passages in the order of their markers, [1] first
    offered: tuple[str, ...] = ()

    @classmethod
    def of(cls, question: str, answer: Answer, offered: tuple[str, ...] = ()) -> "Turn":
        """A question with its answer as a turn; for a task ("shorter") the question that it is
        about."""
        message = answer.message if answer.kind == "reply" else ""
        own_question = (answer.message and answer.understood_as) or question
        quoted = answer.citations if answer.is_sourced else ()
        cited = tuple(dict.fromkeys(citation.passage_id for citation in quoted))
        places = {citation.number: cited.index(citation.passage_id) + 1 for citation in quoted}
        marked = answer.proper.renumbered(places)
        return cls(
            question=own_question,
            answer_text=marked.text,
            markers=marked.markers,
            message=message,
            cited=cited,
            offered=offered,
        )


class Stage(Frozen):
    """The step that a question is in."""

    name: Literal["searching", "reading", "checking", "searching_again"]


class TextDelta(Frozen):
    """A piece of answer text with its markers, to be shown as it arrives."""

    text: str  # empty for the beginning of a sentence, which only `blocks` have
    markers: tuple[Marker, ...] = ()
    cited: tuple[str, ...] = ()  # ids of passages; in the finished answer they may be renumbered
    blocks: Blocks = Field(default=(), exclude=True)  # all that has arrived, this piece included


class Finished(Frozen):
    """The last event of a stream: the whole answer."""

    answer: Answer


Event = Stage | TextDelta | Finished


def by_number(citations: Iterable[Citation]) -> dict[int, tuple[Citation, ...]]:
    """The quotes under each number, in order: those out of one passage share it."""
    found: dict[int, tuple[Citation, ...]] = {}
    for citation in citations:
        found[citation.number] = (*found.get(citation.number, ()), citation)
    return found


def references(citations: Iterable[Citation], page: str) -> dict[int, str]:
    """By number: short title of the document, heading and points, pages, such as "Directive
    2003/88/EC, Article 8 – Length of night work › (a), p. 12"; `page` is a text with `{page}`.

    A heading that is another's too has those above it before it. What is alike even so has what
    tells it apart: the number, version or date of its document, and of two passages of one section
    without pages the beginning of their first quotes.
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
