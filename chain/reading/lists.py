"""Lists of a passage: their units, and how many of them are shown."""

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from chain.reading.unit_text import is_row
from core.passage import Passage

LONGEST_LIST = 12  # a list of sixty would bury the answer: docs/decisions/0013
"""Most items of a list to show; of a longer list the first."""


def lists_of(passage: Passage) -> dict[int, tuple[int, ...]]:
    """First unit of each list -> its units: the sentence that introduces or precedes it, if any,
    and all items, nested ones included. Table rows are no lists."""
    at = {(unit.start, unit.end): number for number, unit in enumerate(passage.units)}
    root: dict[int, int] = {}
    lists: dict[int, list[int]] = {}
    before = -1  # unit that items belong to: the last sentence, else the first item
    for number, unit in enumerate(passage.units):
        if unit.kind != "item" or is_row(passage, unit):
            if unit.kind != "note":
                before = -1 if is_row(passage, unit) else number
            continue
        before = number if before < 0 else before
        lead = at.get(unit.lead_in, before) if unit.lead_in is not None else before
        root[number] = root.get(lead, lead)
        lists.setdefault(root[number], [root[number]])
        if number != root[number]:
            lists[root[number]].append(number)
    return {first: tuple(members) for first, members in lists.items()}


def shown_first(passage: Passage, members: tuple[int, ...]) -> tuple[int, ...]:
    """The introduction and the first `LONGEST_LIST` items of a list, with their nested items."""
    lead = passage.units[members[0]]
    top = [n for n in members if passage.units[n].lead_in in (None, (lead.start, lead.end))]
    items = [n for n in top if passage.units[n].kind == "item"]
    if len(items) <= LONGEST_LIST:
        return members
    return tuple(n for n in members if n < items[LONGEST_LIST])


def first_items(passage: Passage, most: int) -> tuple[int, ...]:
    """The first `most` items of the list that a passage begins with, with their nested items."""
    found: list[int] = []
    for number, unit in enumerate(passage.units):
        if unit.kind == "sentence" or is_row(passage, unit):
            break
        most -= unit.kind == "item" and unit.lead_in is None
        if most < 0:
            break
        if unit.kind == "item":
            found.append(number)
    return tuple(found)


def left_out(passage: Passage, last: int) -> int:
    """Number of items behind unit `last` in its list, here and in later passages."""
    rest = passage.units[last + 1 :]
    items = list(
        takewhile(lambda unit: unit.kind != "sentence" and not is_row(passage, unit), rest)
    )
    after = passage.items_after if len(items) == len(rest) else 0
    return sum(unit.kind == "item" for unit in items) + after


def runs(units: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Splits units into runs of consecutive ones."""
    for _, run in groupby(enumerate(units), key=lambda pair: pair[1] - pair[0]):
        yield tuple(number for _, number in run)
