"""An answer in OpenAI's protocol: its text in Markdown, its citations, and our own facts."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict

from api.request_shapes import SearchLimits, SourceQuote, filled, source_quotes
from core.answer import (
    Answer,
    AnswerKind,
    Event,
    Finished,
    LeftOutSentence,
    Message,
    Mode,
    ModelTrouble,
    TextDelta,
)
from core.answer_blocks import (
    ITEM,
    AnswerBlock,
    AnswerSentence,
    Blocks,
    DoubtWords,
    Marker,
    sentences,
)
from core.citations import Citation, by_number
from core.source import Frozen
from language.escaping import address, escaped, inline, is_web_page
from prompts import ClientWords, client_words

MODEL = "strategiewijzer"
"""The one model id that there is."""

DECLINED = ("harm", "opinion")
"""Kinds of messages that are not answered on purpose (`core.answer.Message`)."""

_PER_TOKEN = 4  # characters: what OpenAI reckons for English. There may be no model that counts


class OpenAIShape(Frozen):
    """A part of a reply; openapi.json tells that fields with a fixed value are always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class UrlCitation(OpenAIShape):
    """The official page that a marker in the text refers to. `start_index` to `end_index`
    (exclusive) is the marker, counted in Unicode characters (code points)."""

    url: str
    title: str
    start_index: int
    end_index: int


class FileCitation(OpenAIShape):
    """The passage that a marker refers to, of a document without an official page. `index` is where
    the marker begins, counted in Unicode characters (code points)."""

    file_id: str
    filename: str
    index: int


class AnswerFacts(Frozen):
    """The facts of an answer that clients get, as in `Answer`; `limits` are those that the request
    had."""

    kind: AnswerKind
    reason: str
    message: Message | Literal[""]
    language: str
    missing: tuple[str, ...]
    ended: str
    related: tuple[str, ...]
    confidence: float
    mode: Mode
    trouble: ModelTrouble | Literal[""]
    unconfirmed: tuple[str, ...]
    left_out: tuple[LeftOutSentence, ...]
    checker: str
    unchecked: bool
    check_trouble: ModelTrouble | Literal[""]
    generation: str
    limits: SearchLimits


class OurFields(OpenAIShape):
    """The fields of a reply for which OpenAI's protocol has no place."""

    citations: tuple[SourceQuote, ...]
    strategiewijzer: AnswerFacts


class ClientText:
    """The text of an answer so far, as a client gets it. `text` is Markdown; `markers` are their
    places in it.

    A marker stays "[1]", which clients look for; what else could begin a link is escaped.
    """

    def __init__(self) -> None:
        self.text = ""
        self.markers: list[Marker] = []
        self._passages: dict[int, str] = {}
        self._notes: set[str] = set()
        self._doubt = DoubtWords()  # of what is not confirmed, once that is known

    def add(self, blocks: Blocks, passages: Mapping[int, str]) -> str:
        """Adds what of these blocks has not been said yet and returns it as Markdown.

        Args:
            blocks: all that has arrived; it only grows.
            passages: the id of the passage of each number in them.
        """
        before = len(self.text)
        self.text, self.markers = "", []
        self._passages.update(passages)
        for block in blocks:
            self._add_block(block)
        return self.text[before:]

    def end(self, answer: Answer) -> str:
        """Adds what belongs below a finished answer and returns it as Markdown."""
        before = len(self.text)
        in_place = not self.text
        if in_place:
            words = client_words(answer.language)
            self._doubt = DoubtWords(f"[{words.unconfirmed}]", f"[{words.found}]")
            self.add(answer.blocks, {cited.number: cited.passage_id for cited in answer.citations})
        # A note on a list, and what a checker says of a sentence, are known at the end only.
        notes = [block.note for block in answer.blocks if block.note not in {"", *self._notes}]
        doubted = () if in_place else tuple(sentences(answer.blocks))
        citations = self.citations(answer)
        for below in (*map(escaped, notes), *_below(answer, doubted, citations)):
            self.text += f"\n\n{below}"
        return self.text[before:]

    def citations(self, answer: Answer) -> tuple[Citation, ...]:
        """The citations of the finished answer that this text has markers for, by the numbers here.

        While an answer arrives its passages are numbered in the order of arrival.
        """
        of_passage: dict[str, list[Citation]] = {}
        for citation in answer.citations:
            of_passage.setdefault(citation.passage_id, []).append(citation)
        shown = {marker.number for marker in self.markers}
        return tuple(
            citation.model_copy(update={"number": number})
            for number, passage in sorted(self._passages.items())
            if number in shown
            for citation in of_passage.get(passage, ())
        )

    def _add_block(self, block: AnswerBlock) -> None:
        self.text += "\n\n" * bool(self.text)
        if block.kind == "label":
            self.text += f"**{escaped(' '.join(label.text for label in block.sentences))}**"
            return
        for number, line in enumerate(block.lines):
            self.text += "\n" * bool(number) + ITEM * (block.kind == "list")
            for place, sentence in enumerate(line):
                # behind a marker a space comes first: "[1](" or "[1]:" would be a link
                words = f"{sentence.shown}{self._doubt.behind(sentence)}"
                self.text += inline(f" {words}") if place else escaped(words)
                for cited in sentence.numbers:
                    self._add_marker(cited, begins=cited == sentence.numbers[0])
        if block.note:
            self._notes.add(block.note)
            self.text += f"\n\n{escaped(block.note)}"

    def _add_marker(self, number: int, *, begins: bool) -> None:
        start = len(self.text) + begins
        self.text += f"{' ' * begins}[{number}]"
        self.markers.append(Marker(start=start, end=len(self.text), number=number))


