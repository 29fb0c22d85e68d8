"""Verified drafts become the text of an answer, with numbered citations."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from chain.answerer import Draft, Quote, Request
from chain.highlights import highlights
from chain.language import written_in
from core.types import Citation, Marked, Marker, Passage
from prompts import Letter, languages, phrases

_BRACKETED = re.compile(r"\[[\d\s,;–-]+\]")


class Composition:
    """An answer under construction: the answer proper, and blocks to unfold below it.

    Text is Markdown as `core.types.Answer` says. A passage has one number in all of it: none that a
    passage itself has in brackets, so that also a copy of the text cites nothing that it does not.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._numbers: dict[int, int] = {}  # passage -> number
        taken = _bracketed(request)
        self._free = (number for number in itertools.count(1) if number not in taken)
        self._quotes: dict[Quote, None] = {}
        self._pieces: list[Marked] = []
        self._written: list[str] = []  # what a model says in its own words
        self._quoted: Counter[str] = Counter()  # the languages of what the sources say
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
        """The language of the answer proper: of a model's words, else of most of the quotes."""
        if self._written:
            return written_in(" ".join(self._written), self._request.language)
        return self._quoted.most_common(1)[0][0] if self._quoted else self._request.language

    @property
    def more(self) -> tuple[str, ...]:
        return tuple(one.text for one in self._more)

    @property
    def markers(self) -> tuple[tuple[Marker, ...], ...]:
        """As in `Answer`: those of the text, and of each block to unfold."""
        return tuple(one.markers for one in (self._proper, *self._more))

    @property
    def quotes(self) -> Collection[Quote]:
        return self._quotes

    @property
    def citations(self) -> tuple[Citation, ...]:
        """One citation per distinct quote, by number.

        Raises:
            AssertionError: a quote reaches outside its passage; a fault of this project.
        """
        made = [self._citation(quote) for quote in self._quotes]
        return tuple(sorted(made, key=lambda citation: citation.number))

    def asked_for(self) -> tuple[str, ...]:
        """The numbers, dates or names in the text that are what the question asks for."""
        if not self._pieces or not self._quotes:
            return ()
        question, language = self._request.question, self._request.language
        return highlights(question, language, self._proper.plain, self.language)

    def add(self, draft: Draft, quotes: Sequence[Quote]) -> Marked:
        """Appends a verified draft to the answer proper; returns the text that it adds. The first
        of an e-mail comes with our own opening."""
        piece = Marked.joined((Marked(self._separator(draft)), self._shown(draft, quotes)))
        self._last = draft
        self._pieces.append(piece)
        if draft.quote is None:
            self._written.append(draft.text)
        else:
            self._quoted[self._request.found[draft.quote.passage].passage.language] += 1
        return piece

    def end(self) -> str:
        """Ends the answer proper; returns the text that this adds: of an e-mail our own closing."""
        closing = self._letter.closing if self._letter and self._pieces else ""
        ending = f"\n\n{closing}" if closing else ""
        self._pieces.append(Marked(ending))
        return ending

    def add_more(self, drafts: Sequence[tuple[Draft, Sequence[Quote]]]) -> None:
        """Appends a block of verified drafts to what is folded; nothing where it is empty."""
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
    """The numbers that passages, their headings or titles have in square brackets."""
    texts = (
        "\n".join((one.passage.text, one.passage.document.title, *one.passage.headings))
        for one in request.found
    )
    return frozenset(
        number for text in texts for found in _BRACKETED.findall(text) for number in _listed(found)
    )


def _listed(brackets: str) -> Iterator[int]:
    """The numbers in brackets, those of a range among them.

    >>> list(_listed("[1, 4–6]"))
    [1, 4, 5, 6]
    """
    for first, last in re.findall(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?(?!\d)", brackets):
        yield from range(int(first), int(last or first) + 1)


def _letter(request: Request) -> Letter | None:
    """What an e-mail begins and ends with; nothing in a language that we have no words in."""
    if request.task is None or request.task.kind != "email" or request.language not in languages():
        return None
    return phrases(request.language).letter


def _place(passage: Passage) -> str:
    """The address of the passage's document, at its heading where that has a name."""
    url = passage.document.url
    return f"{url}#{passage.anchor}" if url and passage.anchor and "#" not in url else url
