"""Makes drafts of statements: each is made of whole units, with their quote."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from chain.answerer import Draft, Quote, Request
from chain.reading.lists import left_out, runs
from chain.reading.relevance import Ranked
from chain.reading.unit_text import reading
from core.passage import Passage
from language.matching import fold
from prompts import phrases

# A statement is repeated only if it is better than any new one by so much score, so 7 times (e^2):
# less would say the same again for a difference of chance.
_AGAIN = 2.0


@dataclass(frozen=True)
class QuotedBlock:
    """Statements of one passage, shown together.

    passage: its index in `Request.found`.
    units: numbers of the units in the order shown, the best statement first.
    before: for a list across passages, the items in the passages before this one.
    goes_on: the list continues in the next block.
    alone: an item stands as a sentence, without its list.
    """

    passage: int
    units: tuple[int, ...]
    before: int = 0
    goes_on: bool = False
    alone: bool = False


def drafts(block: QuotedBlock, request: Request, *, labelled: bool) -> Iterator[Draft]:
    """A draft for each paragraph, or list with its introduction, of a block."""
    passage = request.found[block.passage].passage
    label = label_of(passage) if labelled and not block.before else ""
    for run in runs(block.units):
        for text, items in [(run, ())] if block.alone else _paragraphs(passage, run):
            quoted = [*text, *items]
            note, count = "", block.before + len(items)
            if items and not block.goes_on and (rest := left_out(passage, items[-1])):
                note = phrases(request.language).part_of_list.format(count, count + rest)
            yield Draft(
                text=" ".join(readings(block.passage, text, request)),
                cites=(block.passage,),
                items=tuple(readings(block.passage, items, request)),
                quote=Quote(
                    block.passage,
                    passage.units[quoted[0]].start,
                    passage.units[quoted[-1]].end,
                ),
                label=label or ("" if text or block.before else label_of(passage)),
                note=note,
            )
            label = ""


def _paragraphs(
    passage: Passage, run: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of sentences and the items that follow them, as unit numbers in order."""
    text: list[int] = []
    items: list[int] = []
    for number in run:
        if passage.units[number].kind == "item":
            items.append(number)
            continue
        if items:
            yield tuple(text), tuple(items)
            text, items = [], []
        text.append(number)
    yield tuple(text), tuple(items)


def label_of(passage: Passage) -> str:
    """Document and section of a passage."""
    title = passage.document.short_title
    section = passage.headings[-1] if len(passage.headings) > 1 else ""
    return f"{title}, {section}" if section and section != passage.document.title else title


def unsaid_first(ranked: Sequence[Ranked], request: Request) -> Sequence[Ranked]:
    """Statements, best first; what the previous answer said counts for less."""
    if not request.said:
        return ranked
    lowered = [
        replace(one, score=one.score - _AGAIN) if _is_said(one, request) else one for one in ranked
    ]
    return sorted(lowered, key=lambda one: -one.score)


def _is_said(one: Ranked, request: Request) -> bool:
    return all(
        fold(text) in request.said for text in readings(one.passage, one.statement.core, request)
    )


def readings(place: int, units: Iterable[int], request: Request) -> list[str]:
    passage = request.found[place].passage
    return [reading(passage, passage.units[number]) for number in units]
