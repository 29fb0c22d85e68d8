"""Citations of an answer in words, and how what it shows was checked against them."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from core.answer import Answer
from core.answer_blocks import Blocks, marked_lines, sentences
from core.answer_blocks import numbers as cited_numbers
from core.citations import Citation, by_number
from core.citations import references as references_in_words
from core.source import DocumentKind, Passage
from language.figures import written
from ui.texts import Texts

CheckVerdict = Literal[
    "supported", "literal", "literal_brief", "literal_official", "row", "unchecked"
]
"""It is a model's, and its source says so; it stands in its source letter by letter, which may be
a summary by this project or an official text; it is a row of a table, each cell with the heading of
its column; it is a model's, was found in its source, and not checked."""

GLYPHS: Mapping[CheckVerdict, str] = {
    "supported": "✓",
    "literal": "”",
    "literal_brief": "°",
    "literal_official": "§",
    "row": "⊞",
    "unchecked": "○",
}
VERDICTS: tuple[CheckVerdict, ...] = tuple(GLYPHS)
_LITERAL: Mapping[DocumentKind, CheckVerdict] = {
    "brief": "literal_brief",
    "official": "literal_official",
}
_FINAL = re.compile(r" final(?:/\d+)?$")  # left out where a document is only mentioned
_ITEM_BEGINS = re.compile(r"\s*(?:[-*•–]|\(?\w{1,4}[.)])?\s*")  # all there is between two items


def cited_in(blocks: Blocks, answer: Answer) -> list[Citation]:
    """The citations of an answer that blocks of it have markers for."""
    found = cited_numbers(blocks)
    return [citation for citation in answer.citations if citation.number in found]


def rests_on(answer: Answer) -> set[tuple[int, int, int]]:
    """(number, start, end) of the quotes that the answer proper rests on, not what is folded."""
    lines = itertools.chain.from_iterable(block.lines for block in answer.blocks)
    spans = (span for line in lines for sentence in line for span in sentence.evidence)
    return {(span.number, span.start, span.end) for span in spans}


def anchors(answer: Answer, prefix: str) -> dict[int, str]:
    """The place in the page where the first quote of each number is shown."""
    return {citation.number: f"{prefix}-{citation.number}" for citation in answer.citations}


def numbers(citations: Iterable[Citation]) -> str:
    """For example "[1] [3]"."""
    return " ".join(f"[{number}]" for number in by_number(citations))


def references(citations: Iterable[Citation], texts: Texts) -> dict[int, str]:
    """What each number of an answer stands for, in words."""
    return references_in_words(citations, texts.values["sources.page"])


def stretches(citations: Iterable[Citation], answer: Answer) -> list[Citation]:
    """Joins the quotes out of one passage that follow each other, such as the items of a list, in
    its order."""
    ordered = sorted(citations, key=lambda quote: (quote.start, quote.end))
    passage = passage_of(ordered[0], answer)
    groups: list[list[Citation]] = []
    for quote in ordered:
        end = max((before.end for before in groups[-1]), default=0) if groups else 0
        if groups and quote.end <= end:
            continue
        if groups and passage and _ITEM_BEGINS.fullmatch(passage.text[end : quote.start]):
            groups[-1].append(quote)
        else:
            groups.append([quote])
    return [_as_one(group, passage) if passage else group[0] for group in groups]


def passage_of(citation: Citation, answer: Answer) -> Passage | None:
    """The cited passage; None where the answer was kept without it."""
    return next((each for each in answer.passages if each.id == citation.passage_id), None)


def _as_one(quotes: Sequence[Citation], passage: Passage) -> Citation:
    """Quotes that follow each other in a passage, from the beginning of the first to the end of the
    last."""
    first, last = quotes[0], quotes[-1]
    ends = {
        "quote": passage.text[first.start : last.end],
        "end": last.end,
        "last_page": last.last_page,
        "last_marks": last.marks if last.last_marks is None else last.last_marks,
    }
    return first.model_copy(update=ends)


