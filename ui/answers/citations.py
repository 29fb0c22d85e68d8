"""Citations of an answer in words, and how it was checked."""

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
from language.dates import written
from ui.texts import Texts

# What is said of a citation wherever it is shown.


_ITEM_BEGINS = re.compile(r"\s*(?:[-*•–]|\(?\w{1,4}[.)])?\s*")  # all there is between two items


def cited_in(blocks: Blocks, answer: Answer) -> list[Citation]:
    """The citations of an answer that blocks of it have markers for."""
    found = cited_numbers(blocks)
    return [citation for citation in answer.citations if citation.number in found]


def rests_on(answer: Answer) -> set[tuple[int, int, int]]:
    """(number, start, end) of the quotes that the answer proper rests on, not what is folded."""
    lines = itertools.chain.from_iterable(block.lines for block in answer.blocks)
    spans = (span for line in lines for one in line for span in one.evidence)
    return {(one.number, one.start, one.end) for one in spans}


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
    ordered = sorted(citations, key=lambda one: (one.start, one.end))
    passage = next((one for one in answer.passages if one.id == ordered[0].passage_id), None)
    groups: list[list[Citation]] = []
    for one in ordered:
        end = max((before.end for before in groups[-1]), default=0) if groups else 0
        if groups and one.end <= end:
            continue
        if groups and passage and _ITEM_BEGINS.fullmatch(passage.text[end : one.start]):
            groups[-1].append(one)
        else:
            groups.append([one])
    return [_as_one(group, passage) if passage else group[0] for group in groups]


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


# How what an answer shows was checked: one way for most of it, and what is an exception to that.


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
_FINAL = re.compile(r" final(?:/\d+)?$")  # not said where a document is only mentioned
_LITERAL: Mapping[DocumentKind, CheckVerdict] = {
    "brief": "literal_brief",
    "official": "literal_official",
}


class Checks:
    """The checks of one answer.

    `usual` is what holds for most of the answer proper, or of what is folded where that has no
    markers; None: there are no markers at all. `exceptions` are the other verdicts that occur.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._unchecked = {one.text for one in sentences(answer.blocks) if one.is_unchecked}
        self._cited = by_number(answer.citations)
        proper, more = self._verdicts(answer.blocks), self._verdicts(*answer.further)
        counted = Counter(proper or more)
        by_count = sorted(counted, key=lambda one: (-counted[one], VERDICTS.index(one)))
        self.usual = by_count[0] if by_count else None
        found = {*proper, *more} - {self.usual}
        self.exceptions = tuple(one for one in VERDICTS if one in found)

    def remarks(self, texts: Texts) -> list[str]:
        """Which prepared question it answers and who approved that, how it was checked, and the
        marks of what is an exception to that."""
        return [*self._prepared(texts), *self._checked(texts)]

    def _prepared(self, texts: Texts) -> Iterator[str]:
        answer = self._answer
        if answer.prepared:
            yield texts("answers.prepared", question=answer.prepared)
        if approved := answer.approved:
            by, day = approved.organisation or approved.by, written(approved.on, texts.language)
            yield texts("answers.approved", by=by, date=day)

    def _checked(self, texts: Texts) -> list[str]:
        found, total = confirmed(self._answer)
        if self.usual is None and not total:
            return []
        marks = (
            texts("answers.marked", mark=GLYPHS[one], told=texts(f"answers.verdicts.{one}"))
            for one in self.exceptions
        )
        if not total:
            return [self._usual(texts), *marks]
        counted = "some" if found < total else "all" if total > 1 else "one"
        only_found = unchecked(self._answer)
        told = [
            texts(f"answers.found.{counted}", found=found, total=total)
            if found or not only_found
            else "",
            texts("answers.found.unchecked", number=only_found, total=total) if only_found else "",
            self._by(texts),
        ]
        return [" ".join(filter(None, told)), *marks]

    def _by(self, texts: Texts) -> str:
        """Who has read a model's sentences again; where one was to do that and has not, the remark
        below the answer says why."""
        if self._answer.checker:
            return texts("answers.found.by", model=self._answer.checker)
        return "" if self._answer.unchecked else texts("answers.found.by_program")

    def _usual(self, texts: Texts) -> str:
        """How most of it was checked; of summaries, what they are of."""
        cited = cited_in(self._answer.blocks, self._answer) or self._answer.citations
        references = dict.fromkeys(
            _FINAL.sub("", one.document.reference)
            for one in cited
            if one.document.kind == "brief" and one.document.about_form == "document"
        )
        key = f"answers.checked.{self.usual}"
        if self.usual != "literal_brief" or not all(references):
            return texts(key)
        if len(references) > 1:
            key = "answers.checked.literal_briefs"
        return texts(f"{key}_of" if references else key, references=", ".join(references))

    def mark(self, verdict: CheckVerdict) -> CheckVerdict | None:
        """The verdict that a number is marked with: one that is not the usual one, and that no
        words behind the sentence tell."""
        return None if verdict in ("unchecked", self.usual) else verdict

    def quotes(self, number: int, words: str) -> tuple[Citation, ...]:
        """The quotes behind words (a line each): the one that has them all, else all of the number.

        Empty: there is no citation with this number.
        """
        cited = self._cited.get(number, ())
        return next(((one,) for one in cited if _has(words, [one])), cited)

    def verdict(self, number: int, words: str) -> CheckVerdict:
        """How words (a line each) were checked against the quotes with a number."""
        cited = self._cited[number]
        if words.partition("\n")[0] in self._unchecked:
            return "unchecked"
        if _has(words, cited):
            return _LITERAL.get(cited[0].document.kind, "literal")
        return "row" if all(_is_row(line, cited) for line in words.splitlines()) else "supported"

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
        return [one for one in found if one != "unchecked"]


def confirmed(answer: Answer) -> tuple[int, int]:
    """How many of a model's sentences are confirmed, and how many there are."""
    claims = [one for one in sentences(answer.blocks) if one.is_claim]
    return sum(one.status == "confirmed" for one in claims), len(claims)


def unchecked(answer: Answer) -> int:
    """How many of a model's sentences were found and not checked."""
    return sum(one.is_unchecked for one in sentences(answer.blocks))


def _has(words: str, citations: Sequence[Citation]) -> bool:
    """Whether every line stands in one of the quotes, letter by letter; spaces do not count."""
    quotes = [_spaced(citation.quote) for citation in citations]
    lines = [_spaced(line) for line in words.splitlines()]
    return any(lines) and all(any(line in quote for quote in quotes) for line in lines)


def _is_row(line: str, citations: Sequence[Citation]) -> bool:
    """Whether a line is "heading: cell; heading: cell", with every cell in a quoted table."""
    tables = [_spaced(one.quote) for one in citations if "|" in one.quote]
    cells = [cell.partition(": ") for cell in _spaced(line).split("; ")]
    return all(there and any(value in table for table in tables) for _, there, value in cells)


def _spaced(text: str) -> str:
    return " ".join(text.split())
