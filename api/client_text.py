"""The Markdown of an answer, as chat programs get it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.answer import Answer, Citation, Event, Finished, TextDelta, by_number
from core.answer_blocks import (
    ITEM,
    AnswerBlock,
    AnswerSentence,
    Blocks,
    DoubtWords,
    Marker,
    sentences,
)
from language.escaping import address, escaped, inline, is_web_page
from prompts import ClientWords, client_words


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

    def take(self, event: Event) -> str:
        """The text that an event adds: what is verified as it arrives, last what belongs below."""
        before = len(self.text)
        if isinstance(event, TextDelta) and event.text:
            numbers = (marker.number for marker in event.markers)
            self._add(event.blocks, dict(zip(numbers, event.cited, strict=True)))
        if isinstance(event, Finished):
            self._end(event.answer)
        return self.text[before:]

    def _add(self, blocks: Blocks, passages: Mapping[int, str]) -> None:
        """Adds what of all blocks that have arrived is new, and the ids of passages by number."""
        self.text, self.markers = "", []
        self._passages.update(passages)
        for block in blocks:
            self._add_block(block)

    def _end(self, answer: Answer) -> None:
        """Adds what belongs below a finished answer."""
        in_place = not self.text
        if in_place:
            words = client_words(answer.language)
            self._doubt = DoubtWords(f"[{words.unconfirmed}]", f"[{words.found}]")
            self._add(answer.blocks, {cited.number: cited.passage_id for cited in answer.citations})
        # A note on a list, and what a checker says of a sentence, are known at the end only.
        notes = [block.note for block in answer.blocks if block.note not in {"", *self._notes}]
        doubted = () if in_place else tuple(sentences(answer.blocks))
        citations = self.citations(answer)
        for below in (*map(escaped, notes), *_below(answer, doubted, citations)):
            self.text += f"\n\n{below}"

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