class Checks:
    """The checks of one answer."""

    usual: CheckVerdict | None
    """The verdict on most of the answer proper, or of what is folded where that has no markers;
    None where there are no markers at all."""
    exceptions: tuple[CheckVerdict, ...]
    """The other verdicts that occur."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._unchecked = {each.text for each in sentences(answer.blocks) if each.is_unchecked}
        self._cited = by_number(answer.citations)
        proper, more = self._verdicts(answer.blocks), self._verdicts(*answer.further)
        counted = Counter(proper or more)
        by_count = sorted(counted, key=lambda verdict: (-counted[verdict], VERDICTS.index(verdict)))
        self.usual = by_count[0] if by_count else None
        found = {*proper, *more} - {self.usual}
        self.exceptions = tuple(verdict for verdict in VERDICTS if verdict in found)

    def remarks(self, texts: Texts) -> list[str]:
        """Which prepared question it answers and who approved that, how it was checked, and the
        marks of what is an exception to that."""
        return [*self._prepared(texts), *self._checked(texts)]

    def mark(self, verdict: CheckVerdict) -> CheckVerdict | None:
        """The verdict that a number is marked with: one that is not the usual one, and that no
        words stand for behind the sentence."""
        return None if verdict in ("unchecked", self.usual) else verdict

    def quotes(self, number: int, words: str) -> tuple[Citation, ...]:
        """The quotes behind words (a line each): the one that has them all, else all of the number.

        Empty: there is no citation with this number.
        """
        cited = self._cited.get(number, ())
        return next(((quote,) for quote in cited if _has(words, [quote])), cited)

    def verdict(self, number: int, words: str) -> CheckVerdict:
        """How words (a line each) were checked against the quotes with a number."""
        cited = self._cited[number]
        if words.partition("\n")[0] in self._unchecked:
            return "unchecked"
        if _has(words, cited):
            return _LITERAL.get(cited[0].document.kind, "literal")
        return "row" if all(_is_row(line, cited) for line in words.splitlines()) else "supported"

    def _prepared(self, texts: Texts) -> Iterator[str]:
        answer = self._answer
        if answer.prepared:
            yield texts("answers.prepared", question=answer.prepared)
        if approved := answer.approved:
            by, day = approved.organisation or approved.by, written(approved.on, texts.language)
            yield texts("answers.approved", by=by, date=day)

    def _checked(self, texts: Texts) -> list[str]:
        _, total = confirmed(self._answer)
        if self.usual is None and not total:
            return []
        marks = (
            texts("answers.marked", mark=GLYPHS[verdict], told=texts(f"answers.verdicts.{verdict}"))
            for verdict in self.exceptions
        )
        return [self._counted(texts) if total else self._usual(texts), *marks]

    def _counted(self, texts: Texts) -> str:
        """How many of a model's sentences were found, and who has read them again; where a model
        was to do that and has not, the remark below the answer says why."""
        found, total = confirmed(self._answer)
        only_found = unchecked(self._answer)
        parts = []
        if found or not only_found:
            key = "some" if found < total else "all" if total > 1 else "one"
            parts.append(texts(f"answers.found.{key}", found=found, total=total))
        if only_found:
            parts.append(texts("answers.found.unchecked", number=only_found, total=total))
        if self._answer.checker:
            parts.append(texts("answers.found.by", model=self._answer.checker))
        elif not self._answer.unchecked:
            parts.append(texts("answers.found.by_program"))
        return " ".join(parts)

    def _usual(self, texts: Texts) -> str:
        """How most of it was checked; of summaries, what they are of."""
        cited = cited_in(self._answer.blocks, self._answer) or self._answer.citations
        summarised = dict.fromkeys(
            _FINAL.sub("", quote.document.reference)
            for quote in cited
            if quote.document.kind == "brief" and quote.document.about_form == "document"
        )
        key = f"answers.checked.{self.usual}"
        if self.usual != "literal_brief" or not all(summarised):
            return texts(key)
        if len(summarised) > 1:
            key = "answers.checked.literal_briefs"
        return texts(f"{key}_of" if summarised else key, references=", ".join(summarised))

    def _verdicts(self, *shown: Blocks) -> list[CheckVerdict]:
        found = (
            self.verdict(number, words)
            for blocks in shown
            for _, lines in marked_lines(blocks)
            for line in lines
            for _, marks in line
            for number, words in marks
            if number in self._cited
        )
        return [verdict for verdict in found if verdict != "unchecked"]


def confirmed(answer: Answer) -> tuple[int, int]:
    """How many of a model's sentences are confirmed, and how many there are."""
    claims = [sentence for sentence in sentences(answer.blocks) if sentence.is_claim]
    return sum(sentence.status == "confirmed" for sentence in claims), len(claims)


def unchecked(answer: Answer) -> int:
    """How many of a model's sentences were found and not checked."""
    return sum(sentence.is_unchecked for sentence in sentences(answer.blocks))


def _has(words: str, citations: Sequence[Citation]) -> bool:
    """Whether every line stands in one of the quotes, letter by letter; spaces do not count."""
    quotes = [_spaced(citation.quote) for citation in citations]
    lines = [_spaced(line) for line in words.splitlines()]
    return any(lines) and all(any(line in quote for quote in quotes) for line in lines)


def _is_row(line: str, citations: Sequence[Citation]) -> bool:
    """Whether a line is "heading: cell; heading: cell", with every cell in a quoted table."""
    tables = [_spaced(quote.quote) for quote in citations if "|" in quote.quote]
    cells = [cell.partition(": ") for cell in _spaced(line).split("; ")]
    return all(there and any(value in table for table in tables) for _, there, value in cells)


def _spaced(text: str) -> str:
    return " ".join(text.split())
