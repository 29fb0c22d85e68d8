"""Extractive answers: the sources' own sentences and lists; needs no model.

retrieved passages -> statements, ranked -> the best, and nearly as good ones of its passage
                                         -> the answer proper
                      the next best      -> results to unfold below it

Where it is not sure that the best one answers, and for a question in parts: results to look through
(chain/writing/search_results.py).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.answerer import Draft, Quote, Request
from chain.reading.lists import LONGEST_LIST, first_items, left_out
from chain.reading.prepared_answer import shown_units
from chain.reading.relevance import Ranked
from chain.reading.statements import statements
from chain.writing.quoting import QuotedBlock, drafts, label_of, unsaid_first
from chain.writing.search_results import FIRST, search_results
from core.answer import Mode, Turn
from core.marked import Marked
from language.matching import fold

_ALSO = 0.25  # score: a statement beside the best may be lower by this: docs/decisions/0013
_BESIDE = 2  # statements of the same passage beside the best; what else it says can be unfolded
_NEAREST = 2  # blocks below a refusal; they answer nothing, and more would look like an answer
_OVERVIEW = 8  # statements; a passage has about five units, so this is mostly all of it


class ExtractiveAnswerer:
    """Quotes the sources: each draft is made of whole units, with their quote."""

    mode: Mode = "extractive"
    model = ""

    def __init__(self) -> None:
        self._choose = RunnableLambda(choose).with_config(run_name="extractive_answer")

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        if not request.is_sure:
            label = ""
            for drafted in search_results(request)[: 1 if request.brief else FIRST]:
                for one in drafted:
                    yield replace(one, label="" if one.label == label else one.label)
                    label = one.label or label
            return
        blocks = self._choose.invoke(request, config)
        labelled = len({label_of(request.found[one.passage].passage) for one in blocks}) > 1
        for block in blocks:
            yield from drafts(block, request, labelled=labelled)


def choose(request: Request) -> tuple[QuotedBlock, ...]:
    """The blocks of the answer proper, in which the best statement stands first."""
    if request.overview:
        return _overview(request)
    if request.prepared:
        shown = shown_units(request.prepared, request.found, request.question, request.language)
        return tuple(QuotedBlock(one.passage, one.units, alone=one.alone) for one in shown)
    best = _best(request.parts[0].ranked, request) if request.parts else None
    return tuple(_whole(best, request)) if best else ()


def further(request: Request, quotes: Collection[Quote]) -> Iterator[list[Draft]]:
    """Results to unfold below an answer with these quotes, or below the first results, each as a
    list of drafts; without quotes (a refusal), the nearest."""
    if request.overview or (request.brief and quotes):
        return
    others = [
        made
        for made in search_results(request)
        if not all(any(_is_within(draft.quote, one) for one in quotes) for draft in made)
    ]
    yield from others[: FIRST if quotes else _NEAREST]


def _is_within(quote: Quote | None, other: Quote) -> bool:
    """Whether a quote is part of another, or the other of it."""
    if quote is None or quote.passage != other.passage:
        return False
    return quote.start <= other.start < other.end <= quote.end or (
        other.start <= quote.start and quote.end <= other.end
    )


def last_said(history: Sequence[Turn]) -> str:
    """Folded text of the last answer in a conversation, without markers."""
    said = [Marked(turn.answer_text, turn.markers) for turn in history if not turn.message]
    return fold(said[-1].plain) if said else ""


def _whole(block: QuotedBlock, request: Request) -> Iterator[QuotedBlock]:
    """The block, and those that continue its last list, up to `LONGEST_LIST` items."""
    places = {one.passage.id: number for number, one in enumerate(request.found)}
    while True:
        passage = request.found[block.passage].passage
        items = [n for n in block.units if passage.units[n].kind == "item"]
        place = places.get(passage.continued_in, -1)
        if not items or left_out(passage, items[-1]) != passage.items_after or place == -1:
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
