"""Answers made of the sources' own sentences and lists; needs no model.

found passages -> units ranked -> best units and whole lists -> blocks in readable order

A question in parts gets the best units of each part first (chain/parts.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.answerer import Draft, Quote, Request
from chain.parts import Part
from chain.relevance import RankedUnit, asks_for, rank_units
from core.types import Mode, Passage, ScoredPassage, Unit

_WORDS = 110  # an answer's length, besides whole lists
_WITHIN = 5.0  # a unit that is e^5 times less likely than the best adds noise, not facts
_PER_PART = 2  # units that each part of a question gets before the rest is shared
_LISTS_AMONG = 6  # of the best units, of which the list is wanted where one is asked for
_BESIDE_LIST = 2  # sentences
_LONGEST_LIST = 12  # items
_SHORT_LIST = 60  # words: such a list is quoted whole as soon as two of its items are wanted

Place = tuple[int, int]  # passage, counted in `Request.found`, and unit of it


@dataclass(frozen=True)
class _Block:
    """Neighbouring units of one passage, shown as one paragraph or list."""

    passage: int
    units: tuple[int, ...]


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
    """Whole lists where one is asked for, the best units of each part, then those of the whole."""
    whole = Part(request.question, request.found)
    chosen: list[Place] = []
    wanted: list[RankedUnit] = []
    for part in request.parts or (whole,):
        ranked = rank_units(part.question, request.language, part.found)
        if "list" in asks_for(part.question, request.language):
            chosen += _best_list(ranked, request.found)
        wanted += _likely(ranked)[: _PER_PART if request.parts else None]
    if request.parts:
        wanted += _likely(rank_units(whole.question, request.language, whole.found))
    elif chosen:
        # Beside a whole list sentences may add what it lacks; a piece of another list may not.
        others = (unit for unit in wanted if unit.unit.lead_in is None)
        beside = [unit for unit in others if (unit.passage, unit.number) not in chosen]
        wanted = beside[:_BESIDE_LIST]
    left = _WORDS
    passages = [scored.passage for scored in request.found]
    said = {_text(passages[place], passages[place].units[number]) for place, number in chosen}
    for unit in wanted:
        passage = passages[unit.passage]
        if (text := _text(passage, unit.unit)) in said:
            continue  # another document says it in the same words
        said.add(text)
        numbers = [n for n in _with_introduction(unit, passage) if (unit.passage, n) not in chosen]
        words = _length(passage, numbers)
        if words <= left or not chosen:
            left -= words
            chosen += [(unit.passage, number) for number in numbers]
    return _blocks(_completed(chosen, request.found))


def _likely(ranked: Sequence[RankedUnit]) -> list[RankedUnit]:
    """The units that are not much less likely than the best."""
    return [unit for unit in ranked if unit.score >= ranked[0].score - _WITHIN]


def _best_list(ranked: Sequence[RankedUnit], found: Sequence[ScoredPassage]) -> list[Place]:
    """The first list of which the lead-in or an item is among the best units, if there is one."""
    for unit in ranked[:_LISTS_AMONG]:
        members = _list_of(unit.unit, found[unit.passage].passage)
        if 2 < len(members) <= _LONGEST_LIST + 1:
            return [(unit.passage, number) for number in members]
    return []


def _completed(chosen: Sequence[Place], found: Sequence[ScoredPassage]) -> list[Place]:
    """With the rest of each short list of which two items are chosen."""
    completed = list(chosen)
    for index, number in chosen:
        passage = found[index].passage
        members = _list_of(passage.units[number], passage)
        wanted = [n for n in members if (index, n) in chosen and passage.units[n].lead_in]
        if len(wanted) > 1 and _length(passage, members) <= _SHORT_LIST:
            completed += [(index, n) for n in members]
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


def _text(passage: Passage, unit: Unit) -> str:
    """A unit in one line."""
    return " ".join(passage.text[unit.start : unit.end].split())


def _length(passage: Passage, numbers: Sequence[int]) -> int:
    """The words of these units."""
    return sum(len(passage.text[u.start : u.end].split()) for u in _at(passage, numbers))


def _blocks(chosen: Sequence[Place]) -> list[_Block]:
    """Neighbours joined; each passage's blocks together in text order, the first chosen first."""
    blocks: list[_Block] = []
    for passage, number in sorted(set(chosen)):
        last = blocks[-1] if blocks else None
        if last and last.passage == passage and last.units[-1] == number - 1:
            blocks[-1] = _Block(passage, (*last.units, number))
        else:
            blocks.append(_Block(passage, (number,)))
    order = list(dict.fromkeys(passage for passage, _ in chosen))
    return sorted(blocks, key=lambda block: (order.index(block.passage), block.units[0]))


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
                text=_text(passage, unit),
                cites=(block.passage,),
                form="item" if unit.kind == "item" else "lead-in" if is_lead_in else "sentence",
                quote=quote,
                new_paragraph=unit is units[0],
            )
