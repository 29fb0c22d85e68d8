"""Answers made of the sources' own sentences and lists; needs no model.

found passages -> units ranked -> best units and whole lists -> blocks in readable order
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.answerer import Draft, Quote, Request
from chain.relevance import RankedUnit, asks_for, rank_units
from core.types import Mode, Passage, ScoredPassage, Unit

_WORDS = 100  # an answer's length, besides whole lists
_WITHIN = 4.0  # a unit that is e^4 times less likely than the best adds noise, not facts
_LISTS_AMONG = 6  # of the best units, of which the list is wanted where one is asked for
_LONGEST_LIST = 12  # items
_SHORT_LIST = 60  # words: such a list is quoted whole as soon as two of its items are wanted


@dataclass(frozen=True)
class _Block:
    """Neighbouring units of one passage, shown as one paragraph or list."""

    passage: int
    units: tuple[int, ...]
    score: float


class ExtractiveAnswerer:
    """Chooses what to quote; every draft is a whole unit with its quote."""

    mode: Mode = "extractive"
    model = ""

    def __init__(self) -> None:
        self._choose = RunnableLambda(_choose).with_config(run_name="extractive_answer")

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        for block in self._choose.invoke(request, config):
            yield from _drafts(block, request.found)


def _choose(request: Request) -> list[_Block]:
    ranked = rank_units(request.question, request.language, request.found)
    if not ranked:
        return []
    chosen: dict[tuple[int, int], float] = {}
    if "list" in asks_for(request.question, request.language):
        chosen |= _best_list(ranked, request.found)
    # Beside a whole list, one sentence may add what it lacks; a piece of another list may not.
    others = [unit for unit in ranked if not chosen or unit.unit.lead_in is None]
    extra = [unit for unit in others if (unit.passage, unit.number) not in chosen]
    left = _WORDS
    for unit in extra[: 1 if chosen else None]:
        if unit.score < ranked[0].score - _WITHIN:
            break
        passage = request.found[unit.passage].passage
        numbers = [n for n in _with_introduction(unit, passage) if (unit.passage, n) not in chosen]
        words = _length(passage, numbers)
        if words <= left or not chosen:
            left -= words
            chosen |= {(unit.passage, number): unit.score for number in numbers}
    return _blocks(_completed(chosen, request.found))


def _best_list(
    ranked: Sequence[RankedUnit], found: Sequence[ScoredPassage]
) -> dict[tuple[int, int], float]:
    """The first list of which the lead-in or an item is among the best units, if there is one."""
    for unit in ranked[:_LISTS_AMONG]:
        members = _list_of(unit.unit, found[unit.passage].passage)
        if 2 < len(members) <= _LONGEST_LIST + 1:
            return {(unit.passage, number): unit.score for number in members}
    return {}


def _completed(
    chosen: dict[tuple[int, int], float], found: Sequence[ScoredPassage]
) -> dict[tuple[int, int], float]:
    """With the rest of each short list of which two items are chosen."""
    completed = dict(chosen)
    for (index, number), score in chosen.items():
        passage = found[index].passage
        members = _list_of(passage.units[number], passage)
        wanted = [n for n in members if (index, n) in chosen and passage.units[n].lead_in]
        if len(wanted) > 1 and _length(passage, members) <= _SHORT_LIST:
            completed |= {(index, n): chosen.get((index, n), score) for n in members}
    return completed


def _list_of(unit: Unit, passage: Passage) -> list[int]:
    """The numbers of the lead-in and the items of the list that a unit introduces or is part of."""
    lead_in = unit.lead_in or (unit.start, unit.end)
    return [
        number
        for number, other in enumerate(passage.units)
        if lead_in in (other.lead_in, (other.start, other.end))
    ]


def _with_introduction(unit: RankedUnit, passage: Passage) -> list[int]:
    """The unit, and the sentence that introduces an item, which may be unclear without it."""
    introductions = (
        number
        for number, other in enumerate(passage.units)
        if unit.unit.lead_in == (other.start, other.end)
    )
    return [unit.number, *introductions]


def _at(passage: Passage, numbers: Sequence[int]) -> list[Unit]:
    return [passage.units[number] for number in numbers]


def _length(passage: Passage, numbers: Sequence[int]) -> int:
    """The words of these units."""
    return sum(len(passage.text[u.start : u.end].split()) for u in _at(passage, numbers))


def _blocks(chosen: dict[tuple[int, int], float]) -> list[_Block]:
    """Neighbours joined; the best block first, each passage's blocks together in text order."""
    blocks: list[_Block] = []
    for passage, number in sorted(chosen):
        score = chosen[passage, number]
        last = blocks[-1] if blocks else None
        if last and last.passage == passage and last.units[-1] == number - 1:
            blocks[-1] = _Block(passage, (*last.units, number), max(last.score, score))
        else:
            blocks.append(_Block(passage, (number,), score))
    best = {block.passage: 0.0 for block in blocks}
    for block in blocks:
        best[block.passage] = max(best[block.passage], block.score)
    return sorted(blocks, key=lambda block: (-best[block.passage], block.passage, block.units[0]))


def _drafts(block: _Block, found: Sequence[ScoredPassage]) -> Iterator[Draft]:
    """A draft per unit. A sentence is its own quote; a list is quoted as one, with its lead-in."""
    passage = found[block.passage].passage
    introduces = {unit.lead_in for unit in passage.units}
    units = _at(passage, block.units)
    for _, members in groupby(units, key=lambda unit: unit.lead_in or (unit.start, unit.end)):
        together = list(members)
        quote = Quote(block.passage, together[0].start, together[-1].end)
        for unit in together:
            is_lead_in = (unit.start, unit.end) in introduces
            yield Draft(
                text=" ".join(passage.text[unit.start : unit.end].split()),
                cites=(block.passage,),
                form="item" if unit.kind == "item" else "lead-in" if is_lead_in else "sentence",
                quote=quote,
                new_paragraph=unit is units[0],
            )