def _below(
    answer: Answer, doubted: Sequence[AnswerSentence], citations: Sequence[Citation]
) -> Iterator[str]:
    """The remarks, suggested questions and references below an answer; above them which
    sentences are not confirmed."""
    words = client_words(answer.language)
    for heading, is_unchecked in ((words.unconfirmed_in, False), (words.found_in, True)):
        texts = [
            sentence.text
            for sentence in doubted
            if sentence.is_doubted and sentence.is_unchecked == is_unchecked
        ]
        if texts:
            yield "\n".join((escaped(heading), "", *_listed(map(escaped, texts))))
    if answer.ended:
        yield escaped(answer.ended)
    if answer.trouble == "cut" and answer.mode == "generative":
        yield escaped(words.broke_off)
    if answer.unchecked:
        yield escaped(words.too_late if answer.check_trouble == "slow" else words.unchecked)
    if answer.kind == "partial":  # results and a refusal say it themselves
        yield escaped(words.missing.format(**answer.missing_words))
    if answer.related:
        yield "\n".join((escaped(words.related), "", *_listed(map(escaped, answer.related))))
    if citations:
        lines = (_reference(cited[0], words) for cited in by_number(citations).values())
        yield "\n".join((f"**{escaped(words.references)}**", "", *_listed(lines)))


def _listed(lines: Iterable[str]) -> Iterator[str]:
    return (f"{ITEM}{line}" for line in lines)


def _reference(first: Citation, words: ClientWords) -> str:
    """The reference behind a number, with its official page; a brief is named as a summary."""
    facts = (
        " ".join(filter(None, (escaped(first.cited_as), _also_known(first, words)))),
        escaped(words.superseded) if first.standing == "superseded" else "",
        escaped(words.upcoming) if first.standing == "upcoming" else "",
        address(first.url) if is_web_page(first.url) else "",
    )
    return rf"\[{first.number}\] {', '.join(fact for fact in facts if fact)}"


def _also_known(first: Citation, words: ClientWords) -> str:
    """In brackets the number of a document; of a brief that it is one, and of what."""
    document = first.document
    known_as = "" if document.reference in first.cited_as else document.reference
    if document.kind == "brief":
        about = " ".join(filter(None, (document.about, document.reference)))
        known_as = f"{words.summary_of} {about}" if about else words.summary
    return f"({escaped(known_as)})" if known_as else ""


@dataclass
class ClientReply:
    """An answer in the making, for a client of OpenAI's protocol."""

    limits: SearchLimits  # of the request
    text: ClientText = field(default_factory=ClientText)  # so far
    answer: Answer | None = None  # once it is finished

    def take(self, event: Event) -> str:
        """The text that an event adds: what is verified as it arrives, last what belongs below."""
        if isinstance(event, TextDelta) and event.text:
            numbers = (marker.number for marker in event.markers)
            return self.text.add(event.blocks, dict(zip(numbers, event.cited, strict=True)))
        if isinstance(event, Finished):
            self.answer = event.answer
            return self.text.end(event.answer)
        return ""

    @property
    def finished(self) -> Answer:
        assert self.answer is not None  # noqa: S101 - asked for after the last event
        return self.answer

    @property
    def refusal(self) -> str | None:
        """The text of a refusal; None for an answer, for results and for small talk."""
        answer = self.finished
        is_declined = answer.kind == "reply" and answer.message in DECLINED
        refuses = answer.kind == "refusal" or is_declined
        return answer.text if refuses else None

    @property
    def quotes(self) -> tuple[SourceQuote, ...]:
        """The citations that the text has markers for."""
        return source_quotes(self.finished, self.text.citations(self.finished))

    @property
    def annotations(self) -> Iterator[UrlCitation | FileCitation]:
        """For each marker the official page that it refers to, or the document without one."""
        quotes = {quote.number: quote for quote in reversed(self.quotes)}
        for marker in self.text.markers:
            quote = quotes.get(marker.number)
            if quote is None:
                continue
            if quote.url:
                yield UrlCitation(
                    url=quote.url,
                    title=_title(quote, self.finished.language),
                    start_index=marker.start,
                    end_index=marker.end,
                )
            else:
                yield FileCitation(file_id=quote.passage, filename=quote.title, index=marker.start)

    @property
    def our_fields(self) -> OurFields:
        facts = filled(AnswerFacts, self.finished, limits=self.limits)
        return OurFields(citations=self.quotes, strategiewijzer=facts)

    @property
    def tokens(self) -> int:
        """How many tokens the text has, as an estimate."""
        return tokens([self.text.text])


def _title(quote: SourceQuote, language: str) -> str:
    """Of a brief with what it is: the page behind it is that of the official text."""
    if quote.kind != "brief":
        return quote.title
    return f"{quote.title} ({client_words(language).summary})"


def tokens(texts: Iterable[str]) -> int:
    """An estimate: four characters each."""
    return math.ceil(sum(map(len, texts)) / _PER_TOKEN)
