"""Composes the text of an answer from verified drafts, with numbered citations."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from chain.answer.highlights import highlights
from chain.answerer import Draft, Quote, Request
from core.citation import Citation
from core.marked import Marked, Marker
from core.passage import Passage
from language.identify import written_in
from prompts import Letter, languages, phrases

_BRACKETED = re.compile(r"\[[\d\s,;–-]+\]")


class Composition:
    """Answer under construction: the answer proper, and blocks to unfold below it.

    Text is Markdown as in `core.answer.Answer`. A passage has one number throughout. Numbers that a
    passage has in brackets itself are skipped, so that its "[1]" is not read as our citation.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._numbers: dict[int, int] = {}  # passage -> number
        taken = _bracketed(request)
        self._free = (number for number in itertools.count(1) if number not in taken)
        self._quotes: dict[Quote, None] = {}
        self._pieces: list[Marked] = []
        self._written: list[str] = []  # a model's sentences
        self._quoted: Counter[str] = Counter()  # language of a quoted draft -> number of drafts
        self._last: Draft | None = None
        self._more: list[Marked] = []
        self._letter = _letter(request)

    @property
    def text(self) -> str:
        return self._proper.text

    @property
    def _proper(self) -> Marked:
        return Marked.joined(self._pieces)

    @property
    def language(self) -> str:
        """Language of the answer proper: of a model's words, else of most quotes."""
        if self._written:
            return written_in(" ".join(self._written), self._request.language)
        return self._quoted.most_common(1)[0][0] if self._quoted else self._request.language

    @property
    def more(self) -> tuple[str, ...]:
        return tuple(one.text for one in self._more)

    @property
    def markers(self) -> tuple[tuple[Marker, ...], ...]:
        """As in `Answer`: markers of the text, then of each block to unfold."""
        return tuple(one.markers for one in (self._proper, *self._more))

    @property
    def quotes(self) -> Collection[Quote]:
        return self._quotes

    @property
    def citations(self) -> tuple[Citation, ...]:
        """One citation per distinct quote, by number.

        Raises:
            AssertionError: a quote reaches outside its passage (a bug).
        """
        made = [self._citation(quote) for quote in self._quotes]
        return tuple(sorted(made, key=lambda citation: citation.number))

    def asked_for(self) -> tuple[str, ...]:
        """The numbers, dates or names in the text that the question asks for."""
        if not self._pieces or not self._quotes:
            return ()
        question, language = self._request.question, self._request.language
        return highlights(question, language, self._proper.plain, self.language)

    def add(self, draft: Draft, quotes: Sequence[Quote]) -> Marked:
        """Appends a verified draft to the answer proper and returns the added text; an e-mail gets
        a salutation first."""
        piece = Marked.joined((Marked(self._separator(draft)), self._shown(draft, quotes)))
        self._last = draft
        self._pieces.append(piece)
        if draft.quote is None:
            self._written.append(draft.text)
        else:
            self._quoted[self._request.found[draft.quote.passage].passage.language] += 1
        return piece

    def cited(self, piece: Marked) -> tuple[str, ...]:
        """The ids of the passages that the markers of an added text stand for."""
        passages = {number: passage for passage, number in self._numbers.items()}
        found = (passages[marker.number] for marker in piece.markers)
        return tuple(self._request.found[passage].passage.id for passage in found)

    def end(self) -> str:
        """Ends the answer proper and returns the added text: the closing of an e-mail."""
        closing = self._letter.closing if self._letter and self._pieces else ""
        ending = f"\n\n{closing}" if closing else ""
        self._pieces.append(Marked(ending))
        return ending

    def add_more(self, drafts: Sequence[tuple[Draft, Sequence[Quote]]]) -> None:
        """Appends a block of verified drafts to unfold; does nothing without drafts."""
        if drafts:
            shown = (self._shown(draft, quotes) for draft, quotes in drafts)
            self._more.append(Marked.joined(shown, "\n\n"))

    def _shown(self, draft: Draft, quotes: Sequence[Quote]) -> Marked:
        self._quotes.update(dict.fromkeys(quotes))
        passages = dict.fromkeys(quote.passage for quote in quotes)
        marks = Marked.citing(map(self._number, passages))
        items = "\n".join(f"- {item}" for item in draft.items)
        if draft.form == "item":
            said, listed = f"- {draft.text}", ""
        elif draft.text:
            said, listed = draft.text, items
        else:
            said, listed = items, ""
        label = f"### {draft.label}" if draft.label else ""
        cited = Marked.joined((Marked(f"{said} "), marks))
        parts = (Marked(label), cited, Marked(listed), Marked(draft.note))
        return Marked.joined((part for part in parts if part.text), "\n\n")

    def _number(self, passage: int) -> int:
        if passage not in self._numbers:
            self._numbers[passage] = next(self._free)
        return self._numbers[passage]

    def _separator(self, draft: Draft) -> str:
        last = self._last
        if last is None:
            return f"{self._letter.opening}\n\n" if self._letter else ""
        forms = (draft.form, last.form)
        if forms == ("item", "item") and not last.note:
            return "\n"
        is_paragraph = draft.quote is not None or "item" in forms
        return "\n\n" if is_paragraph else " "

    def _citation(self, quote: Quote) -> Citation:
        found = self._request.found[quote.passage]
        passage = found.passage
        text = passage.text[quote.start : quote.end]
        if not text or len(text) != quote.end - quote.start:
            raise AssertionError(f"a quote reaches outside passage {passage.id}")
        pages = passage.pages(quote.start, quote.end)
        return Citation(
            number=self._numbers[quote.passage],
            passage_id=passage.id,
            document=passage.document,
            headings=passage.headings,
            marks=passage.marks(quote.start),
            quote=text,
            start=quote.start,
            end=quote.end,
            page=pages[0] if pages else None,
            last_page=pages[1] if pages else None,
            url=_place(passage),
            standing=found.standing,
        )


def _bracketed(request: Request) -> frozenset[int]:
    """Numbers in square brackets in the passages, their headings and titles."""
    texts = (
        "\n".join((one.passage.text, one.passage.document.title, *one.passage.headings))
        for one in request.found
    )
    return frozenset(
        number for text in texts for found in _BRACKETED.findall(text) for number in _listed(found)
    )


def _listed(brackets: str) -> Iterator[int]:
    """The numbers in brackets, with ranges expanded.

    >>> list(_listed("[1, 4–6]"))
    [1, 4, 5, 6]
    """
    for first, last in re.findall(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?(?!\d)", brackets):
        yield from range(int(first), int(last or first) + 1)


def _letter(request: Request) -> Letter | None:
    """Salutation and closing of an e-mail; None for other tasks and unsupported languages."""
    if request.task is None or request.task.kind != "email" or request.language not in languages():
        return None
    return phrases(request.language).letter


def _place(passage: Passage) -> str:
    """URL of the passage's document, with the anchor of its heading if it has one."""
    url = passage.document.url
    return f"{url}#{passage.anchor}" if url and passage.anchor and "#" not in url else url
