"""An answer as the text that a client of OpenAI's protocol shows: Markdown.

verified pieces, as they arrive -> `ClientText` -> remarks, what can be asked, references

Whoever shows it renders it. So data is escaped, and of what is in it only the addresses of
references become links.
"""

from collections.abc import Iterable, Iterator, Sequence

import prompts
from api.client_words import ClientWords, client_words
from core.answer import Answer
from core.citation import Citation
from core.marked import Marked, Marker
from core.source import DocumentInfo
from language.escaping import address, escaped, inline, is_web_page

_LABEL, _ITEM = "### ", "- "  # what lines of an answer's text begin with
_LINKS = ("(", ":")  # behind a marker they would make a link of it


class ClientText:
    """What has been said of an answer so far. `text` is Markdown; `markers` are their places in it.

    A marker stays "[1]", which clients look for; what else could begin a link is escaped.
    """

    def __init__(self) -> None:
        self.text = ""
        self.markers: list[Marker] = []
        self._passages: dict[int, str] = {}
        self._lines: set[str] = set()

    def add(self, piece: Marked, passages: Sequence[str]) -> str:
        """Adds verified text and returns it as Markdown.

        Args:
            piece: the text with its markers.
            passages: the id of the passage of each of these.
        """
        before = len(self.text)
        numbers = (marker.number for marker in piece.markers)
        self._passages.update(zip(numbers, passages, strict=True))
        for number, line in enumerate(piece.lines):
            self._lines.add(line.text)
            if number:
                self.text += "\n"
            self._add_line(line)
        return self.text[before:]

    def end(self, answer: Answer) -> str:
        """Adds what belongs below a finished answer and returns it as Markdown."""
        before = len(self.text)
        if not self.text:
            self.add(answer.proper, passages_of(answer))
        # A note on a list is known at the end only; a sentence that was mended has come already.
        notes = [
            line.text
            for line in answer.proper.lines
            if line.text and not line.markers and line.text not in self._lines
        ]
        citations = self.citations(answer)
        for block in (*map(escaped, notes), *_below(answer, citations)):
            self.text += f"\n\n{block}"
        return self.text[before:]

    def citations(self, answer: Answer) -> tuple[Citation, ...]:
        """The citations of the finished answer that this text has markers for, by the numbers here.

        While an answer arrives its passages are numbered in the order of arrival.
        """
        of_passage: dict[str, list[Citation]] = {}
        for citation in answer.citations:
            of_passage.setdefault(citation.passage_id, []).append(citation)
        return tuple(
            citation.model_copy(update={"number": number})
            for number, passage in sorted(self._passages.items())
            for citation in of_passage.get(passage, ())
        )

    def _add_line(self, line: Marked) -> None:
        begins = not self.text or self.text.endswith("\n")
        if begins and line.text.startswith(_LABEL):
            self.text += f"**{escaped(line.text.removeprefix(_LABEL))}**"
            return
        if begins and line.text.startswith(_ITEM):
            self.text += _ITEM
            line = line.cut(len(_ITEM))
        at = 0
        for marker in line.markers:
            self._add_words(line.text[at : marker.start], begins=begins and not at)
            start = len(self.text)
            self.text += f"[{marker.number}]"
            self.markers.append(Marker(start=start, end=len(self.text), number=marker.number))
            at = marker.end
        self._add_words(line.text[at:], begins=begins and not at)

    def _add_words(self, words: str, *, begins: bool) -> None:
        is_behind_marker = bool(self.markers) and self.markers[-1].end == len(self.text)
        if is_behind_marker and words.startswith(_LINKS):
            self.text += f"\\{words[0]}"
            words = words[1:]
        if not begins:
            self.text += inline(words)
        elif words:
            self.text += escaped(words) + " " * words.endswith(" ")


def passages_of(answer: Answer) -> tuple[str, ...]:
    """The id of the passage of each marker of the answer proper."""
    passages = {citation.number: citation.passage_id for citation in answer.citations}
    return tuple(passages[marker.number] for marker in answer.proper.markers)


def _below(answer: Answer, citations: Sequence[Citation]) -> Iterator[str]:
    """What to know of an answer, what can be asked instead, and the references."""
    words = client_words(answer.language)
    if answer.opening_left_out:
        yield escaped(words.opening_left_out)
    if answer.trouble == "cut" and answer.mode == "generative":
        yield escaped(words.broke_off)
    if answer.unchecked:
        yield escaped(words.unchecked)
    if answer.kind == "partial":  # a refusal says it itself
        kinds = dict[str, str](prompts.phrases(prompts.spoken(answer.language)).kinds.items())
        lacking = ", ".join(kinds.get(word, word) for word in answer.missing)
        yield escaped(f"{words.missing} {lacking}")
    if answer.related:
        yield "\n".join((escaped(words.related), "", *_listed(map(escaped, answer.related))))
    if citations:
        by_number: dict[int, list[Citation]] = {}
        for citation in citations:
            by_number.setdefault(citation.number, []).append(citation)
        lines = (_reference(cited, words) for cited in by_number.values())
        yield "\n".join((f"**{escaped(words.references)}**", "", *_listed(lines)))


def _listed(lines: Iterable[str]) -> Iterator[str]:
    return (f"{_ITEM}{line}" for line in lines)


def _reference(cited: Sequence[Citation], words: ClientWords) -> str:
    """Where the passage of a number stands, with its official page."""
    first = cited[0]
    path = " › ".join(name for name in first.headings if name != first.document.title)
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
