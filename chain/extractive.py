"""Answers made of the sources' own sentences and lists; needs no model.

found passages -> units ranked -> best units and whole lists -> blocks in readable order
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.answerer import Draft, Quote, Request
from chain.relevance import RankedUnit, asks_for, rank_units
from core.types import Mode, Passage, ScoredPassage

_UNITS = 3  # at most this many units besides those of a whole list
_WITHIN = 2.5  # a unit this much below the best adds noise, not facts
_LONGEST_LIST = 12  # items


@dataclass(frozen=True)
class _Block:
    """Neighbouring units of one passage that are quoted as one."""

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
    threshold = ranked[0].score - _WITHIN
    extra = [unit for unit in ranked if (unit.passage, unit.number) not in chosen]
    wanted = _UNITS if not chosen else 1
    for unit in extra[:wanted]:
        if unit.score >= threshold:
            chosen[unit.passage, unit.number] = unit.score
            chosen |= _lead_in(unit, request.found[unit.passage].passage)
    return _blocks(chosen)


def _best_list(
    ranked: Sequence[RankedUnit], found: Sequence[ScoredPassage]
) -> dict[tuple[int, int], float]:
    """The list whose lead-in or items rank best, if one of them is near the best unit at all."""
    for unit in ranked[: 2 * _UNITS]:
        units = found[unit.passage].passage.units
        lead_in = unit.unit.lead_in or (unit.unit.start, unit.unit.end)
        members = [
            number
            for number, other in enumerate(units)
            if other.lead_in == lead_in or (other.start, other.end) == lead_in
        ]
        if 2 < len(members) <= _LONGEST_LIST + 1:
            return {(unit.passage, number): unit.score for number in members}
    return {}


def _lead_in(unit: RankedUnit, passage: Passage) -> dict[tuple[int, int], float]:
    """The sentence that introduces an item, which may be unclear without it."""
    return {
        (unit.passage, number): unit.score
        for number, other in enumerate(passage.units)
        if unit.unit.lead_in == (other.start, other.end)
    }


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
    passage = found[block.passage].passage
    units = [passage.units[number] for number in block.units]
    quote = Quote(block.passage, units[0].start, units[-1].end)
    introduces = {unit.lead_in for unit in passage.units}
    for position, unit in enumerate(units):
        is_lead_in = (unit.start, unit.end) in introduces
        yield Draft(
            text=" ".join(passage.text[unit.start : unit.end].split()),
            cites=(block.passage,),
            form="item" if unit.kind == "item" else "lead-in" if is_lead_in else "sentence",
            quote=quote,
            new_paragraph=position == 0,
        )
