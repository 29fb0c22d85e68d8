"""Verified drafts become the text of an answer, with numbered citations."""

from chain.answerer import Draft, Quote, Request
from chain.highlights import highlights
from core.types import Citation, Passage


class Composition:
    """An answer under construction. Text is Markdown: paragraphs, "- " lists and [1] markers."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._numbers: dict[Quote, int] = {}
        self._pieces: list[str] = []
        self._last_form = ""

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """One citation per distinct quote, in order of first use.

        Raises:
            AssertionError: a quote reaches outside its passage; a fault of this project.
        """
        return tuple(self._citation(number, quote) for quote, number in self._numbers.items())

    def asked_for(self) -> tuple[str, ...]:
        """The numbers, dates or names in the text that are what the question asks for."""
        if not self._numbers:
            return ()
        question, language = self._request.question, self._request.language
        return highlights(question, language, self.text, self.citations[0].document.language)

    def add(self, draft: Draft, quote: Quote) -> str:
        """Appends a verified draft; returns the piece of text that it adds."""
        number = self._numbers.setdefault(quote, len(self._numbers) + 1)
        piece = f"{self._separator(draft)}{draft.text} [{number}]"
        self._last_form = draft.form
        self._pieces.append(piece)
        return piece

    def _separator(self, draft: Draft) -> str:
        if draft.form == "item":
            return "\n- " if self._last_form == "item" else "\n\n- " if self._pieces else "- "
        if not self._pieces:
            return ""
        return "\n\n" if draft.new_paragraph or self._last_form == "item" else " "

    def _citation(self, number: int, quote: Quote) -> Citation:
        found = self._request.found[quote.passage]
        passage = found.passage
        text = passage.text[quote.start : quote.end]
        if not text or len(text) != quote.end - quote.start:
            raise AssertionError(f"citation {number} reaches outside passage {passage.id}")
        pages = passage.pages(quote.start, quote.end)
        return Citation(
            number=number,
            passage_id=passage.id,
            document=passage.document,
            headings=passage.headings,
            quote=text,
            start=quote.start,
            end=quote.end,
            page=pages[0] if pages else None,
            last_page=pages[1] if pages else None,
            url=_place(passage),
            standing=found.standing,
        )


def _place(passage: Passage) -> str:
    """The address of the passage's document, at its heading where that has a name."""
    url = passage.document.url
    return f"{url}#{passage.anchor}" if url and passage.anchor and "#" not in url else url
