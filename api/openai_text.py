"""An answer as the text that a client of OpenAI's protocol shows: Markdown.

verified pieces, as they arrive -> `ClientText` -> remarks, what can be asked, references

Whoever shows it renders it. So data is escaped, and of what is in it only the addresses of
references become links.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from api.client_words import ClientWords, client_words
from core.answer import Answer
from core.answer_blocks import ITEM, AnswerBlock, Blocks
from core.citation import Citation, section
from core.marked import Marker
from core.source import DocumentInfo
from language.escaping import address, escaped, inline, is_web_page


class ClientText:
    """What has been said of an answer so far. `text` is Markdown; `markers` are their places in it.

    A marker stays "[1]", which clients look for; what else could begin a link is escaped.
    """

    def __init__(self) -> None:
        self.text = ""
        self.markers: list[Marker] = []
        self._passages: dict[int, str] = {}
        self._notes: set[str] = set()
        self._doubt = ""  # stands behind sentences that are not confirmed, once that is known

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
            self._doubt = client_words(answer.language).unconfirmed
            self.add(answer.blocks, {one.number: one.passage_id for one in answer.citations})
        # A note on a list, and what a checker says of a sentence, are known at the end only.
        notes = [one.note for one in answer.blocks if one.note and one.note not in self._notes]
        doubted = () if in_place else answer.unconfirmed
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
            self.text += f"**{escaped(' '.join(one.text for one in block.sentences))}**"
            return
        for number, line in enumerate(block.lines):
            self.text += "\n" * bool(number) + ITEM * (block.kind == "list")
            for place, sentence in enumerate(line):
                # behind a marker a space comes first: "[1](" or "[1]:" would be a link
                said = sentence.shown
                if self._doubt and sentence.is_doubted:
                    said = f"{said} [{self._doubt}]"
                self.text += inline(f" {said}") if place else escaped(said)
                for cited in sentence.numbers:
                    self._add_marker(cited, begins=cited == sentence.numbers[0])
        if block.note:
            self._notes.add(block.note)
            self.text += f"\n\n{escaped(block.note)}"

    def _add_marker(self, number: int, *, begins: bool) -> None:
        start = len(self.text) + begins
        self.text += f"{' ' * begins}[{number}]"
        self.markers.append(Marker(start=start, end=len(self.text), number=number))


def _below(answer: Answer, doubted: Sequence[str], citations: Sequence[Citation]) -> Iterator[str]:
    """What to know of an answer, what can be asked instead, and the references."""
    words = client_words(answer.language)
    if doubted:
        yield "\n".join((escaped(words.unconfirmed_in), "", *_listed(map(escaped, doubted))))
    if answer.trouble == "cut" and answer.mode == "generative":
        yield escaped(words.broke_off)
    if answer.unchecked:
        yield escaped(words.unchecked)
    if answer.kind == "partial":  # results and a refusal say it themselves
        yield escaped(f"{words.missing} {', '.join(answer.missing)}")
    if answer.related:
        yield "\n".join((escaped(words.related), "", *_listed(map(escaped, answer.related))))
    if citations:
        by_number: dict[int, list[Citation]] = {}
        for citation in citations:
            by_number.setdefault(citation.number, []).append(citation)
        lines = (_reference(cited, words) for cited in by_number.values())
        yield "\n".join((f"**{escaped(words.references)}**", "", *_listed(lines)))


def _listed(lines: Iterable[str]) -> Iterator[str]:
    return (f"{ITEM}{line}" for line in lines)


def _reference(cited: Sequence[Citation], words: ClientWords) -> str:
    """Where the passage of a number stands, with its official page."""
    first = cited[0]
    path = section(cited)
    pages = ", ".join(dict.fromkeys(one.page_range for one in cited if one.page_range))
    facts = (
        _named(first.document, words),
        escaped(words.section.format(section=path)) if path else "",
        escaped(words.page.format(page=pages)) if pages else "",
        escaped(words.superseded) if first.standing == "superseded" else "",
        escaped(words.upcoming) if first.standing == "upcoming" else "",
        address(first.url) if is_web_page(first.url) else "",
    )
    return rf"\[{first.number}\] {', '.join(fact for fact in facts if fact)}"


def _named(document: DocumentInfo, words: ClientWords) -> str:
    """A document by title and number; a brief as the summary that it is."""
    title = f"*{escaped(document.title)}*"
    number = escaped(document.reference)
    if document.kind != "brief":
        return f"{title} ({number})" if number else title
    about = " ".join(
        part for part in (f"*{escaped(document.about)}*" * bool(document.about), number) if part
    )
    told = f"{escaped(words.summary_of)} {about}" if about else escaped(words.summary)
    return f"{title} ({told})"
