"""Results: what the sources have on a question where it is not sure which sentence answers it.

    ranked statements -> the best of each passage -> its sentence within the text around it, or its
                                                     list

Each is 40 to 70 words of the passage, never cut in a sentence or a list; a sentence that is longer
stands alone.
"""

from collections.abc import Iterator, Sequence
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
# Score below the best: what is twenty times (e^3) less likely is noise. On the questions that are
# fitted on all facts stand in .86 (summaries) and .45 (official documents) of three results, with
# all of them in .88 and .46, in half more and a tenth more words.
_WITHIN = 3.0


class _Window(NamedTuple):
    """Numbers of consecutive units of a passage: the statement is from `first` to `last`, what is
    shown from `begin` to `end` (all inclusive)."""

    begin: int
    first: int
    last: int
    end: int


def search_results(request: Request) -> list[list[Draft]]:
    """The drafts of each result, best first, at most twice `FIRST`: of every part of the question
    the best, then the next best of other passages."""
    return [list(_drafts(one, request)) for one in _best(request)[: 2 * FIRST]]


def _best(request: Request) -> list[Ranked]:
    """The best statement of each passage; those that are best for a part of the question come
    first."""
    ranked = [unsaid_first(part.ranked, request) for part in request.parts if part.ranked]
    others = sorted((one for part in ranked for one in part), key=lambda one: -one.score)
    ordered = [*(part[0] for part in ranked), *others]
    chosen: dict[int, Ranked] = {}
    for place, one in enumerate(ordered):
        if place < len(ranked) or one.score >= others[0].score - _WITHIN:
            chosen.setdefault(one.passage, one)
    return list(chosen.values())


def _drafts(one: Ranked, request: Request) -> Iterator[Draft]:
    passage = request.found[one.passage].passage
    window = None if one.statement.is_list else _window(passage, one.statement.units)
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


def _window(passage: Passage, units: Sequence[int]) -> _Window | None:
    """The statement with the sentences around it, what follows it first; None for one that is not a
    stretch of sentences, such as a row of a table."""
    begin, end = first, last = min(units), max(units)
    units_between = passage.units[first : last + 1]
    if any(unit.kind != "sentence" or is_row(passage, unit) for unit in units_between):
        return None
    count = sum(_words(passage, number) for number in range(first, last + 1))
    while count < _FEWEST:
        further = [
            number
            for number in (end + 1, begin - 1)
            if _is_sentence(passage, number)
            and count + _words(passage, number) <= _MOST
            and not (number < begin and points_back(_read(passage, number), passage.language))
        ]
        if not further:
            break
        count += _words(passage, further[0])
        begin, end = min(begin, further[0]), max(end, further[0])
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
