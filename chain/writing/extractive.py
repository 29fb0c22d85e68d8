"""Answers in the words of the sources: quotes, whole lists, or search results."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.reading.prepared_answer import shown_units
from chain.reading.quotables import (
    LONGEST_LIST,
    about_itself,
    first_items,
    is_row,
    is_sentence,
    left_out,
    number_of,
    points_back,
    reading,
    runs,
)
from chain.reading.relevance import Ranked
from chain.request import Draft, Quote, Request
from core.answer import Mode, Turn
from core.markers import Marked
from core.source import Passage, ScoredPassage
from language.dates import written
from language.matching import fold
from prompts import phrases, spoken


@dataclass(frozen=True)
class QuotedBlock:
    """Statements of one passage, shown together.

    passage: its index in `Request.found`.
    units: numbers of the units in the order shown, the best statement first.
    before: for a list across passages, the items in the passages before this one.
    goes_on: the list continues in the next block.
    alone: an item stands as a sentence, without its list.
    total: how many items the list has of which some are taken out; 0 for any other.
    """

    passage: int
    units: tuple[int, ...]
    before: int = 0
    goes_on: bool = False
    alone: bool = False
    total: int = 0


def drafts(block: QuotedBlock, request: Request, *, labelled: bool) -> Iterator[Draft]:
    """A draft for each paragraph, or list with its introduction, of a block."""
    passage = request.found[block.passage].passage
    label = label_of(passage) if labelled and not block.before else ""
    for run in runs(block.units):
        for text, items in [(run, ())] if block.alone else _paragraphs(passage, run):
            quoted = [*text, *items]
            note, count = "", block.before + len(items)
            total = block.total or count + (left_out(passage, items[-1]) if items else 0)
            if items and not block.goes_on and count < total:
                note = phrases(request.language).part_of_list.format(count, total)
            yield Draft(
                text=" ".join(readings(block.passage, text, request)),
                cites=(block.passage,),
                items=tuple(readings(block.passage, items, request)),
                marks=tuple(number_of(passage, passage.units[one]) for one in items),
                quote=Quote(
                    block.passage,
                    passage.units[quoted[0]].start,
                    passage.units[quoted[-1]].end,
                ),
                label=label or ("" if text or block.before or block.total else label_of(passage)),
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
    """Statements, best first; what was said before counts for less."""
    if not request.said:
        return ranked
    less = request.amounts.relevance.again
    lowered = [
        replace(one, score=one.score - less) if is_said(one, request.found, request.said) else one
        for one in ranked
    ]
    return sorted(lowered, key=lambda one: -one.score)


def is_said(one: Ranked, found: Sequence[ScoredPassage], said: str) -> bool:
    """Whether a statement of these passages stands in a folded text (`said_before`)."""
    passage = found[one.passage].passage
    return all(fold(reading(passage, passage.units[n])) in said for n in one.statement.core)


def block_of(one: Ranked, request: Request) -> QuotedBlock:
    """A statement as it is shown: of a list by years, the items of those asked for."""
    units, passage = one.statement.units, request.found[one.passage].passage
    items = [number for number in units if passage.units[number].kind == "item"]
    dated = {number: set(YEAR.findall(_read(passage, number))) for number in items}
    wanted = {number for number in items if not dated[number].isdisjoint(request.years)}
    by_years = 4 * sum(len(years) == 1 for years in dated.values()) >= 3 * len(items)
    if not by_years or not wanted or len(wanted) == len(items):
        return QuotedBlock(one.passage, units)
    shown = tuple(number for number in units if number in wanted or number not in dated)
    total = len(items) + left_out(passage, items[-1])
    return QuotedBlock(one.passage, shown, total=total)


def readings(place: int, units: Iterable[int], request: Request) -> list[str]:
    passage = request.found[place].passage
    return [reading(passage, passage.units[number]) for number in units]


# Results: what the sources have on a question where it is not sure which sentence answers it.


FIRST = 3  # results shown at once; the next as many can be unfolded
_FEWEST, _MOST = 40, 70  # words of a result
# With one result a passage, all facts of the questions that are fitted on stand in .86 (summaries)
# and .45 (official documents) of three results, in 86 and 188 words; with two in .91 and .47, in 99
# and 194; with three in .91 and .48.
_PER_PASSAGE = 2
YEAR = re.compile(r"(?<![\d/])(?:19|20)\d\d(?![\d/])")  # not that of 2011/93/EU


class _Window(NamedTuple):
    """Numbers of consecutive units of a passage: the statement is from `first` to `last`, what is
    shown from `begin` to `end` (all inclusive)."""

    begin: int
    first: int
    last: int
    end: int


class _Result(NamedTuple):
    """A statement, the window that shows it (None for a list or a row of a table), and how far it
    is behind the best, in `within` of the amounts; 0 for the best for a part."""

    ranked: Ranked
    window: _Window | None
    behind: float


def search_results(request: Request, within: float = math.inf) -> list[list[Draft]]:
    """The drafts of each result, best first, at most twice `FIRST`: of every part of the question
    the best, then the next best that do not stand there already.

    `within`: only what is so little behind the best (`_Result`).
    """
    near = (one for one in _best_results(request) if one.behind <= within)
    made = ([*_drafts(one, request)] for one in near)
    first = [*_item_asked_for(request)]
    taken = [draft.quote for one in first for draft in one if draft.quote]
    others = (  # not the list that it was taken from
        one for one in made if not any(_is_within(d.quote, own) for d in one for own in taken)
    )
    return [*first, *itertools.islice(others, 2 * FIRST)]


def _item_asked_for(request: Request) -> Iterator[list[Draft]]:
    """The item of an earlier list that alone is asked for, if a passage found has it."""
    item = fold(request.item)
    places = (
        (place, number)
        for place, scored in enumerate(request.found)
        for number, unit in enumerate(scored.passage.units)
        if item and unit.kind == "item" and fold(reading(scored.passage, unit)).startswith(item)
    )
    for place, number in itertools.islice(places, 1):
        block = QuotedBlock(place, (number,), alone=True)
        label = _label(request.found[place].passage, request.language)
        yield [replace(one, label=label) for one in drafts(block, request, labelled=False)]


def _best_results(request: Request) -> Iterator[_Result]:
    """The statements that are shown as results; those that are best for a part of the question come
    first."""
    amounts = request.amounts.relevance
    ranked = [unsaid_first(part.ranked, request) for part in request.parts if part.ranked]
    others = sorted((one for part in ranked for one in part), key=lambda one: -one.score)
    firsts = [part[0] for part in ranked[:1]]
    for part in ranked[1:]:  # of the document that the first is from, if that has it nearly as well
        alike = (one for one in part if one.score >= part[0].score - amounts.within_another)
        same = (one for one in alike if _document(one, request) == _document(firsts[0], request))
        firsts.append(next(same, part[0]))
    ordered = [*firsts, *others]
    fresh = (
        one.score
        for one in others
        if not (request.said and is_said(one, request.found, request.said))
    )
    best = next(fresh, others[0].score if others else 0.0)  # beside what was said, something new
    scores = {
        (one.passage, number): one.score
        for one in reversed(others)
        for number in one.statement.core
    }
    shown: dict[int, set[int]] = {}
    counts: Counter[int] = Counter()
    for place, one in enumerate(ordered):
        behind = best - one.score
        if _document(one, request) == _document(ordered[0], request):
            behind /= amounts.within
        elif _is_named(ordered[0], request) and not _is_named(one, request):
            behind = math.inf  # another document than the question names
        else:
            behind /= amounts.within_another
        there = shown.setdefault(one.passage, set())
        if there.isdisjoint(one.statement.core) and counts[one.passage] < _PER_PASSAGE:
            passage = request.found[one.passage].passage
            near = {n: score for (p, n), score in scores.items() if p == one.passage}
            window = None if one.statement.is_list else _window(passage, one, near, there)
            there.update(range(window.begin, window.end + 1) if window else one.statement.units)
            counts[one.passage] += 1
            yield _Result(one, window, 0.0 if place < len(firsts) else behind)


def _is_named(one: Ranked, request: Request) -> bool:
    return request.found[one.passage].named


def _document(one: Ranked, request: Request) -> str:
    return request.found[one.passage].passage.document.id


def _drafts(result: _Result, request: Request) -> Iterator[Draft]:
    one, window, _ = result
    passage = request.found[one.passage].passage
    label = _label(passage, request.language)
    if window is None:
        block = block_of(one, request)
        for number, draft in enumerate(drafts(block, request, labelled=False)):
            yield replace(draft, label="" if number else label)
        return
    begin, first, last, end = window
    yield Draft(
        text=_said(passage, range(first, last + 1)),
        cites=(one.passage,),
        quote=Quote(one.passage, passage.units[begin].start, passage.units[end].end),
        label=label,
        around=(
            _said(passage, range(begin, first)),
            _said(passage, range(last + 1, end + 1)),
        ),
    )


def _label(passage: Passage, language: str) -> str:
    """Document, section and date."""
    day = passage.document.date
    dated = f" ({written(day, spoken(language))})" if day else ""
    return f"{label_of(passage)}{dated}"


def _window(
    passage: Passage, one: Ranked, scores: Mapping[int, float], shown: Collection[int]
) -> _Window | None:
    """The statement with the sentences around it, the likeliest first; None for one that is not a
    stretch of sentences, such as a row of a table."""
    begin, end = first, last = min(one.statement.units), max(one.statement.units)
    units_between = passage.units[first : last + 1]
    if any(unit.kind != "sentence" or is_row(passage, unit) for unit in units_between):
        return None
    count = sum(_words(passage, number) for number in range(first, last + 1))
    while count < _FEWEST:
        further = [
            number
            for number in (end + 1, begin - 1)
            if number not in shown
            and _is_sentence(passage, number)
            and count + _words(passage, number) <= _MOST
            and not (number < begin and points_back(_read(passage, number), passage.language))
        ]
        if not further:
            break
        number = max(further, key=lambda number: scores.get(number, -math.inf))
        count += _words(passage, number)
        begin, end = min(begin, number), max(end, number)
    return _Window(begin, first, last, end)


def _is_sentence(passage: Passage, number: int) -> bool:
    return (
        0 <= number < len(passage.units)
        and is_sentence(passage, number)
        and not about_itself(passage, passage.units[number])
    )


def _words(passage: Passage, number: int) -> int:
    return len(_read(passage, number).split())


def _said(passage: Passage, numbers: range) -> str:
    return " ".join(_read(passage, number) for number in numbers)


def _read(passage: Passage, number: int) -> str:
    return reading(passage, passage.units[number])


# Extractive answers: the sources' own sentences and lists; needs no model.


_BESIDE = 2  # statements of the same passage beside the best; what else it says can be unfolded
_ALSO = 2.0  # how far behind the best what stands below an answer may be
_NEAREST = 2  # blocks below a refusal; they answer nothing, and more would look like an answer


class ExtractiveAnswerer:
    """Quotes the sources: each draft is made of whole units, with their quote."""

    mode: Mode = "extractive"
    model = ""

    def __init__(self) -> None:
        self._choose = RunnableLambda(choose).with_config(run_name="extractive_answer")

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        if not request.is_sure:
            label = ""
            for drafted in search_results(request, 1.0)[: 1 if request.brief else FIRST]:
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
        return tuple(QuotedBlock(place, units) for place, units in request.overview)
    if request.prepared:
        shown = shown_units(request.prepared, request.found, request.question, request.language)
        return tuple(QuotedBlock(one.passage, one.units, alone=one.alone) for one in shown)
    blocks: list[QuotedBlock] = []
    for part in request.parts:
        best = _best(part.ranked, request)
        said = {(one.passage, number) for one in blocks for number in one.units}
        if best and not {(best.passage, number) for number in best.units} <= said:
            blocks += _whole(best, request)
    return tuple(blocks)


def supporting_blocks(request: Request, quotes: Collection[Quote]) -> Iterator[list[Draft]]:
    """Results to unfold below an answer with these quotes, or below the first results, each as a
    list of drafts; without quotes (a refusal), the nearest."""
    if request.overview or (request.brief and quotes):
        return
    others = [
        made
        for made in search_results(request, _ALSO if request.is_sure else math.inf)
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


def said_before(history: Sequence[Turn]) -> str:
    """Folded text of the answers of a conversation, without markers."""
    said = (Marked(turn.answer_text, turn.markers) for turn in history if not turn.message)
    return fold("\n".join(one.plain for one in said))


def _whole(block: QuotedBlock, request: Request) -> Iterator[QuotedBlock]:
    """Continues a cut list through the next passages, up to `LONGEST_LIST` items."""
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


def _best(ranked: Sequence[Ranked], request: Request) -> QuotedBlock | None:
    """The best statement, with nearly as good ones of the same passage."""
    if not ranked:
        return None
    first, *others = unsaid_first(ranked, request)
    block, beside = block_of(first, request), 0
    if first.statement.is_list or request.brief:
        return block
    for other in others:
        if beside == _BESIDE or other.score < first.score - request.amounts.relevance.also:
            break
        if other.passage == first.passage and not other.statement.is_list:
            block = _together(block, block_of(other, request))
            beside += 1
    return block


def _together(first: QuotedBlock, second: QuotedBlock) -> QuotedBlock:
    """Merges two blocks of one passage; a sentence that refers back stays behind its antecedent."""
    units = list(first.units)
    for number in second.units:
        if number not in units:
            before = number - 1
            behind = before in second.units and before in units
            units.insert(units.index(before) + 1 if behind else len(units), number)
    return QuotedBlock(first.passage, tuple(units))
