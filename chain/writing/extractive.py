"""Answers in the words of the sources: quotes, whole lists, or search results."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

from langchain_core.runnables import RunnableConfig, RunnableLambda

from chain.reading.quotables import (
    LONGEST_LIST,
    Statement,
    about_itself,
    first_items,
    is_row,
    is_sentence,
    left_out,
    lists_of,
    number_of,
    points_back,
    reading,
    runs,
    shown_first,
    statements,
)
from chain.request import Draft, Quote, Ranked, Request
from core.answer import Turn
from core.answer_blocks import Marked
from core.source import Passage, PreparedQuestion, ScoredPassage
from language.demands import asks_for
from language.figures import written
from language.words import fold
from prompts import phrases, spoken

YEAR = re.compile(r"(?<![\d/])(?:19|20)\d\d(?![\d/])")  # not that of 2011/93/EU
FIRST = 3  # results shown at once; the next as many can be unfolded
_FEWEST, _MOST = 40, 70  # words of a result
# With one result a passage, all facts of the questions that are fitted on stand in .86 (summaries)
# and .45 (official documents) of three results, in 86 and 188 words; with two in .91 and .47, in 99
# and 194; with three in .91 and .48.
_PER_PASSAGE = 2
_BESIDE = 2  # statements of the same passage beside the best; what else it says can be unfolded
_ALSO = 2.0  # how far behind the best what stands below an answer may be
_NEAREST = 2  # blocks below a refusal; they answer nothing, and more would look like an answer
# How an item begins and ends that can be read without the sentence that introduces it.
_STANDS_ALONE = re.compile(r"[\W\d_]*[A-ZÀ-ÞŁŚŻΑ-ΩА-Я0-9].*[.!?…]\W*", re.DOTALL)


@dataclass(frozen=True)
class QuotedBlock:
    """Statements of one passage, shown together."""

    passage: int  # its index in `Request.found`
    units: tuple[int, ...]  # their numbers in the order shown, the best statement first
    before: int = 0  # of a list across passages, the items in the passages before this one
    goes_on: bool = False  # the list continues in the next block
    alone: bool = False  # an item stands as a sentence, without its list
    total: int = 0  # items of the list of which some are taken out; 0 for any other


def drafts(block: QuotedBlock, request: Request, *, labelled: bool) -> Iterator[Draft]:
    """A draft for each paragraph, or list with its introduction, of a block."""
    passage = request.found[block.passage].passage
    label = _label_of(passage) if labelled and not block.before else ""
    for run in runs(block.units):
        for text, items in [(run, ())] if block.alone else _paragraphs(passage, run):
            quoted = [*text, *items]
            note, count = "", block.before + len(items)
            total = block.total or count + (left_out(passage, items[-1]) if items else 0)
            if items and not block.goes_on and count < total:
                note = phrases(request.language).part_of_list.format(count, total)
            yield Draft(
                text=_text(passage, text),
                cites=(block.passage,),
                items=tuple(_read(passage, item) for item in items),
                marks=tuple(number_of(passage, passage.units[item]) for item in items),
                quote=Quote(
                    block.passage, passage.units[quoted[0]].start, passage.units[quoted[-1]].end
                ),
                label=label or ("" if text or block.before or block.total else _label_of(passage)),
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


def _label_of(passage: Passage) -> str:
    """Document and section of a passage."""
    title = passage.document.short_title
    section = passage.headings[-1] if len(passage.headings) > 1 else ""
    return f"{title}, {section}" if section and section != passage.document.title else title


def unsaid_first(ranked: Sequence[Ranked], request: Request) -> Sequence[Ranked]:
    """Statements, best first; what was said before counts for less."""
    if not request.earlier:
        return ranked
    less = request.amounts.relevance.again
    lowered = [
        replace(ranking, score=ranking.score - less)
        if is_said(ranking, request.found, request.earlier)
        else ranking
        for ranking in ranked
    ]
    return sorted(lowered, key=lambda ranking: -ranking.score)


def is_said(ranking: Ranked, found: Sequence[ScoredPassage], before: str) -> bool:
    """Whether a statement of these passages stands in a folded text (`said_before`)."""
    passage, core = found[ranking.passage].passage, ranking.statement.core
    return all(fold(_read(passage, number)) in before for number in core)


def _block_of(ranking: Ranked, request: Request) -> QuotedBlock:
    """A statement as it is shown: of a list by years, the items of those asked for."""
    units, passage = ranking.statement.units, request.found[ranking.passage].passage
    items = [number for number in units if passage.units[number].kind == "item"]
    dated = {number: set(YEAR.findall(_read(passage, number))) for number in items}
    wanted = {number for number in items if not dated[number].isdisjoint(request.years)}
    by_years = 4 * sum(len(years) == 1 for years in dated.values()) >= 3 * len(items)
    if not by_years or not wanted or len(wanted) == len(items):
        return QuotedBlock(ranking.passage, units)
    shown = tuple(number for number in units if number in wanted or number not in dated)
    total = len(items) + left_out(passage, items[-1])
    return QuotedBlock(ranking.passage, shown, total=total)


class _Result(NamedTuple):
    """A statement that is shown as a result."""

    ranked: Ranked
    window: range | None  # the units that show it; None for a list or a row of a table
    behind: float  # the best, in `within` of the amounts; 0 for the best for a part


def search_results(request: Request, within: float = math.inf) -> list[list[Draft]]:
    """The drafts of each result, best first, at most twice `FIRST`: of every part of the question
    the best, then the next best that do not stand there already.

    `within`: only what is so little behind the best (`_Result`).
    """
    near = (result for result in _best_results(request) if result.behind <= within)
    made = ([*_drafts(result, request)] for result in near)
    first = [*_item_asked_for(request)]
    taken = [draft.quote for result in first for draft in result if draft.quote]
    others = (  # not the list that it was taken from
        result
        for result in made
        if not any(_is_within(draft.quote, quote) for draft in result for quote in taken)
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
        yield [replace(draft, label=label) for draft in drafts(block, request, labelled=False)]


def _best_results(request: Request) -> Iterator[_Result]:
    """The statements to show as results; those that are best for a part come first."""
    amounts = request.amounts.relevance
    ranked = [unsaid_first(part.ranked, request) for part in request.parts if part.ranked]
    by_score = sorted(itertools.chain.from_iterable(ranked), key=lambda each: -each.score)
    firsts = [part[0] for part in ranked[:1]]
    for part in ranked[1:]:  # of the document that the first is from, if that has it nearly as well
        alike = (each for each in part if each.score >= part[0].score - amounts.within_another)
        same = (each for each in alike if _document(each, request) == _document(firsts[0], request))
        firsts.append(next(same, part[0]))
    ordered = [*firsts, *by_score]
    fresh = (
        each.score
        for each in by_score
        if not (request.earlier and is_said(each, request.found, request.earlier))
    )
    # Beside what was said, something new is the best.
    best = next(fresh, by_score[0].score if by_score else 0.0)
    scores = {
        (each.passage, number): each.score
        for each in reversed(by_score)
        for number in each.statement.core
    }
    names_first = bool(ordered) and request.found[ordered[0].passage].named
    shown: dict[int, set[int]] = {}
    counts: Counter[int] = Counter()
    for place, ranking in enumerate(ordered):
        behind = best - ranking.score
        if _document(ranking, request) == _document(ordered[0], request):
            behind /= amounts.within
        elif names_first and not request.found[ranking.passage].named:
            behind = math.inf  # another document than the question names
        else:
            behind /= amounts.within_another
        statement, there = ranking.statement, shown.setdefault(ranking.passage, set())
        if there.isdisjoint(statement.core) and counts[ranking.passage] < _PER_PASSAGE:
            passage = request.found[ranking.passage].passage
            near = {n: score for (p, n), score in scores.items() if p == ranking.passage}
            window = None if statement.is_list else _window(passage, statement, near, there)
            there.update(window or statement.units)
            counts[ranking.passage] += 1
            yield _Result(ranking, window, 0.0 if place < len(firsts) else behind)


def _document(ranking: Ranked, request: Request) -> str:
    return request.found[ranking.passage].passage.document.id


def _drafts(result: _Result, request: Request) -> Iterator[Draft]:
    ranking, window, _ = result
    passage = request.found[ranking.passage].passage
    label = _label(passage, request.language)
    if window is None:
        block = _block_of(ranking, request)
        for number, draft in enumerate(drafts(block, request, labelled=False)):
            yield replace(draft, label="" if number else label)
        return
    first, last = min(ranking.statement.units), max(ranking.statement.units)
    start, end = passage.units[window[0]].start, passage.units[window[-1]].end
    yield Draft(
        text=_text(passage, range(first, last + 1)),
        cites=(ranking.passage,),
        quote=Quote(ranking.passage, start, end),
        label=label,
        around=(
            _text(passage, range(window[0], first)),
            _text(passage, range(last + 1, window[-1] + 1)),
        ),
    )


def _label(passage: Passage, language: str) -> str:
    """Document, section and date."""
    day = passage.document.date
    dated = f" ({written(day, spoken(language))})" if day else ""
    return f"{_label_of(passage)}{dated}"


def _window(
    passage: Passage, statement: Statement, scores: Mapping[int, float], shown: Collection[int]
) -> range | None:
    """The statement widened by its likelier neighbours; None for a list or a row of a table."""
    begin, end = first, last = min(statement.units), max(statement.units)
    units_between = passage.units[first : last + 1]
    if any(unit.kind != "sentence" or is_row(passage, unit) for unit in units_between):
        return None
    count = len(_text(passage, range(first, last + 1)).split())
    while count < _FEWEST:
        further = [
            number
            for number in (end + 1, begin - 1)
            if 0 <= number < len(passage.units)
            and number not in shown
            and is_sentence(passage, number)
            and not about_itself(passage, passage.units[number])
            and count + len(_read(passage, number).split()) <= _MOST
            and not (number < begin and points_back(_read(passage, number), passage.language))
        ]
        if not further:
            break
        number = max(further, key=lambda number: scores.get(number, -math.inf))
        count += len(_read(passage, number).split())
        begin, end = min(begin, number), max(end, number)
    return range(begin, end + 1)


def _text(passage: Passage, numbers: Iterable[int]) -> str:
    return " ".join(_read(passage, number) for number in numbers)


def _read(passage: Passage, number: int) -> str:
    return reading(passage, passage.units[number])


def quotations(request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
    """The drafts of the answer proper, or where that is not sure of the first results."""
    if not request.is_sure:
        label = ""
        for drafted in search_results(request, 1.0)[: 1 if request.brief else FIRST]:
            for draft in drafted:
                yield replace(draft, label="" if draft.label == label else draft.label)
                label = draft.label or label
        return
    chosen = RunnableLambda(choose).with_config(run_name="extractive_answer")  # to be traced
    blocks = chosen.invoke(request, config)
    labels = {_label_of(request.found[block.passage].passage) for block in blocks}
    for block in blocks:
        yield from drafts(block, request, labelled=len(labels) > 1)


def choose(request: Request) -> tuple[QuotedBlock, ...]:
    """The blocks of the answer proper, in which the best statement stands first."""
    if request.overview:
        return tuple(QuotedBlock(place, units) for place, units in request.overview)
    if request.prepared:
        return tuple(_prepared_blocks(request.prepared, request))
    blocks: list[QuotedBlock] = []
    for part in request.parts:
        best = _best(part.ranked, request)
        shown_before = {(block.passage, number) for block in blocks for number in block.units}
        if best and not {(best.passage, number) for number in best.units} <= shown_before:
            blocks += _whole(best, request)
    return tuple(blocks)


def _prepared_blocks(prepared: PreparedQuestion, request: Request) -> Iterator[QuotedBlock]:
    """What is shown of a prepared answer, by passage in the order of its units: a sentence behind
    those that it refers back to; of a list the whole, or the few items that are meant, where each
    is a sentence that stands alone."""
    places = {scored.passage.id: place for place, scored in enumerate(request.found)}
    parted = (name.partition("#") for name in prepared.units)
    named = [(places[passage], int(n)) for passage, _, n in parted if passage in places]
    wanted = asks_for(request.question, request.language)
    for place, group in itertools.groupby(named, key=itemgetter(0)):
        numbers = [number for _, number in group]
        yield from _prepared_blocks_in(place, request.found[place].passage, numbers, wanted=wanted)


def _prepared_blocks_in(
    place: int, passage: Passage, numbers: Sequence[int], *, wanted: Collection[str]
) -> Iterator[QuotedBlock]:
    lists = lists_of(passage)
    list_of = {number: first for first, members in lists.items() for number in members}
    few = {
        first
        for first, members in lists.items()
        if "list" not in wanted and _stand_alone(passage, members, numbers)
    }
    shown: list[int] = []
    alone = set[int]()
    for number in numbers:
        unit = passage.units[number]
        if unit.kind == "item" and not is_row(passage, unit) and number in list_of:
            first = list_of[number]
            if first in few:
                alone.add(number)
                units: Sequence[int] = (number,)
            else:
                units = shown_first(passage, lists[first])
        elif number in few:
            continue  # the introduction of items that do without it
        elif number in lists:
            units = shown_first(passage, lists[number])
        else:
            units = _with_antecedent(passage, number, reasons="reason" in wanted)
        shown += [unit_number for unit_number in units if unit_number not in shown]
    for number in shown:
        if number in alone:
            yield QuotedBlock(place, (number,), alone=True)
    rest = tuple(number for number in shown if number not in alone)
    if rest:
        yield QuotedBlock(place, rest)


def _stand_alone(passage: Passage, members: Sequence[int], numbers: Sequence[int]) -> bool:
    """Whether the named items of a list are few, and sentences that can be read without it."""
    items = [member for member in members if passage.units[member].kind == "item"]
    meant = [item for item in items if item in numbers]
    return 0 < 2 * len(meant) <= len(items) and all(
        _STANDS_ALONE.fullmatch(reading(passage, passage.units[item])) for item in meant
    )


def _with_antecedent(passage: Passage, number: int, *, reasons: bool) -> Sequence[int]:
    """A sentence, after those that it refers back to, or that give its reason."""
    whole = (
        statement.units
        for statement in statements(passage, reasons=reasons)
        if number in statement.core and not statement.is_list
    )
    return next(whole, (number,))


def supporting_blocks(request: Request, quotes: Collection[Quote]) -> Iterator[list[Draft]]:
    """Results to unfold below an answer with these quotes, or below the first results, each as a
    list of drafts; without quotes (a refusal), the nearest."""
    if request.overview or (request.brief and quotes):
        return
    others = [
        made
        for made in search_results(request, _ALSO if request.is_sure else math.inf)
        if not all(any(_is_within(draft.quote, quote) for quote in quotes) for draft in made)
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
    texts = (Marked(turn.answer_text, turn.markers) for turn in history if not turn.message)
    return fold("\n".join(text.plain for text in texts))


def _whole(block: QuotedBlock, request: Request) -> Iterator[QuotedBlock]:
    """Continues a cut list through the next passages, up to `LONGEST_LIST` items."""
    places = {scored.passage.id: place for place, scored in enumerate(request.found)}
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
    block, beside = _block_of(first, request), 0
    if first.statement.is_list or request.brief:
        return block
    for other in others:
        if beside == _BESIDE or other.score < first.score - request.amounts.relevance.also:
            break
        if other.passage == first.passage and not other.statement.is_list:
            block = _together(block, _block_of(other, request))
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
