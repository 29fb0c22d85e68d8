"""Extractive answers: the sources' own sentences and lists; needs no model.

retrieved passages -> statements, ranked -> the best, and nearly as good ones of its passage
                                         -> the answer proper
                      the next best      -> blocks to unfold below it

Where it is not sure that the best one answers: results to look through
(chain/writing/search_results.py).

A question in parts gets such an answer for each part (chain/reading/parts.py).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.answerer import Draft, Quote, Request
from chain.reading.lists import LONGEST_LIST, first_items, left_out
from chain.reading.relevance import Ranked
from chain.reading.statements import statements
from chain.writing.quoting import QuotedBlock, drafts, label_of, readings, unsaid_first
from chain.writing.search_results import FIRST, results
from core.answer import Mode, Turn
from core.marked import Marked
from language.matching import fold

_ALSO = 0.25  # score: a statement beside the best may be lower by this: docs/decisions/0013
_BESIDE = 2  # statements of the same passage beside the best; what else it says can be unfolded
_BLOCKS = 4  # blocks to unfold; with the two below 0.938 have all facts: docs/decisions/0013
_PER_BLOCK = 3  # statements of a block; measured together with the number of blocks
_WITHIN = 7.0  # score below the best: what is e^7 times less likely adds noise, not facts
_WORDS_OF_MORE = 200  # words in all blocks to unfold; with 150, within e^5, 0.918 have all facts
_NEAREST = 2  # blocks below a refusal; they answer nothing, and more would look like an answer
_OVERVIEW = 8  # statements; a passage has about five units, so this is mostly all of it
# Score: a part stays in a passage already shown unless another is better by this, so 4.5 times
# (e^1.5) as likely; less would mix passages for a difference of chance.
_KEPT = 1.5


class ExtractiveAnswerer:
    """Quotes the sources: each draft is made of whole units, with their quote."""

    mode: Mode = "extractive"
    model = ""

    def __init__(self) -> None:
        self._choose = RunnableLambda(choose).with_config(run_name="extractive_answer")

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        if not request.is_sure:
            for drafted in results(request)[:FIRST]:
                yield from drafted
            return
        blocks = self._choose.invoke(request, config)
        labelled = len({label_of(request.found[one.passage].passage) for one in blocks}) > 1
        for block in blocks:
            yield from drafts(block, request, labelled=labelled)


def choose(request: Request) -> tuple[QuotedBlock, ...]:
    """The blocks of the answer proper: the best statements for each part of the question."""
    if request.overview:
        return _overview(request)
    chosen: dict[int, QuotedBlock] = {}
    for part in request.parts:
        if (best := _best(_close_to(chosen, part.ranked), request)) is not None:
            chosen[best.passage] = _together(chosen.get(best.passage, best), best)
    return tuple(whole for block in chosen.values() for whole in _whole(block, chosen, request))


def further(request: Request, quotes: Collection[Quote]) -> Iterator[list[Draft]]:
    """Blocks to unfold below an answer with these quotes, each as a list of drafts; without quotes
    (a refusal), the nearest blocks."""
    if quotes and not request.is_sure:
        yield from results(request)[FIRST:]
        return
    answer = choose(request)
    blocks = (*answer, *_more(request, answer))
    if not quotes:
        nearest: dict[int, QuotedBlock] = {}
        for block in blocks:
            nearest.setdefault(block.passage, block)
        for block in list(nearest.values())[:_NEAREST]:
            yield list(drafts(block, request, labelled=True))
        return
    for block in blocks:
        made = list(drafts(block, request, labelled=True))
        if not all(draft.quote in quotes for draft in made):
            yield made


def last_said(history: Sequence[Turn]) -> str:
    """Folded text of the last answer in a conversation, without markers."""
    said = [Marked(turn.answer_text, turn.markers) for turn in history if not turn.message]
    return fold(said[-1].plain) if said else ""


def _whole(block: QuotedBlock, shown: Collection[int], request: Request) -> Iterator[QuotedBlock]:
    """The block, and those that continue its last list, up to `LONGEST_LIST` items."""
    places = {one.passage.id: number for number, one in enumerate(request.found)}
    while True:
        passage = request.found[block.passage].passage
        items = [n for n in block.units if passage.units[n].kind == "item"]
        place = places.get(passage.continued_in, -1)
        if (
            not items
            or left_out(passage, items[-1]) != passage.items_after
            or place in (-1, *shown)
        ):
            break
        before = block.before + len(items)
        rest = first_items(request.found[place].passage, LONGEST_LIST - before)
        if not rest:
            break
        yield replace(block, goes_on=True)
        block = QuotedBlock(place, rest, before)
    yield block


def _overview(request: Request) -> tuple[QuotedBlock, ...]:
    """The first statements of the first passage."""
    if not request.found:
        return ()
    first = statements(request.found[0].passage)[:_OVERVIEW]
    units = tuple(dict.fromkeys(number for one in first for number in one.units))
    return (QuotedBlock(0, units),)


def _best(ranked: Sequence[Ranked], request: Request) -> QuotedBlock | None:
    """The best statement, with nearly as good ones of the same passage."""
    if not ranked:
        return None
    first, *others = unsaid_first(ranked, request)
    block, beside = _block(first), 0
    if first.statement.is_list or request.brief:
        return block
    for other in others:
        if beside == _BESIDE or other.score < first.score - _ALSO:
            break
        if other.passage == first.passage and not other.statement.is_list:
            block = _together(block, _block(other))
            beside += 1
    return block


def _close_to(chosen: Collection[int], ranked: Sequence[Ranked]) -> Sequence[Ranked]:
    """Moves statements of passages already shown to the front, if nearly as good as the best."""
    near = [one for one in ranked if one.passage in chosen and one.score > ranked[0].score - _KEPT]
    return [*near, *(one for one in ranked if one not in near)] if near else ranked


def _block(one: Ranked) -> QuotedBlock:
    return QuotedBlock(one.passage, one.statement.units)


def _together(first: QuotedBlock, second: QuotedBlock) -> QuotedBlock:
    """Merges two blocks of one passage; a sentence that refers back stays behind its antecedent."""
    units = list(first.units)
    for number in second.units:
        if number not in units:
            before = number - 1
            behind = before in second.units and before in units
            units.insert(units.index(before) + 1 if behind else len(units), number)
    return QuotedBlock(first.passage, tuple(units))


def _more(request: Request, answer: Sequence[QuotedBlock]) -> tuple[QuotedBlock, ...]:
    """The next best statements, in blocks of one passage each, within the limits above."""
    if request.brief or request.overview:
        return ()
    every = (one for part in request.parts for one in part.ranked)
    ranked = sorted(every, key=lambda one: -one.score)
    shown = {block.passage: set(block.units) for block in answer}
    said = {text for block in answer for text in readings(block.passage, block.units, request)}
    blocks: dict[int, QuotedBlock] = {}
    counts: Counter[int] = Counter()
    left = _WORDS_OF_MORE
    for one in ranked:
        if one.score < ranked[0].score - _WITHIN:
            break
        place, statement = one.passage, one.statement
        core = readings(place, statement.core, request)
        if said.issuperset(core):  # also if another document says it in the same words
            continue
        new = [number for number in statement.units if number not in shown.get(place, ())]
        words = sum(len(text.split()) for text in readings(place, new, request))
        is_full = counts[place] == _PER_BLOCK or (place not in blocks and len(blocks) == _BLOCKS)
        if is_full or (words > left and blocks):
            continue
        said.update(core)
        left -= words
        counts[place] += 1
        blocks[place] = _together(blocks.get(place, _block(one)), _block(one))
    return tuple(blocks.values())
