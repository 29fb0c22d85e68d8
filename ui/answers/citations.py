"""What is said of a citation wherever it is shown: its place, its pages, its section."""

import itertools
import re
from collections.abc import Iterable, Sequence

from core.answer import Answer
from core.answer_blocks import Blocks
from core.answer_blocks import numbers as cited_numbers
from core.citation import Citation
from core.passage import Passage
from ui.texts import Texts

_ITEM_BEGINS = re.compile(r"\s*(?:[-*•–]|\(?\w{1,4}[.)])?\s*")  # all there is between two items


def by_number(citations: Iterable[Citation]) -> dict[int, tuple[Citation, ...]]:
    """The quotes under each number, in order: those out of one passage share it."""
    found: dict[int, tuple[Citation, ...]] = {}
    for citation in citations:
        found[citation.number] = (*found.get(citation.number, ()), citation)
    return found


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


def pages(citations: Iterable[Citation], texts: Texts) -> str:
    """Where the quotes stand, each page or range once; empty where there are no pages."""
    listed = ", ".join(dict.fromkeys(c.page_range for c in citations if c.page_range))
    return texts("sources.page", page=listed) if listed else ""


def stretches(citations: Iterable[Citation], answer: Answer) -> list[Citation]:
    """The quotes out of one passage, in its order; those that follow each other, such as the items
    of a list, as one."""
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
