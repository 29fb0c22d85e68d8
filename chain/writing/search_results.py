"""Results: what the sources have on a question where it is not sure which sentence answers it.

    ranked statements -> the best, near enough -> the sentence with the text around it, or the list

Each is 40 to 70 words of the passage, never cut in a sentence or a list; a sentence that is longer
stands alone. A passage has at most two, which do not overlap.
"""

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from chain.answerer import Draft, Quote, Request
from chain.reading.pointing import points_back
from chain.reading.relevance import Ranked
from chain.reading.statements import about_itself, is_sentence
from chain.reading.unit_text import is_row, reading
from chain.writing.quoting import QuotedBlock, drafts, label_of, unsaid_first
from core.passage import Passage
from language.dates import written
from prompts import spoken

FIRST = 3  # results shown at once; the next as many can be unfolded
_FEWEST, _MOST = 40, 70  # words of a result
# Score below the best, of the same document and of another: what is twenty times (e^3) less likely,
# or there four times, is noise. With one result a passage, all facts of the questions that are
# fitted on stand in .86 (summaries) and .45 (official documents) of three results, in 86 and 188
# words; without limits in .87 and .46, in 148 and 228. With two a passage in .91 and .47, in 99 and
# 194; with three in .91 and .48.
_WITHIN, _WITHIN_ANOTHER = 3.0, 1.5
_PER_PASSAGE = 2


class _Window(NamedTuple):
    """Numbers of consecutive units of a passage: the statement is from `first` to `last`, what is
    shown from `begin` to `end` (all inclusive)."""

    begin: int
    first: int
    last: int
    end: int


class _Result(NamedTuple):
    """A statement, and the window that shows it; None for a list or a row of a table."""

    ranked: Ranked
    window: _Window | None


def search_results(request: Request) -> list[list[Draft]]:
    """The drafts of each result, best first, at most twice `FIRST`: of every part of the question
    the best, then the next best that do not stand there already."""
    return [list(_drafts(one, request)) for one in itertools.islice(_best(request), 2 * FIRST)]


def _best(request: Request) -> Iterator[_Result]:
    """What is shown of the statements; those that are best for a part of the question come
    first."""
    ranked = [unsaid_first(part.ranked, request) for part in request.parts if part.ranked]
    others = sorted((one for part in ranked for one in part), key=lambda one: -one.score)
    firsts = [part[0] for part in ranked[:1]]
    for part in ranked[1:]:  # of the document that the first is from, if that has it nearly as well
        alike = (one for one in part if one.score >= part[0].score - _WITHIN_ANOTHER)
        same = (one for one in alike if _document(one, request) == _document(firsts[0], request))
        firsts.append(next(same, part[0]))
    ordered = [*firsts, *others]
    scores = {
        (one.passage, number): one.score
        for one in reversed(others)
        for number in one.statement.core
    }
    shown: dict[int, set[int]] = {}
    counts: Counter[int] = Counter()
    for place, one in enumerate(ordered):
        is_same = _document(one, request) == _document(ordered[0], request)
        lowest = others[0].score - (_WITHIN if is_same else _WITHIN_ANOTHER)
        there = shown.setdefault(one.passage, set())
        is_new = there.isdisjoint(one.statement.core) and counts[one.passage] < _PER_PASSAGE
        if is_new and (place < len(firsts) or one.score >= lowest):
            passage = request.found[one.passage].passage
            near = {n: score for (p, n), score in scores.items() if p == one.passage}
            window = None if one.statement.is_list else _window(passage, one, near, there)
            there.update(range(window.begin, window.end + 1) if window else one.statement.units)
            counts[one.passage] += 1
            yield _Result(one, window)


def _document(one: Ranked, request: Request) -> str:
    return request.found[one.passage].passage.document.id


def _drafts(result: _Result, request: Request) -> Iterator[Draft]:
    one, window = result
    passage = request.found[one.passage].passage
    label = _label(passage, request.language)
    if window is None:
        block = QuotedBlock(one.passage, one.statement.units)
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
